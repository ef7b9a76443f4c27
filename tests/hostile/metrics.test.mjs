// Forged metrics of anyone who has the token, amid listeners: every sum of theirs is the script's to the last
// unit, and the alerts name what was tried. Rules run sixty times as fast as they ship.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startChain, until } from '../../deploy/chain.mjs';
import { counted, differences, startLoad } from '../backends/load.mjs';
import { attackUntilAlert, firing, increment, nanos, pairs, sendMetrics, total } from './send.mjs';

const folder = mkdtempSync(`${tmpdir()}/tonearm-hostile-`);
/** @type {Awaited<ReturnType<typeof startChain>>} */
let chain;

before(
  async () => {
    chain = await startChain(folder, { scale: 60, env: { TONEARM_SERVICES: '[radio, podcast, evil]' } });
  },
  { timeout: 240_000 },
);
after(async () => {
  await chain?.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

/** Listeners of a service. @param {string} service @param {number} seconds */
function listen(service, seconds) {
  mkdirSync(`${folder}/${service}`);
  return startLoad(chain, `${folder}/${service}`, {
    listeners: 40,
    seconds,
    seed: 5,
    service,
    'metric-interval': 1000,
  }).done;
}

/**
 * Every sum is what the listeners' script did and what was acknowledged. @param {string} service @param
 * {import('../backends/load.mjs').Report} report
 */
async function assertNothingLost(service, report) {
  const { started, exported, pending, ...lost } = report.signals.metrics;
  assert.deepEqual([exported, pending, Object.values(lost).filter(Boolean)], [started, 0, []]);
  /** @type {ReturnType<typeof differences>} */
  let different = [];
  await until(
    async () => {
      const totals = await counted(chain, service);
      different = [...differences(totals, report.script), ...differences(totals, report.acknowledged)];
      return different.length === 0;
    },
    `the sums of ${service}`,
    60,
  ).catch(() => {});
  assert.deepEqual(different.slice(0, 5), []);
  assert.ok(report.script.length > 20, `${report.script.length} sums`);
}

const started = { outcome: 'started' };
const attempts = (/** @type {number | string} */ value, more = {}) =>
  increment('track.play.attempts', '{play}', value, started, more);
const gauge = (/** @type {string} */ name, /** @type {number} */ asDouble, attributes = {}) => ({
  name,
  gauge: { dataPoints: [{ asDouble, timeUnixNano: nanos(), attributes: pairs(attributes) }] },
});
/** A native histogram of one value. @param {object} more */
const latency = (more) => ({
  name: 'track.play.latency',
  unit: 's',
  exponentialHistogram: {
    aggregationTemporality: 1,
    dataPoints: [
      {
        count: '1',
        sum: 0.2,
        scale: 3,
        positive: { offset: -19, bucketCounts: ['1'] },
        timeUnixNano: nanos(),
        ...more,
      },
    ],
  },
});
/**
 * A histogram of explicit bounds. @param {string} name @param {import('./send.mjs').Attributes} attributes
 */
const explicit = (name, attributes) => ({
  name,
  histogram: {
    aggregationTemporality: 1,
    dataPoints: [
      {
        count: '1',
        sum: 1,
        explicitBounds: [1, 2],
        bucketCounts: ['1', '0', '0'],
        timeUnixNano: nanos(),
        attributes: pairs(attributes),
      },
    ],
  },
});
const radio = { 'service.name': 'radio' };

/** Each with the reason that the Collector counts it by. @type {Record<string, () => object[]>} */
const FORGED = {
  not_finite: () => [attempts('NaN'), attempts('Infinity'), latency({ sum: 'NaN' })],
  negative: () => [attempts(-1e6)],
  out_of_range: () => [
    attempts(1e300),
    latency({ scale: -10, positive: { offset: 0, bucketCounts: ['1'] } }),
    latency({ zeroThreshold: 1e6 }),
    latency({ positive: { offset: 8000, bucketCounts: ['1'] } }),
  ],
  no_value: () => [latency({ sum: undefined })],
  temporality: () => [
    attempts(1e6, { aggregationTemporality: 2 }),
    attempts(1e6, { aggregationTemporality: 0 }),
  ],
  type: () => [
    gauge('track.play.attempts', 3, started),
    explicit('track.play.latency', {}),
    attempts(1, { isMonotonic: false }),
    { name: 'track.play.attempts', summary: { dataPoints: [{ count: '1', sum: 1 }] } },
  ],
  unknown_metric: () => [
    increment('track.play_attempts', '{play}', 1e6, started),
    increment('track_play_attempts_total', '', 1e6, started),
    gauge('ALERTS', 1, { alertname: 'CollectorDown', alertstate: 'firing' }),
    gauge('up', 1, { job: 'tonearm-ingest' }),
  ],
  conflict: () => [
    increment('track.play.latency', 's', 1),
    increment('app.likes', '', 1),
    gauge('app.likes', 1),
    increment('app.likes.total', '', 1),
  ],
};

test(
  'listeners lose nothing while metrics are forged, and PointsDropped names each kind',
  { timeout: 300_000 },
  async () => {
    await sendMetrics(chain, [increment('app.likes', '', 1)], radio);
    const done = listen('radio', 45);
    const everything = async () => {
      for (const metrics of Object.values(FORGED))
        assert.equal(await sendMetrics(chain, metrics(), radio), 200);
    };
    for (const reason of Object.keys(FORGED).filter((reason) => reason !== 'conflict'))
      await attackUntilAlert(chain, everything, { alertname: 'PointsDropped', signal: 'metrics', reason });
    await attackUntilAlert(chain, everything, { alertname: 'PointsDropped', reason: 'conflict' });
    await assertNothingLost('radio', await done);
  },
);

test(
  'what would break a scrape does not: labels of the format, one series in several forms, forged names',
  { timeout: 180_000 },
  async () => {
    const forms = [true, 'true', 1].map((value) =>
      increment('music.search.results', '{search}', 1, { hit: value }),
    );
    const repeated = increment('music.search.results', '{search}', 1, [
      ['hit', 'true'],
      ['hit', 'false'],
    ]);
    for (let n = 0; n < 5; n++) {
      await sendMetrics(chain, [
        explicit('app.sizes', { le: '1', quantile: '0.5', __name__: 'up', kind: 'a', 'kind ': 'b' }),
      ]);
      for (const name of ['one', 'two'])
        await sendMetrics(chain, [...forms, repeated], undefined, {
          name,
          version: '1',
          attributes: pairs({ a: name }),
        });
      for (const name of [
        5,
        '5',
        true,
        'true',
        `radio"} or up{job="`,
        `x' or vector(1) or y='`,
        '{{ .Labels }}',
      ])
        await sendMetrics(chain, [...forms, gauge('app.forged', 1, { kind: name })], {
          'service.name': name,
          'service.namespace': name,
          'deployment.environment.name': name,
        });
    }
    const sizes = await until(async () => {
      const found = await chain.query('app_sizes_count');
      return found.length > 0 && found;
    }, 'the histogram that is allowed');
    assert.deepEqual(
      sizes.map(({ metric: { __name__, job, instance, ...labels } }) => labels),
      [{ kind: 'a', service: 'evil' }],
    );
    await until(async () => (await total(chain, 'app_forged')) > 0, 'the gauge');
    assert.deepEqual(await chain.query(`{service=~".*[^-\\\\w.].*"}`), []);
    // Two scopes with four increments each, five times: one series for each value, and none is lost.
    await until(
      async () => (await total(chain, 'music_search_results_total{service="evil"}')) === 40,
      'the increments of all forms',
    );
    assert.deepEqual(
      (await chain.query('music_search_results_total{service="evil"}'))
        .map(({ metric }) => metric.hit)
        .sort(),
      ['1', 'true'],
    );
    assert.equal(await total(chain, 'min_over_time(up{job="tonearm-listeners"}[5m:1s])'), 1);
  },
);

test(
  'thirty requests of five thousand values, a thousand services: a bounded number of series, no increment lost, and a service that comes later has its own',
  { timeout: 300_000 },
  async () => {
    const before = await total(chain, 'track_play_time_seconds_total{service="evil"}');
    let sent = 0;
    for (let request = 0; request < 30; request++) {
      const values = Array.from({ length: 5000 }, (_, n) => ({
        asDouble: 1,
        timeUnixNano: nanos(),
        attributes: pairs({ 'cdn.node': `n${request}-${n}`, 'network.region': `r${n}`, kind: `k${n}` }),
      }));
      const metric = (/** @type {string} */ name, /** @type {string} */ unit) => ({
        name,
        unit,
        sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: values },
      });
      const status = await sendMetrics(chain, [metric('track.play.time', 's'), metric('app.flood', '')]);
      if (status === 200) sent += values.length;
    }
    for (let n = 0; n < 1000; n += 1)
      await sendMetrics(chain, [increment('player.sessions', '{session}', 1)], { 'service.name': `s${n}` });
    assert.ok(sent >= 100_000, `${sent} points were acknowledged`);
    const done = listen('podcast', 20);
    await until(
      async () => (await total(chain, 'track_play_time_seconds_total{service="evil"}')) - before === sent,
      `a sum of ${sent}`,
      90,
    );
    const series = await total(chain, 'count({instance="processing", job!~"tonearm-.*"})');
    assert.ok(series < 5000, `${series} series`);
    await assertNothingLost('podcast', await done);
    const labels = { alertname: 'ValuesBounded', signal: 'metrics' };
    const flood = () =>
      sendMetrics(
        chain,
        Array.from({ length: 200 }, () =>
          increment('track.play.time', 's', 0, { 'cdn.node': `n${Math.random()}` }),
        ),
      );
    await attackUntilAlert(chain, flood, { ...labels, key: 'cdn.node' });
    const fires = await firing(chain);
    assert.deepEqual(
      fires.filter(({ alertname }) => ['CollectorDown', 'StreamsDropped', 'RecordsLost'].includes(alertname)),
      [],
    );
    assert.equal(await total(chain, 'otelcol_deltatocumulative_datapoints{error!=""}'), 0);
  },
);

test(
  'without the allow list one such request ends every scrape of listeners, and CollectorDown says so',
  { timeout: 240_000 },
  async () => {
    const open = `${folder}/open`;
    const bare = await startChain(open, {
      scale: 60,
      overlays: [fileURLToPath(new URL('open.yaml', import.meta.url))],
    });
    try {
      await attackUntilAlert(bare, () => sendMetrics(bare, [explicit('app.sizes', { le: '1' })]), {
        alertname: 'CollectorDown',
        job: 'tonearm-listeners',
        severity: 'page',
      });
    } finally {
      await bare.stopAll();
    }
  },
);
