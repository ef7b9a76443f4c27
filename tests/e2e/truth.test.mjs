// What leaves a page is what the app recorded: values of any type, unique keys, limits that are counted,
// times by the clock of now, the current span. Judged by what an endpoint receives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf } from './otlp_server.mjs';
import { backend, browser, open, otlp } from './telemetry_page.mjs';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** @param {any} list */
const keysOf = (list) => list.map((/** @type {any} */ { key }) => key);
/** @param {any} record */
const assertUnique = (record) =>
  assert.equal(
    new Set(keysOf(record.attributes)).size,
    record.attributes.length,
    JSON.stringify(record.attributes),
  );

test('an error, a date, a URL, a map, a set and typed arrays are recorded as what they say, bounded', async () => {
  const { page, name } = await open();
  const took = await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const frame = document.body.appendChild(document.createElement('iframe'));
    const Foreign = /** @type {any} */ (frame.contentWindow).TypeError;
    const values = {
      error: new RangeError('too far'),
      date: new Date(0),
      none: new Date(NaN),
      url: new URL('https://a.example/b?c=d'),
      map: new Map([['a', 1]]),
      set: new Set(['x', 'y']),
      floats: new Float32Array([0.5, 2]),
      buffer: new Uint8Array([1, 2]).buffer,
      big: 10n,
      huge: 2n ** 70n,
      boxed: new Number(3),
      expression: /a/g,
      thrower: {
        toJSON() {
          throw new Error('mine');
        },
      },
    };
    telemetry.startSpan('values', { attributes: values }).end();
    telemetry.log({ eventName: 'attributes', attributes: values });
    telemetry.log({ eventName: 'body', body: new Foreign('of a frame') });
    telemetry.log({ eventName: 'dom', body: new DOMException('gone', 'AbortError') });
    telemetry.log({ eventName: 'deep', body: { cause: new Error('below'), when: new Date(0) } });
    const large = new Float64Array(1_000_000);
    const began = performance.now();
    telemetry.log({ eventName: 'large', body: large, attributes: { large } });
    const took = performance.now() - began;
    const counter = telemetry.createCounter('counted', { attributes: ['url', 'date', 'map'] });
    counter.add(1, { url: values.url, date: values.date, map: values.map });
    await telemetry.forceFlush();
    return took;
  });
  const { spans, logs, metrics } = await otlp.of(
    name,
    ({ spans, logs, metrics }) => spans.length > 0 && logs.length >= 5 && metrics.length > 0,
  );
  const expected = {
    error: 'RangeError: too far',
    date: '1970-01-01T00:00:00.000Z',
    none: 'Invalid Date',
    url: 'https://a.example/b?c=d',
    set: ['x', 'y'],
    floats: [0.5, 2],
    buffer: [1, 2],
    big: 10,
    huge: String(2n ** 70n),
    boxed: 3,
    expression: '/a/g',
    thrower: 'object',
  };
  const log = (/** @type {string} */ event) => logs.find(({ eventName }) => eventName === event);
  for (const [key, value] of Object.entries(expected)) {
    assert.deepEqual(spans[0].own[key], value, key);
    assert.deepEqual(log('attributes').own[key], value, key);
  }
  const map = spans[0].attributes.find((/** @type {any} */ { key }) => key === 'map').value.kvlistValue;
  assert.deepEqual(attributesOf(map.values), { a: 1 });
  const exception = (/** @type {string} */ event) =>
    ['type', 'message'].map((part) => log(event).own[`exception.${part}`]);
  assert.deepEqual(exception('attributes'), ['RangeError', 'too far']);
  assert.match(log('attributes').own['exception.stacktrace'], /^RangeError: too far\n/);
  assert.deepEqual(exception('body'), ['TypeError', 'of a frame']);
  assert.deepEqual(exception('dom'), ['AbortError', 'gone']);
  assert.equal(log('body').body.stringValue, 'TypeError: of a frame');
  const deep = log('deep').body.kvlistValue.values;
  assert.equal(deep[1].value.stringValue, '1970-01-01T00:00:00.000Z');
  assert.equal(attributesOf(deep[0].value.kvlistValue.values)['exception.message'], 'below');
  const { body, droppedAttributesCount } = log('large');
  assert.ok(body.arrayValue.values.length <= 1024, String(body.arrayValue.values.length));
  assert.equal(droppedAttributesCount, 2, 'what was cut is counted');
  // A bound on work, not on speed: all million values take longer than this many times over.
  assert.ok(took < 100, `${took} ms`);
  const [point] = metrics.find((/** @type {any} */ metric) => metric.name === 'counted').sum.dataPoints;
  assert.deepEqual(attributesOf(point.attributes), { url: expected.url, date: expected.date });
  await page.close();
});

test('a severity that other loggers know is taken as the nearest', async () => {
  const { page, name } = await open();
  const severities = [
    'warning',
    'ERROR',
    'critical',
    'Info',
    'notice',
    'verbose',
    'banana',
    14,
    99,
    null,
    undefined,
  ];
  await page.evaluate((severities) => {
    severities.forEach((severity, at) =>
      globalThis.telemetry.log({ eventName: `e${at}`, severity: severity ?? undefined }),
    );
  }, severities);
  const { logs } = await otlp.of(name, ({ logs }) => logs.length === severities.length);
  const numbers = severities.map(
    (_, at) => logs.find(({ eventName }) => eventName === `e${at}`).severityNumber,
  );
  assert.deepEqual(numbers, [13, 17, 21, 9, 10, 5, 9, 14, 9, 9, 9]);
  await page.close();
});

test('of an attribute that comes twice the more specific is kept, on spans, logs, resources and metrics', async () => {
  const { page, name } = await open({
    resource: {
      'telemetry.sdk.name': 'mine',
      'user_agent.original': 'mine',
      'service.version': '1',
      'service.name': undefined,
    },
  });
  await page.evaluate(async () => {
    const { telemetry } = globalThis;
    telemetry.setContext({
      'network.region': 'eu',
      'session.id': 'context',
      hit: 'context',
      'music.user_id': 'context',
    });
    await telemetry.setUser('user', { plain: true });
    telemetry
      .startSpan('own', { attributes: { 'network.region': 'own', 'session.id': 'own', other: 1 } })
      .end();
    telemetry.startSpan('common', { attributes: { 'network.region': 'own' } }).end();
    telemetry.startSpan('plain').end();
    telemetry.log({
      eventName: 'log',
      attributes: { 'log.record.uid': 'own', 'network.region': 'own', 'session.id': 'own' },
    });
    telemetry.recordSearch({ hit: true });
    await telemetry.forceFlush();
  });
  const { spans, logs, metrics } = await otlp.of(
    name,
    ({ spans, logs, metrics }) => spans.length === 3 && logs.length > 0 && metrics.length > 0,
  );
  for (const record of [...spans, ...logs]) assertUnique(record);
  const span = (/** @type {string} */ of) => spans.find((/** @type {any} */ { name }) => name === of).own;
  const said = (/** @type {any} */ own) =>
    ['network.region', 'session.id', 'music.user_id'].map((key) => own[key]);
  assert.deepEqual(said(span('own')), ['own', 'own', 'user']);
  assert.deepEqual(said(span('common')), ['own', 'context', 'user']);
  assert.deepEqual(said(span('plain')), ['eu', 'context', 'user']);
  assert.deepEqual([...said(logs[0].own), logs[0].own['log.record.uid']], ['own', 'own', 'user', 'own']);
  const { resource } = spans[0];
  assert.deepEqual(
    [resource['telemetry.sdk.name'], resource['user_agent.original'], resource['service.name']],
    ['mine', 'mine', name],
  );
  for (const { resourceKeys } of [...spans, ...logs, ...metrics])
    assert.equal(new Set(resourceKeys).size, resourceKeys.length, resourceKeys.join());
  const [point] = metrics.find(({ name }) => name === 'music.search.results').sum.dataPoints;
  assertUnique(point);
  assert.equal(attributesOf(point.attributes).hit, true);
  await page.close();
});

test('links, events and attributes beyond a limit are counted, and an empty key is not sent', async () => {
  const { page, name } = await open();
  await page.evaluate((traceparent) => {
    const span = globalThis.telemetry.startSpan('limits', {
      attributes: { '': 1, list: Array.from({ length: 3000 }, (_, n) => n), kept: true },
      links: Array.from({ length: 200 }, () => ({ span: traceparent })),
    });
    for (let n = 0; n < 140; n++) span.addEvent('event', { n, '': 1 });
    span.end();
  }, TRACEPARENT);
  const [span] = (await otlp.of(name, ({ spans }) => spans.length > 0)).spans;
  assert.deepEqual(keysOf(span.attributes).includes(''), false);
  assert.deepEqual(
    [span.links.length, span.droppedLinksCount, span.events.length, span.droppedEventsCount],
    [128, 72, 128, 12],
  );
  assert.deepEqual([span.droppedAttributesCount, span.events[0].droppedAttributesCount], [2, 1]);
  assert.deepEqual([span.own.kept, span.own.list.length < 1024], [true, true]);
  await page.close();
});

test('a span has a kind, times, events, exceptions and another name where the app says so', async () => {
  const { page, name } = await open();
  const at = await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const now = Date.now();
    const span = telemetry.startSpan('first', { kind: 'server', startTime: new Date(now - 5000) });
    span.addEvent('at', { a: 1 }, now - 2000).updateName('second');
    try {
      null.x();
    } catch (error) {
      span.recordException(error, { handled: true });
    }
    span.recordException('text');
    span.end({ endTime: now - 1000 });
    span.end();
    const page = telemetry.startSpan('page', { startTime: 10, kind: 'nothing' });
    page.end({ endTime: 5 });
    telemetry.startSpan('listener').end(new Event('click'));
    return { now, origin: performance.timeOrigin };
  });
  const { spans } = await otlp.of(name, ({ spans }) => spans.length === 3);
  const of = (/** @type {string} */ name) => spans.find((/** @type {any} */ span) => span.name === name);
  const millis = (/** @type {string} */ nanos) => Number(BigInt(nanos) / 1000n) / 1000;
  const span = of('second');
  assert.equal(span.kind, 2);
  const times = [span.startTimeUnixNano, span.events[0].timeUnixNano, span.endTimeUnixNano].map(millis);
  times.forEach((time, n) =>
    assert.ok(Math.abs(time - (at.now - [5000, 2000, 1000][n])) < 50, `${n}: ${time}`),
  );
  assert.deepEqual(
    span.events.map((/** @type {any} */ { name }) => name),
    ['at', 'exception', 'exception'],
  );
  const thrown = attributesOf(span.events[1].attributes);
  assert.deepEqual([thrown['exception.type'], thrown.handled], ['TypeError', true]);
  assert.match(thrown['exception.stacktrace'], /^TypeError: /);
  assert.equal(attributesOf(span.events[2].attributes)['exception.message'], 'text');
  assert.equal(span.status?.code, undefined);
  const early = of('page');
  assert.equal(early.kind, 1);
  assert.equal(early.startTimeUnixNano, early.endTimeUnixNano);
  assert.ok(Math.abs(millis(early.startTimeUnixNano) - at.origin - 10) < 50);
  assert.ok(Math.abs(millis(of('listener').endTimeUnixNano) - at.now) < 10_000);
  await page.close();
});

test('a clock that is set back or a page that slept: start is not after end, and times are those of now', async () => {
  const { page, name } = await open({ temporality: 'cumulative' });
  const now = await page.evaluate(async () => {
    const { telemetry } = globalThis;
    await globalThis.tonearm.init();
    const counter = telemetry.createCounter('c');
    counter.add(1);
    const { now } = Date;
    const hour = 3_600_000;
    const spans = async (/** @type {string} */ name, /** @type {number} */ by) => {
      const open = telemetry.startSpan(`${name} over`);
      Date.now = () => now() + by;
      telemetry.startSpan(`${name} alone`).end();
      await telemetry.forceFlush();
      open.end();
      telemetry.log({ eventName: name });
      counter.add(1);
      await telemetry.forceFlush();
    };
    await spans('slept', hour);
    await spans('back', 0);
    await spans('behind', -hour);
    return now();
  });
  const { spans, logs, metrics } = await otlp.of(
    name,
    ({ spans, logs, metrics }) => spans.length === 6 && logs.length === 3 && metrics.length >= 3,
  );
  const millis = (/** @type {string} */ nanos) => Number(BigInt(nanos) / 1_000_000n);
  const shifts = { slept: 3_600_000, back: 0, behind: -3_600_000 };
  for (const { name, startTimeUnixNano: start, endTimeUnixNano: end } of spans) {
    assert.ok(BigInt(start) <= BigInt(end), name);
    const by = shifts[/** @type {keyof typeof shifts} */ (name.split(' ')[0])];
    assert.ok(Math.abs(millis(end) - now - by) < 60_000, `${name}: ${(millis(end) - now) / 1000} s`);
  }
  for (const { eventName, timeUnixNano } of logs) {
    const by = shifts[/** @type {keyof typeof shifts} */ (eventName)];
    assert.ok(Math.abs(millis(timeUnixNano) - now - by) < 60_000, eventName);
  }
  for (const point of metrics.flatMap((/** @type {any} */ { sum }) => sum?.dataPoints ?? []))
    assert.ok(BigInt(point.startTimeUnixNano) <= BigInt(point.timeUnixNano));
  await page.close();
});

test('within a synchronous scope spans, requests, logs and exemplars belong to the current span', async () => {
  const { page, name } = await open();
  const ids = await page.evaluate(async () => {
    const { telemetry } = globalThis;
    await globalThis.tonearm.init();
    const counter = telemetry.createCounter('c');
    const outer = telemetry.startSpan('outer');
    let request;
    const result = telemetry.withSpan(outer, (/** @type {unknown} */ span) => {
      telemetry.startSpan('child').end();
      telemetry.startSpan('root', { parent: null }).end();
      telemetry.log({ eventName: 'within' });
      counter.add(1);
      request = telemetry.fetch('/api/config');
      const inner = telemetry.startSpan('inner');
      telemetry.withSpan(inner, () => telemetry.startSpan('grandchild').end());
      inner.end();
      telemetry.startSpan('sibling').end();
      return span === outer;
    });
    let thrown = '';
    try {
      telemetry.withSpan(outer, () => {
        throw new RangeError('mine');
      });
    } catch (error) {
      thrown = /** @type {Error} */ (error).name;
    }
    telemetry.startSpan('after').end();
    telemetry.log({ eventName: 'after' });
    await (await request).text();
    outer.end();
    let refused = '';
    try {
      telemetry.withSpan(outer);
    } catch (error) {
      refused = /** @type {Error} */ (error).name;
    }
    await telemetry.forceFlush();
    return { id: outer.traceparent.slice(36, 52), result, thrown, refused };
  });
  assert.deepEqual([ids.result, ids.thrown, ids.refused], [true, 'RangeError', 'TypeError']);
  const { spans, logs, metrics } = await otlp.of(
    name,
    ({ spans, logs, metrics }) => spans.length === 8 && logs.length === 2 && metrics.length > 0,
  );
  const of = (/** @type {string} */ name) => spans.find((/** @type {any} */ span) => span.name === name);
  for (const child of ['child', 'inner', 'sibling', 'GET'])
    assert.equal(of(child).parentSpanId, ids.id, child);
  assert.equal(of('grandchild').parentSpanId, of('inner').spanId);
  for (const root of ['root', 'after', 'outer']) assert.equal(of(root).parentSpanId, undefined, root);
  assert.deepEqual(
    ['within', 'after'].map((event) => logs.find(({ eventName }) => eventName === event).spanId),
    [ids.id, undefined],
  );
  const { sum } = metrics.find((/** @type {any} */ metric) => metric.name === 'c');
  assert.equal(sum.dataPoints[0].exemplars[0].spanId, ids.id);
  await page.close();
});

test('the context of the page is the parent of roots where the app says so', async () => {
  const { page, name } = await open({ pageContextAsParent: true });
  await page.evaluate(async (content) => {
    const { telemetry } = globalThis;
    await globalThis.tonearm.init();
    document.head.append(Object.assign(document.createElement('meta'), { name: 'traceparent', content }));
    telemetry.startSpan('span').end();
    await (await telemetry.fetch('/api/config')).text();
    const player = globalThis.tonearm.createPlayer({ telemetry });
    await player.load('/missing.mp3').catch(() => {});
    await player.play().catch(() => {});
    player.destroy();
    telemetry.startSpan('root', { parent: null }).end();
  }, TRACEPARENT);
  const { spans } = await otlp.of(name, ({ spans }) =>
    ['span', 'GET', 'track.play', 'root'].every((name) =>
      spans.some((/** @type {any} */ span) => span.name === name),
    ),
  );
  const parent = (/** @type {string} */ name) =>
    spans.find((/** @type {any} */ span) => span.name === name).parentSpanId;
  assert.deepEqual(['span', 'track.play', 'root'].map(parent), [
    TRACEPARENT.slice(36, 52),
    TRACEPARENT.slice(36, 52),
    undefined,
  ]);
  await page.close();
});

test('instruments take any unit and a description, sort their bounds, and refuse what is no number', async () => {
  const { page, name } = await open();
  const errors = await page.evaluate(async () => {
    const { telemetry } = globalThis;
    for (const unit of ['dB', 'Pa', 'bytes', 'frames/s', 'USD', '€', 'µs'])
      telemetry
        .createCounter(`u.${unit.length}.${unit.charCodeAt(0)}`, { unit, description: `in ${unit}` })
        .add(1);
    const histogram = telemetry.createHistogram('h', { bounds: [100, 10, 50, 10, Infinity] });
    for (const value of [5, 10, 60, 1000]) histogram.record(value);
    const errors = [[NaN], ['x'], [10n], Array(2000).fill(1), 5].map((bounds) => {
      try {
        telemetry.createHistogram('bad', { bounds });
        return '';
      } catch (error) {
        return /** @type {Error} */ (error).message;
      }
    });
    await telemetry.forceFlush();
    return errors;
  });
  for (const error of errors) assert.match(error, /^instrument: option "bounds": expected /);
  const { metrics } = await otlp.of(name, ({ metrics }) => metrics.length >= 8);
  const units = metrics.filter(({ name }) => name.startsWith('u.'));
  assert.deepEqual(
    units.map(({ unit, description }) => [unit, description]).sort(),
    ['dB', 'Pa', 'bytes', 'frames/s', 'USD', '€', 'µs'].map((unit) => [unit, `in ${unit}`]).sort(),
  );
  const [point] = metrics.find(({ name }) => name === 'h').histogram.dataPoints;
  assert.deepEqual(
    [point.explicitBounds, point.bucketCounts],
    [
      [10, 50, 100],
      ['2', '0', '1', '1'],
    ],
  );
  await page.close();
});

for (const temporality of ['delta', 'cumulative'])
  test(`observable instruments alone are exported at each interval, ${temporality}`, async () => {
    const { page, name } = await open({ temporality });
    await page.evaluate(() => {
      const { telemetry } = globalThis;
      let n = 0;
      telemetry.createObservableGauge('gauge', {}, (/** @type {any} */ result) => result.observe(7));
      const sum = telemetry.createObservableCounter('sum', { attributes: ['a'] });
      sum.addCallback((/** @type {any} */ result) => result.observe((n += 10), { a: 'b' }));
      const removed = telemetry.createObservableUpDownCounter('removed');
      const callback = (/** @type {any} */ result) => {
        result.observe(1);
        removed.removeCallback(callback);
      };
      removed.addCallback(callback);
    });
    const points = (/** @type {any[]} */ metrics, /** @type {string} */ of) =>
      metrics
        .filter((/** @type {any} */ metric) => metric.name === of)
        .flatMap(({ gauge, sum }) =>
          (gauge ?? sum).dataPoints.map((/** @type {any} */ point) => point.asDouble),
        );
    const { metrics } = await otlp.of(
      name,
      ({ metrics }) => points(metrics, 'gauge').length >= 3 && points(metrics, 'sum').length >= 3,
    );
    assert.deepEqual(points(metrics, 'gauge').slice(0, 3), [7, 7, 7]);
    assert.deepEqual(
      points(metrics, 'sum').slice(0, 3),
      temporality === 'delta' ? [10, 10, 10] : [10, 20, 30],
    );
    assert.deepEqual(points(metrics, 'removed'), [1]);
    const { sum } = metrics.find((/** @type {any} */ metric) => metric.name === 'sum');
    assert.deepEqual([sum.isMonotonic, attributesOf(sum.dataPoints[0].attributes)], [true, { a: 'b' }]);
    await page.close();
  });

test('an idle cumulative counter is exported at each interval', async () => {
  const { page, name } = await open({ temporality: 'cumulative' });
  await page.evaluate(() => globalThis.telemetry.createCounter('idle').add(3));
  const { metrics } = await otlp.of(name, ({ metrics }) => metrics.length >= 3);
  assert.deepEqual(
    metrics.slice(0, 3).map((/** @type {any} */ { sum }) => sum.dataPoints[0].asDouble),
    [3, 3, 3],
  );
  await page.close();
});

test('extract throws nothing, keeps baggage without a traceparent, and hands it on', async () => {
  const { page } = await open({ propagators: ['tracecontext', 'baggage'] });
  const seen = await page.evaluate(async (traceparent) => {
    const { telemetry } = globalThis;
    await globalThis.tonearm.init();
    telemetry.setBaggage({ plan: 'page', own: '1' });
    const carriers = [
      { traceparent, 'x-name': 'ü\u0100', 'a b': '1', 'x-list': ['1'] },
      { TraceParent: traceparent },
      [['traceparent', traceparent]].values(),
      new Map([['traceparent', traceparent]]),
      new Proxy({}, { ownKeys() { throw new Error('mine'); } }), // prettier-ignore
      { get traceparent() { throw new Error('mine'); } }, // prettier-ignore
      { traceparent: Symbol('x'), baggage: 'ü' },
      { traceparent: `${traceparent}\r\nb3: 1` },
      null,
      undefined,
      5,
      'traceparent',
    ];
    const found = carriers.map((carrier) => telemetry.extract(carrier)?.traceparent?.slice(3, 35));
    const alone = telemetry.extract({ baggage: 'plan=free,region=eu' });
    const both = telemetry.extract(new Headers({ traceparent, baggage: 'plan=%C3%BC' }));
    const child = telemetry.startSpan('child', { parent: both });
    const grandchild = telemetry.startSpan('grandchild', { parent: child });
    const root = telemetry.startSpan('root', { parent: alone });
    const { headers } = await (await telemetry.fetch('/api/config', {}, { parent: grandchild })).clone();
    return {
      found,
      alone,
      handed: [alone, both, child, grandchild, root].map((of) => telemetry.inject(of)),
      root: root.traceparent.slice(3, 35) !== traceparent.slice(3, 35),
      headers: Boolean(headers),
    };
  }, TRACEPARENT);
  const trace = TRACEPARENT.slice(3, 35);
  assert.deepEqual(seen.found.slice(0, 2), [trace, trace]);
  assert.equal(seen.found[3], trace);
  assert.deepEqual(seen.found.slice(4), Array(8).fill(undefined));
  assert.deepEqual(seen.alone, { baggage: { plan: 'free', region: 'eu' } });
  const baggage = seen.handed.map((/** @type {any} */ { baggage }) => baggage);
  assert.deepEqual(baggage, [
    'plan=free,region=eu,own=1',
    ...Array(3).fill('plan=%C3%BC,own=1'),
    'plan=free,region=eu,own=1',
  ]);
  assert.equal(seen.handed[0].traceparent, undefined);
  assert.equal(seen.handed[3].traceparent.slice(3, 35), trace);
  assert.ok(seen.root);
  await page.close();
});

test('a page whose browser says that it is offline though it is not sends after a while', async () => {
  const clocked = await browser.newPage();
  await clocked.clock.install();
  await clocked.goto(`${backend.gateway}/e2e/blank.html`);
  await clocked.waitForFunction(() => 'tonearm' in globalThis);
  const { page, name } = await open({ scheduledDelayMillis: 1 }, clocked);
  await page.evaluate(async () => {
    await globalThis.tonearm.init();
    Object.defineProperty(navigator, 'onLine', { get: () => false });
    globalThis.telemetry.startSpan('offline').end();
  });
  await page.clock.runFor(5000);
  assert.deepEqual(await page.evaluate(() => globalThis.telemetry.health().reasons), ['offline']);
  // Not so far that the request itself times out.
  await page.clock.runFor(60_000);
  await otlp.of(name, ({ spans }) => spans.length === 1);
  await page.close();
});
