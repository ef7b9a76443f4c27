// What the records of a page hold: attributes, common attributes, the app's redaction, contexts in and out.
// Judged by what leaves the page.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { openPage } from './harness.mjs';
import { attributesOf } from './otlp_server.mjs';
import { backend, browser, nextService, open, otlp } from './telemetry_page.mjs';

test('an attribute that its instrument does not declare is left out and counted', async () => {
  const { page, name } = await open();
  const left = await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const counter = telemetry.createCounter('declared', { attributes: ['kind', 'rare'] });
    await globalThis.tonearm.init();
    for (let n = 0; n < 3; n++) counter.add(1, { kind: 'a', listener: `l${n}`, rare: undefined });
    counter.bind({ kind: 'a', listener: 'l' }).add(1);
    await telemetry.forceFlush();
    return counter.undeclaredAttributes;
  });
  assert.equal(left, 4);
  const { metrics } = await otlp.of(name, ({ metrics }) =>
    metrics.some((/** @type {any} */ metric) => metric.name === 'declared'),
  );
  const points = metrics
    .filter((/** @type {any} */ metric) => metric.name === 'declared')
    .flatMap((metric) => metric.sum.dataPoints);
  for (const { attributes } of points) assert.deepEqual(attributesOf(attributes), { kind: 'a' });
  await page.close();
});

test('context is on all signals, the user hidden on spans and logs alone, a search counted', async () => {
  const { page, name } = await open({ userKey: 'secret' });
  await page.evaluate(async () => {
    globalThis.telemetry.setContext({ 'network.region': 'eu' });
    await globalThis.telemetry.setUser('listener-7');
    globalThis.telemetry.startSpan('span').end();
    globalThis.telemetry.log({ eventName: 'event' });
    globalThis.telemetry.recordSearch({ hit: true });
    await globalThis.telemetry.setUser(null);
    // Who logs out while the hash is under way stays logged out.
    const late = globalThis.telemetry.setUser('listener-8');
    await globalThis.telemetry.setUser(null);
    await late;
    globalThis.telemetry.startSpan('later').end();
  });
  const received = await otlp.of(
    name,
    ({ spans, logs, metrics }) => spans.length === 2 && logs.length > 0 && metrics.length > 0,
  );
  const hidden = createHmac('sha256', 'secret').update('listener-7').digest('hex');
  const { own } = received.spans.find((/** @type {any} */ span) => span.name === 'span');
  assert.deepEqual([own['network.region'], own['music.user_id']], ['eu', hidden]);
  assert.deepEqual(
    [received.logs[0].own['network.region'], received.logs[0].own['music.user_id']],
    ['eu', hidden],
  );
  assert.equal(
    received.spans.find((/** @type {any} */ span) => span.name === 'later').own['music.user_id'],
    undefined,
  );
  const search = received.metrics.find((/** @type {any} */ metric) => metric.name === 'music.search.results');
  assert.deepEqual(attributesOf(search.sum.dataPoints[0].attributes), { hit: true, 'network.region': 'eu' });
  const refused = await page.evaluate(() => {
    const plain = globalThis.tonearm.createTelemetry({ serviceName: 'x', storage: false });
    return plain
      .setUser('listener-7')
      .catch((/** @type {Error} */ error) => `${error.name}: ${error.message}`);
  });
  assert.match(refused, /^TypeError: setUser: expected the option "userKey"/);
  await page.close();
});

test('the app can redact records before export, and they are sent as JSON where it asks', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  /** @type {string[]} */
  const said = [];
  page.on('console', (message) => said.push(`${message.type()} ${message.text()}`));
  const name = nextService();
  await page.evaluate(
    ([serviceName, endpoint]) => {
      globalThis.telemetry = globalThis.tonearm.createTelemetry({
        serviceName,
        endpoint,
        storage: false,
        protocol: 'http/json',
        echo: true,
        redact(record) {
          if (record.name === 'secret') return false;
          // What can't be written again is out, and breaks nothing.
          if (record.name === 'broken') record.attributes.id = /** @type {any} */ (10n);
          if (record.attributes.email) record.attributes.email = '[redacted]';
          if (record.status) record.status = record.status.replace('a@b.c', '…');
          for (const link of record.links ?? []) delete link.attributes.email;
          // Others in the place of those that were given have no context of their own.
          if (record.name === 'replaced') record.links = record.links?.map((link) => ({ ...link }));
          if (record.name === 'taken') record.links = record.links?.filter(() => false);
          return undefined;
        },
      });
      globalThis.telemetry.startSpan('kept', { attributes: { email: 'a@b.c', number: 2 ** 40 } }).end();
      const secret = globalThis.telemetry.startSpan('secret');
      secret.end();
      const links = [{ span: secret, attributes: { email: 'a@b.c', why: 'before' } }];
      globalThis.telemetry.startSpan('linked', { links }).setError('no mail of a@b.c').end();
      for (const other of ['replaced', 'taken']) globalThis.telemetry.startSpan(other, { links }).end();
      const mails = globalThis.telemetry.createCounter('mails', { attributes: ['email'] });
      for (const email of ['a@b.c', 'd@e.f']) mails.add(1, { email });
      globalThis.telemetry.createCounter('secret').add(1);
      globalThis.telemetry.startSpan('broken').end();
      globalThis.telemetry.log({
        eventName: 'event',
        severity: 'warn',
        body: { nested: [1, 'two'] },
        attributes: { email: 'a@b.c' },
      });
      return globalThis.telemetry.forceFlush();
    },
    [name, otlp.url],
  );
  const { spans, logs, metrics } = await otlp.of(
    name,
    ({ spans, logs, metrics }) => spans.length > 1 && logs.length > 0 && metrics.length > 0,
  );
  assert.deepEqual(
    spans.map((/** @type {any} */ { name, own }) => [name, own.email, own.number]),
    [
      ['kept', '[redacted]', 2 ** 40],
      ['linked', undefined, undefined],
      ['taken', undefined, undefined],
    ],
  );
  const [, { status, links }, taken] = spans;
  assert.equal(taken.links?.length ?? 0, 0);
  assert.deepEqual(
    [status, links.map((/** @type {any} */ link) => attributesOf(link.attributes))],
    [{ code: 2, message: 'no mail of …' }, [{ why: 'before' }]],
  );
  const [{ name: counter, sum }] = metrics;
  assert.deepEqual(
    [
      counter,
      metrics.length,
      sum.dataPoints.map((/** @type {any} */ point) => [attributesOf(point.attributes), point.asDouble]),
    ],
    ['mails', 1, [[{ email: '[redacted]' }, 2]]],
  );
  assert.equal(logs[0].own.email, '[redacted]');
  assert.ok(otlp.requests.filter(({ type }) => type === 'application/json').length >= 2);
  assert.ok(
    said.some((line) => line.startsWith('warning event') && !line.includes('a@b.c')),
    said.join('\n'),
  );
  const { traces } = await page.evaluate(() => globalThis.telemetry.stats());
  assert.deepEqual([traces.exported, traces.dropped.redacted], [3, 3]);
  await page.close();
});

test('records wait for the module that shows them, and leave once it can be had', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  let missing = true;
  await page.route('**/tonearm_records_bg.wasm', (route) =>
    missing ? route.fulfill({ status: 404 }) : route.continue(),
  );
  const name = nextService();
  const { traces, logs } = await page.evaluate(
    async ([serviceName, endpoint]) => {
      const { addEventListener } = globalThis;
      /** @type {Promise<void>} */
      const waits = new Promise((resolve) => {
        globalThis.addEventListener = (/** @type {any[]} */ ...listener) => {
          Reflect.apply(addEventListener, globalThis, listener);
          if (listener[0] === 'online' && listener[2]?.once) resolve();
        };
      });
      const redact = (/** @type {any} */ record) => void (record.attributes.seen = true);
      const config = { serviceName, endpoint, storage: false, scheduledDelayMillis: 50, redact };
      globalThis.telemetry = globalThis.tonearm.createTelemetry(config);
      globalThis.telemetry.startSpan('span').end();
      globalThis.telemetry.log({ eventName: 'event' });
      await globalThis.telemetry.forceFlush({ timeoutMillis: 50 });
      await waits;
      return globalThis.telemetry.stats();
    },
    [name, otlp.url],
  );
  for (const { exported, pending, dropped } of [traces, logs])
    assert.deepEqual([exported, pending, dropped.redacted ?? 0], [0, 1, 0]);
  missing = false;
  await page.evaluate(() => dispatchEvent(new Event('online')));
  const received = await otlp.of(name, ({ spans, logs }) => spans.length > 0 && logs.length > 0);
  assert.deepEqual([received.spans[0].own.seen, received.logs[0].own.seen], [true, true]);
  await page.close();
});

test('a redact that is async, late or broken lets nothing leave as it was', async () => {
  const { page, name } = await open({});
  const refused = await page.evaluate(() => {
    const hooks = [async () => {}, function* () {}, async function* () {}];
    return hooks.map((redact) => {
      try {
        globalThis.tonearm.createTelemetry({ serviceName: 'x', storage: false, redact });
        return 'made';
      } catch (error) {
        return `${error.name}: ${error.message}`;
      }
    });
  });
  for (const message of refused)
    assert.match(message, /^TypeError: createTelemetry: option "redact": expected a synchronous function/);
  await page.close();
  const hooks = [
    // As a compiler writes an async function for older browsers.
    `(record) => new Promise((resolve) => setTimeout(() => { record.attributes.mail = 'hidden'; resolve(); }, 50))`,
    `(record) => Promise.reject(new Error('mine')).catch(() => false)`,
    `(record) => ({ then: (resolve) => resolve(false) })`,
    `(record) => { throw new Error('mine'); }`,
    `(record) => { throw undefined; }`,
  ];
  for (const hook of hooks) {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    const service = `${name}-${hooks.indexOf(hook)}`;
    const { traces, logs, metrics } = await page.evaluate(
      async ([serviceName, endpoint, hook]) => {
        const redact = globalThis.tonearm && new Function(`return ${hook}`)();
        const config = { serviceName, endpoint, storage: false, redact };
        const telemetry = globalThis.tonearm.createTelemetry(config);
        telemetry.startSpan('span', { attributes: { mail: 'a@b.c' } }).end();
        telemetry.log({ eventName: 'event', attributes: { mail: 'a@b.c' } });
        telemetry.createCounter('sum', { attributes: ['mail'] }).add(1, { mail: 'a@b.c' });
        await telemetry.forceFlush();
        return telemetry.stats();
      },
      [service, otlp.url, hook],
    );
    assert.deepEqual(
      [traces.dropped.redacted, traces.exported, logs.dropped.redacted, logs.exported, metrics.exported],
      [1, 0, 1, 0, 0],
      hook,
    );
    await page.close();
  }
  const sent = [...otlp.got.spans, ...otlp.got.logs, ...otlp.got.metrics];
  assert.deepEqual(
    sent.filter(({ resource }) => String(resource['service.name']).startsWith(`${name}-`)),
    [],
  );
});

test('contexts go in and out as W3C, B3 and baggage; media of another origin carries its trace in the query', async () => {
  const { page, name } = await open({
    propagators: ['tracecontext', 'baggage', 'b3', 'b3multi'],
    cmcd: true,
  });
  /** @type {Record<string, string>[]} */
  const headers = [];
  /** @type {string[]} */
  const media = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/tracks')) headers.push(request.headers());
    if (request.url().includes('.mp3')) media.push(request.url());
  });
  const received = await page.evaluate(async (cdn) => {
    await globalThis.tonearm.init();
    globalThis.telemetry.setBaggage({ plan: 'ü free' });
    const remote = globalThis.telemetry.extract({
      b3: '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1',
    });
    const state = globalThis.telemetry.extract({
      traceparent: '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=1, B=2',
      baggage: 'plan=%C3%BC%20free;p=1 , region = eu,token=abc==;q',
    });
    const span = globalThis.telemetry.startSpan('span', { parent: remote });
    await (await globalThis.telemetry.fetch('/api/tracks', undefined, { parent: span })).json();
    span.end();
    const player = globalThis.tonearm.createPlayer({ telemetry: globalThis.telemetry });
    await player.load(`${cdn}/tracks/first-light.mp3?signature=x`);
    await player.play();
    player.destroy();
    return {
      remote,
      state,
      traceparent: span.traceparent,
      play: player.traceparent,
      inject: globalThis.telemetry.inject(span),
    };
  }, backend.cdn);
  assert.equal(received.remote.traceparent.slice(3, 35), '0af7651916cd43dd8448eb211c80319c');
  assert.equal(received.state.tracestate, '', 'a state that is malformed is none');
  assert.deepEqual(
    [received.state.baggage, received.remote.baggage],
    [{ plan: 'ü free', region: 'eu', token: 'abc==' }, {}],
  );
  const [sent] = headers;
  assert.equal(sent.traceparent.slice(3, 35), '0af7651916cd43dd8448eb211c80319c');
  assert.equal(sent.b3.slice(0, 49), `${sent['x-b3-traceid']}-${sent['x-b3-spanid']}`);
  assert.deepEqual([sent['x-b3-sampled'], sent.baggage], ['1', 'plan=%C3%BC%20free']);
  assert.equal(
    received.inject.b3,
    `${received.traceparent.slice(3, 35)}-${received.traceparent.slice(36, 52)}-1`,
  );
  const query = new URL(media[0]).searchParams;
  assert.equal(query.get('signature'), 'x');
  assert.match(
    String(query.get('CMCD')),
    /^com\.tonearm-traceparent="00-[\da-f]{32}-[\da-f]{16}-03",sid="[\da-f]{32}"$/,
  );
  const { spans } = await otlp.of(name, ({ spans }) => spans.length >= 4);
  assert.ok(spans.some((/** @type {any} */ span) => span.name === 'track.play'));
  await page.close();
});

test('the page has a context of its own', async () => {
  const { page } = await open();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  assert.equal(await page.evaluate(() => globalThis.telemetry.pageContext), undefined);
  await page.evaluate(
    (content) =>
      document.head.append(Object.assign(document.createElement('meta'), { name: 'traceparent', content })),
    traceparent,
  );
  const child = await page.evaluate(() => {
    const { telemetry } = globalThis;
    return [
      telemetry.pageContext,
      telemetry.startSpan('span', { parent: telemetry.pageContext }).traceparent,
    ];
  });
  assert.equal(child[0], traceparent);
  assert.equal(child[1].slice(3, 35), traceparent.slice(3, 35));
  await page.close();
});
