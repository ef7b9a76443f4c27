// The whole chain with the real programs: from a click in a browser to what Jaeger, Prometheus and
// VictoriaLogs answer.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { startChain, until } from '../../deploy/chain.mjs';
import { startBackend, startBrowser } from '../e2e/harness.mjs';

const SERVICE = 'radio';
const ENVIRONMENT = 'chain-test';
const folder = mkdtempSync(`${tmpdir()}/tonearm-chain-`);
/** @type {Awaited<ReturnType<typeof startChain>>} */
let chain;
/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;

before(
  async () => {
    chain = await startChain(folder);
    [backend, browser] = await Promise.all([
      startBackend({
        OTEL_EXPORTER_OTLP_ENDPOINT: chain.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${chain.token}`,
      }),
      startBrowser(),
    ]);
  },
  { timeout: 240_000 },
);
after(async () => {
  await browser?.close();
  backend?.stop();
  await chain?.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * One listener, whose clock is off by so many milliseconds, plays; the trace's id and how long it took.
 * @param {number} [off]
 * @param {string} [region]
 */
async function listen(off = 0, region = 'eu') {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  await page.addInitScript((off) => {
    const [now, { timeOrigin }] = [Date.now, performance];
    Date.now = () => now() + off;
    Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin + off });
  }, off);
  await page.goto(`${backend.gateway}/e2e/blank.html`);
  await page.waitForFunction(() => 'tonearm' in globalThis);
  const played = await page.evaluate(
    async ({ endpoint, token, cdn, region, SERVICE, ENVIRONMENT }) => {
      const { createPlayer, createTelemetry } = globalThis.tonearm;
      const telemetry = createTelemetry({
        serviceName: SERVICE,
        environment: ENVIRONMENT,
        endpoint,
        headers: { authorization: `Bearer ${token}` },
        propagateTo: [cdn],
        scheduledDelayMillis: 200,
        metricIntervalMillis: 1000,
      });
      telemetry.setContext({ 'network.region': region });
      const player = createPlayer({ telemetry });
      const resolve = async (/** @type {any} */ { fetch }) =>
        (await (await fetch('/api/tracks/first-light')).json()).url;
      await player.load({ resolve });
      await player.play();
      await new Promise((resolve) => player.addEventListener('timeupdate', resolve, { once: true }));
      const { latency } = player.stats();
      const { traceparent } = player;
      player.stop();
      const arrived = await telemetry.forceFlush();
      return { id: traceparent.slice(3, 35), latency, arrived };
    },
    { endpoint: chain.endpoint, token: chain.token, cdn: backend.cdn, region, SERVICE, ENVIRONMENT },
  );
  assert.ok(played.arrived, 'the Collector has acknowledged all');
  await context.close();
  return played;
}

/**
 * A trace as Jaeger has it: spans with their service and their parent.
 * @param {string} id
 * @param {(spans: any[]) => boolean} done
 */
const jaegerTrace = (id, done) =>
  /** @type {Promise<any[]>} */ (
    until(async () => {
      const { data } = await (await fetch(`${chain.jaeger}/api/traces/${id}`)).json();
      if (!data?.[0]) return false;
      const [{ spans, processes }] = data;
      const named = spans.map((/** @type {any} */ span) => ({
        id: span.spanID,
        parent: span.references.find((/** @type {any} */ one) => one.refType === 'CHILD_OF')?.spanID,
        name: span.operationName,
        service: processes[span.processID].serviceName,
        tags: Object.fromEntries(
          [...span.tags, ...processes[span.processID].tags].map(({ key, value }) => [key, value]),
        ),
      }));
      return done(named) && named;
    }, `trace ${id} in Jaeger`)
  );

/**
 * Lines that match a LogsQL query, once `done` accepts them.
 * @param {string} query
 * @param {(lines: Record<string, string>[]) => boolean} [done]
 */
const linesOf = (query, done = () => true) =>
  /** @type {Promise<Record<string, string>[]>} */ (
    until(async () => {
      const lines = await chain.lines(query);
      return lines.length > 0 && done(lines) && lines;
    }, `lines of ${query}`)
  );

test(
  'one play is one trace in Jaeger, a histogram in Prometheus, lines in VictoriaLogs',
  { timeout: 120_000 },
  async () => {
    const { id, latency } = await listen();
    const spans = await jaegerTrace(
      id,
      (spans) =>
        [SERVICE, 'gateway', 'metadata', 'cdn'].every((service) =>
          spans.some((span) => span.service === service),
        ) && spans.some(({ name }) => name === 'track.play'),
    );
    const byId = new Map(spans.map((span) => [span.id, span]));
    const paths = spans.map((span) => {
      const names = [];
      for (let at = span; at; at = byId.get(at.parent)) names.push(`${at.service}:${at.name}`);
      return names.join(' < ');
    });
    for (const wanted of [
      `cdn:GET /tracks/{file} < ${SERVICE}:GET < ${SERVICE}:track.play`,
      `metadata:GET /tracks/{id} < gateway:GET < gateway:GET /api/tracks/{id} < ${SERVICE}:GET < ${SERVICE}:track.play`,
      `${SERVICE}:audio.decode < ${SERVICE}:track.play`,
      `${SERVICE}:audio.output < ${SERVICE}:track.play`,
    ])
      assert.ok(paths.includes(wanted), `${wanted} is not in\n${paths.join('\n')}`);
    const root = spans.find(({ name }) => name === 'track.play');
    assert.equal(root.tags['deployment.environment.name'], ENVIRONMENT);
    assert.equal(root.tags['cdn.node'], 'demo-edge-1');
    assert.equal(root.tags['network.region'], 'eu');

    const labels = `service="${SERVICE}", environment="${ENVIRONMENT}"`;
    const [point] = await until(async () => {
      const found = await chain.query(`track_play_latency_seconds{${labels}}`);
      return found.length > 0 && found;
    }, 'the histogram in Prometheus');
    assert.equal(point.metric.network_region, 'eu');
    assert.equal(point.metric.cdn_node, 'demo-edge-1');
    assert.equal(point.histogram[1].count, '1');
    assert.ok(Math.abs(Number(point.histogram[1].sum) - latency) < 1e-6);
    for (const label of ['session_id', 'user_agent_original', 'browser_language', 'music_track_id'])
      assert.ok(!(label in point.metric), label);

    const labelled = `service:="${SERVICE}" environment:="${ENVIRONMENT}"`;
    const wanted = ['player.state_changed', 'track.ended'];
    const lines = await linesOf(`${labelled} trace_id:="${id}"`, (lines) =>
      wanted.every((name) => lines.some(({ event }) => event === name)),
    );
    for (const line of lines) {
      assert.deepEqual([line.service, line.environment, line.trace_id], [SERVICE, ENVIRONMENT, id]);
      assert.match(line['session.id'], /^[\da-f]{32}$/);
      assert.doesNotMatch(line._msg, /^missing/, 'a record without a body has its event as its message');
    }
    const names = await (await fetch(`${chain.logs}/select/logsql/stream_field_names?query=*`)).json();
    assert.deepEqual(
      names.values.map((/** @type {any} */ { value }) => value).sort(),
      ['environment', 'event', 'service'],
      'nothing else is a stream field',
    );
  },
);

test(
  'of ten listeners with wrong clocks each play counts once, and the exemplars of the latest and the slowest lead to their traces',
  { timeout: 180_000 },
  async () => {
    const labels = `service="${SERVICE}", environment="${ENVIRONMENT}", network_region="asia"`;
    const plays = [];
    for (const minutes of [0, 60, -60, 7, -7, 1440, -1440, 3, -3])
      plays.push(await listen(minutes * 60_000, 'asia'));
    // Of exemplars that come in one interval Prometheus keeps those that are slower than the one before: the
    // latest gets its own.
    await until(async () => {
      const found = await chain.query(`sum(track_play_kept_duration_seconds_count{${labels}})`);
      return found[0]?.value?.[1] === '9';
    }, 'nine plays that are kept');
    const latest = await listen(-30_000, 'asia');
    plays.push(latest);
    const [attempts] = await until(async () => {
      const found = await chain.query(`sum(track_play_attempts_total{${labels}, outcome="started"})`);
      return found[0]?.value?.[1] === '10' && found;
    }, 'ten plays in Prometheus');
    assert.equal(attempts.value[1], '10');
    const [whole] = await chain.query(`sum(track_play_latency_seconds{${labels}})`);
    assert.equal(whole.histogram[1].count, '10');
    const sum = plays.reduce((sum, { latency }) => sum + latency, 0);
    assert.ok(Math.abs(Number(whole.histogram[1].sum) - sum) < 1e-6);
    const series = await chain.query(`track_play_latency_seconds{${labels}}`);
    assert.equal(series.length, 1, 'ten listeners are one series');

    const slowest = plays.reduce((slowest, play) => (play.latency > slowest.latency ? play : slowest));
    const exemplars = await until(async () => {
      const query = encodeURIComponent(`track_play_kept_duration_seconds_bucket{${labels}}`);
      const url = `${chain.prometheus}/api/v1/query_exemplars?query=${query}&start=${Date.now() / 1000 - 600}&end=${Date.now() / 1000 + 60}`;
      const { data } = await (await fetch(url)).json();
      const all = data.flatMap((/** @type {any} */ { exemplars }) => exemplars);
      const wanted = [latest, slowest].map(({ id }) =>
        all.find((/** @type {any} */ { labels }) => labels.trace_id === id),
      );
      return wanted.every(Boolean) && wanted;
    }, 'the exemplars of the latest and the slowest');
    for (const [at, { id, latency }] of [latest, slowest].entries()) {
      assert.ok(Math.abs(Number(exemplars[at].value) - latency) < 1e-3);
      await jaegerTrace(id, (spans) => spans.some(({ name }) => name === 'track.play'));
    }

    // Lines of clocks that a store of logs would refuse are there, by the time of their arrival, with the
    // time that they had. VictoriaLogs drops what is two days ahead, Loki what is ten minutes ahead.
    for (const [play, hours] of /** @type {const} */ ([
      [plays[5], 24],
      [plays[6], -24],
    ])) {
      const lines = await linesOf(`service:="${SERVICE}" trace_id:="${play.id}"`);
      for (const line of lines) {
        const original = Date.parse(line['time.original']);
        assert.ok(Math.abs(original - Date.now() - hours * 3_600_000) < 3_600_000, line['time.original']);
        assert.ok(Math.abs(Date.parse(line._time) - Date.now()) < 3_600_000, line._time);
      }
    }
  },
);

test(
  'no page can forge the series that Prometheus and the Collectors have of themselves',
  { timeout: 60_000 },
  async () => {
    const gauge = (/** @type {string} */ name, /** @type {Record<string, string>} */ labels) => ({
      name,
      gauge: {
        dataPoints: [
          {
            asDouble: 1,
            timeUnixNano: String(Date.now() * 1e6),
            attributes: Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } })),
          },
        ],
      },
    });
    const metrics = [
      gauge('ALERTS', { alertname: 'CollectorDown', alertstate: 'firing' }),
      gauge('up', { job: 'tonearm-ingest' }),
      gauge('otelcol_exporter_queue_size', {}),
      gauge('app.mine', { alertname: 'CollectorDown', job: 'tonearm-ingest', 'session.id': 'me', kind: 'a' }),
    ];
    const body = JSON.stringify({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'forger' } }] },
          scopeMetrics: [{ metrics }],
        },
      ],
    });
    await fetch(`${chain.endpoint}/v1/metrics`, {
      method: 'POST',
      headers: { authorization: `Bearer ${chain.token}`, 'content-type': 'application/json' },
      body,
    });
    const [mine] = await until(async () => {
      const found = await chain.query('app_mine');
      return found.length > 0 && found;
    }, 'the gauge that is allowed');
    assert.deepEqual(mine.metric, {
      __name__: 'app_mine',
      service: 'forger',
      job: 'forger',
      instance: 'processing',
      kind: 'a',
    });
    assert.deepEqual(await chain.query('{service="forger", __name__!="app_mine"}'), []);
  },
);

test('without the token nothing is taken, and the page may read why', async () => {
  const url = `${chain.endpoint}/v1/traces`;
  const refused = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://app.example' },
    body: '{}',
  });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('access-control-allow-origin'), '*');
  const preflight = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-encoding,content-type',
    },
  });
  assert.equal(preflight.status, 204);
  const taken = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${chain.token}`,
      'content-type': 'application/json',
      origin: 'https://app.example',
    },
    body: '{}',
  });
  assert.equal(taken.status, 200);
  assert.match(taken.headers.get('access-control-expose-headers') ?? '', /Retry-After/i);
});
