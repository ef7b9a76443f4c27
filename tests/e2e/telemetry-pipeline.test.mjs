// When records leave the page: sessions, the end of a span, waits, consent, flush and shutdown.
// Judged by what leaves the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf } from './otlp_server.mjs';
import { backend, browser, open, otlp } from './telemetry_page.mjs';

test('a session is on spans and logs, and lasts from page to page of a tab, no further', async () => {
  const { page, name } = await open({ storage: true });
  const record = () =>
    page.evaluate(() => {
      globalThis.telemetry.startSpan('span').end();
      globalThis.telemetry.log({ eventName: 'event' });
      return globalThis.telemetry.forceFlush().then(() => globalThis.telemetry.sessionId);
    });
  const first = await record();
  assert.match(first, /^[\da-f]{32}$/);
  await page.reload();
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate((config) => (globalThis.telemetry = globalThis.tonearm.createTelemetry(config)), {
    serviceName: name,
    endpoint: otlp.url,
  });
  assert.equal(await record(), first);
  // They may arrive twice, with the same ids.
  const { spans, logs } = await otlp.of(name, ({ spans, logs }) => spans.length >= 2 && logs.length >= 2);
  for (const { own } of [...spans, ...logs]) assert.equal(own['session.id'], first);
  const other = await open({ storage: true, serviceName: name });
  await other.page.evaluate(() => globalThis.tonearm.init());
  assert.notEqual(await other.page.evaluate(() => globalThis.telemetry.sessionId), first);
  await other.page.close();
  await page.close();
});

test('a span is exported as it was at its end: of another pipeline, by a getter, before the core is there', async () => {
  const { page, name } = await open();
  const other = `${name}-other`;
  const stats = await page.evaluate(
    async ([serviceName, endpoint]) => {
      const { telemetry, tonearm } = globalThis;
      const second = tonearm.createTelemetry({ serviceName, endpoint, storage: false });
      const list = [1];
      const make = (/** @type {number} */ n) => {
        telemetry.startSpan(`one ${n}`, { attributes: { n, list } }).end();
        second.startSpan(`two ${n}`, { attributes: { n } }).end();
        // It ends a span while another is written down.
        const within = {
          get ended() {
            telemetry.startSpan(`within ${n}`).end();
            return n;
          },
        };
        telemetry.startSpan(`around ${n}`, { attributes: { within } }).end();
        const over = telemetry.startSpan(`over ${n}`, { attributes: { n } });
        over.end();
        over.setAttribute('late', true);
        const broken = {
          get mine() {
            throw new Error('mine');
          },
        };
        telemetry.startSpan(`broken ${n}`, { attributes: { broken } }).end();
      };
      for (let n = 0; n < 300; n++) make(n);
      list.push(2);
      await tonearm.init();
      for (let n = 300; n < 600; n++) make(n);
      list.push(3);
      await Promise.all([telemetry.forceFlush(), second.forceFlush()]);
      return [telemetry.stats().traces, second.stats().traces];
    },
    [other, otlp.url],
  );
  const [{ spans }, { spans: others }] = await Promise.all([
    otlp.of(name, ({ spans }) => spans.length >= 2400),
    otlp.of(other, ({ spans }) => spans.length >= 600),
  ]);
  assert.deepEqual([spans.length, others.length], [2400, 600]);
  const all = new Map([...spans, ...others].map((span) => [span.name, attributesOf(span.attributes)]));
  assert.equal(all.size, 3000);
  for (let n = 0; n < 600; n++) {
    const { n: first, list } = /** @type {any} */ (all.get(`one ${n}`));
    assert.deepEqual([Number(first), list?.length ?? list], [n, n < 300 ? 1 : 2]);
    assert.deepEqual(
      Object.keys(/** @type {object} */ (all.get(`over ${n}`))).filter((key) => key === 'late'),
      [],
    );
    assert.ok(all.has(`two ${n}`) && all.has(`within ${n}`) && all.has(`around ${n}`));
  }
  assert.deepEqual(
    stats.map(({ started, exported, dropped }) => [started, exported, dropped.queue_full]),
    [
      [3000, 2400, 600],
      [600, 600, 0],
    ],
  );
  await page.close();
});

test('ended spans are batched for half a second; for 25 ms under a tail rule, or where there are many', async () => {
  const waits = async (/** @type {object} */ options, spans = 1) => {
    const { page } = await open(options);
    const found = await page.evaluate(async (spans) => {
      await globalThis.tonearm.init();
      /** @type {(number | undefined)[]} */
      const waits = [];
      const { setTimeout } = globalThis;
      globalThis.setTimeout = /** @type {any} */ (
        (/** @type {() => void} */ call, /** @type {number} */ wait) => {
          waits.push(wait);
          return setTimeout(call, wait);
        }
      );
      for (let n = 0; n < spans; n++) globalThis.telemetry.startSpan('span').end();
      return waits;
    }, spans);
    await page.close();
    return found;
  };
  assert.deepEqual(await waits({}), [500]);
  assert.deepEqual(await waits({ sampler: { ratio: 0, tail: { slowerThan: 1 } } }), [25]);
  assert.deepEqual(await waits({}, 600), [500, 25]);
});

test('a page that is left persists what is pending before it sends it, and again after: a browser may end its script there', async () => {
  const { page } = await open({
    storage: true,
    scheduledDelayMillis: 60_000,
    metricIntervalMillis: 3_600_000,
  });
  const order = await page.evaluate(async () => {
    await globalThis.tonearm.init();
    /** @type {string[]} */
    const order = [];
    const { put } = IDBObjectStore.prototype;
    const first = new Promise((/** @type {(value?: undefined) => void} */ kept) => {
      IDBObjectStore.prototype.put = function (...args) {
        order.push('kept');
        kept();
        return put.apply(this, args);
      };
    });
    const { fetch } = globalThis;
    globalThis.fetch = (input, init) => {
      if (init?.keepalive) order.push('sent');
      return fetch(input, init);
    };
    globalThis.telemetry.startSpan('span').end();
    await first;
    order.length = 0;
    for (let n = 0; n < 3; n++) globalThis.telemetry.startSpan('span').end();
    dispatchEvent(new PageTransitionEvent('pagehide'));
    return order;
  });
  assert.deepEqual(order, ['kept', 'sent', 'kept']);
  await page.close();
});

test('before consent nothing is stored and nothing leaves; a refusal erases, consent sends', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${backend.gateway}/e2e/blank.html`);
  await page.waitForFunction(() => globalThis.tonearm);
  const { name } = await open({ consent: 'pending', storage: true }, page);
  const kept = () =>
    page.evaluate(async () => [
      (await indexedDB.databases()).length,
      Object.keys(localStorage).length,
      Object.keys(sessionStorage).length,
    ]);
  await page.evaluate(async () => {
    await globalThis.tonearm.init();
    for (let n = 0; n < 10; n++) globalThis.telemetry.startSpan('before').end();
    globalThis.telemetry.recordSearch({ hit: false });
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
  assert.deepEqual(await kept(), [0, 0, 0]);
  assert.equal(otlp.got.spans.filter(({ resource }) => resource['service.name'] === name).length, 0);
  assert.deepEqual(await page.evaluate(() => globalThis.telemetry.health().reasons), ['consent']);
  await page.evaluate(() => globalThis.telemetry.setConsent(true));
  await otlp.of(name, ({ spans, metrics }) => spans.length === 10 && metrics.length === 1);
  await page.evaluate(async () => {
    globalThis.telemetry.startSpan('after').end();
    await globalThis.telemetry.forceFlush();
    globalThis.telemetry.setConsent(false);
    globalThis.telemetry.startSpan('refused').end();
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  const { spans } = await otlp.of(name, ({ spans }) => spans.length > 10);
  assert.deepEqual(
    spans
      .filter((/** @type {any} */ span) => span.name !== 'before')
      .map((/** @type {any} */ span) => span.name),
    ['after'],
  );
  const rows = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const opened = indexedDB.open('tonearm');
        opened.onsuccess = () => {
          const all = opened.result.transaction('rows').objectStore('rows').count();
          all.onsuccess = () => resolve(all.result);
        };
      }),
  );
  assert.deepEqual([rows, (await kept())[2]], [0, 0]);
  const stats = await page.evaluate(() => globalThis.telemetry.stats());
  assert.equal(stats.traces.dropped.consent, 1);
  await context.close();
});

test('what was recorded while consent was denied is not sent by a later consent, though the core came after both', async () => {
  const { page, name } = await open({ consent: 'denied' });
  await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const refused = globalThis.tonearm.createTelemetry({
      ...telemetry.options,
      serviceName: `${telemetry.options.serviceName}-b`,
    });
    refused.startSpan('denied').end();
    refused.log({ eventName: 'denied' });
    refused.setConsent(true);
    refused.startSpan('granted').end();
    globalThis.refused = refused;
    await refused.forceFlush();
  });
  const { spans, logs } = await otlp.of(`${name}-b`, ({ spans }) => spans.length > 0);
  assert.deepEqual([spans.map((/** @type {any} */ span) => span.name), logs], [['granted'], []]);
  const { traces, logs: kept } = await page.evaluate(() => globalThis.refused.stats());
  assert.deepEqual([traces.dropped.consent, kept.dropped.consent], [1, 1]);
  await page.close();
});

test('a flush says whether all records arrived, a shutdown ends the pipeline, health names its faults', async () => {
  const { page, name } = await open({ scheduledDelayMillis: 60_000 });
  const health = () =>
    page.evaluate(() => {
      const { clockSkewMillis, ...more } = globalThis.telemetry.health();
      return more;
    });
  assert.equal(
    await page.evaluate(async () => {
      globalThis.telemetry.startSpan('one').end();
      const open = globalThis.telemetry.startSpan('open');
      const arrived = await globalThis.telemetry.forceFlush();
      open.end();
      return arrived;
    }),
    true,
  );
  assert.deepEqual(await health(), { live: true, started: true, ready: true, reasons: [] });
  // Its clock is ours, to the second that a `Date` has.
  const skew = await page.evaluate(() => globalThis.telemetry.health().clockSkewMillis);
  assert.ok(skew > -2500 && skew < 500, `${skew} ms`);
  otlp.answer(503);
  assert.equal(await page.evaluate(() => globalThis.telemetry.forceFlush({ timeoutMillis: 500 })), false);
  assert.deepEqual(await health(), { live: true, started: true, ready: false, reasons: ['endpoint'] });
  otlp.answer(400);
  assert.equal(await page.evaluate(() => globalThis.telemetry.forceFlush()), false, 'rejected');
  otlp.answer(200);
  await page.evaluate(async () => {
    globalThis.telemetry.startSpan('last').end();
    await globalThis.telemetry.shutdown();
    globalThis.telemetry.startSpan('after').end();
    globalThis.telemetry.log({ eventName: 'after' });
    globalThis.telemetry.createCounter('after').add(1);
    await globalThis.telemetry.forceFlush({ timeoutMillis: 200 });
  });
  const { spans } = await otlp.of(name, ({ spans }) => spans.length === 2);
  assert.deepEqual(
    spans.map((/** @type {any} */ span) => span.name),
    ['one', 'last'],
  );
  // Dropped records are reported once an export succeeds again.
  const { logs } = await otlp.of(name, ({ logs }) => logs.length > 0);
  const dropped = logs
    .filter((/** @type {any} */ log) => log.eventName === 'telemetry.dropped')
    .map((/** @type {any} */ { own }) => [
      own['telemetry.signal'],
      own['error.type'],
      own['telemetry.records'],
    ]);
  assert.deepEqual(dropped, [['traces', 'rejected', 1]]);
  assert.deepEqual((await health()).reasons, ['ended']);
  await page.close();
});

test('an option of the extended core that comes after the plain core is requested is an error', async () => {
  const { page } = await open();
  const outcome = await page.evaluate(async () => {
    await globalThis.tonearm.init();
    try {
      globalThis.tonearm.createTelemetry({ serviceName: 'late', sampler: { ratio: 0.1 } });
      return 'made';
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
  });
  assert.match(outcome, /^InvalidStateError: Option "sampler" must come before another pipeline/);
  await page.close();
});
