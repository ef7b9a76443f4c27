// What an app can ask of its pipeline, judged by what leaves the page.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser } from './harness.mjs';
import { attributesOf, startOtlpServer } from './otlp_server.mjs';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {Awaited<ReturnType<typeof startOtlpServer>>} */
let otlp;
/** @type {import('playwright-core').Browser} */
let browser;
let count = 0;

before(async () => {
  [backend, otlp, browser] = await Promise.all([startBackend(), startOtlpServer(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  backend?.stop();
  otlp?.stop();
});

/** A page with a pipeline of its own, and the name of its service. @param {object} [options] @param {any} [known] */
async function open(options = {}, known) {
  const page = known ?? (await openPage(browser, `${backend.gateway}/e2e/blank.html`));
  const name = `app-${++count}`;
  await page.evaluate((config) => {
    globalThis.telemetry = globalThis.tonearm.createTelemetry(config);
  }, { serviceName: name, endpoint: otlp.url, scheduledDelayMillis: 50, metricIntervalMillis: 300, storage: false, ...options });
  return { page, name };
}

test('a session is on spans and logs, goes on from page to page of a tab, and no further', async () => {
  const { page, name } = await open({ storage: true });
  const tell = () => page.evaluate(() => {
    globalThis.telemetry.startSpan('span').end();
    globalThis.telemetry.log({ eventName: 'event' });
    return globalThis.telemetry.forceFlush().then(() => globalThis.telemetry.sessionId);
  });
  const first = await tell();
  assert.match(first, /^[\da-f]{32}$/);
  await page.reload();
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate((config) => (globalThis.telemetry = globalThis.tonearm.createTelemetry(config)), { serviceName: name, endpoint: otlp.url });
  assert.equal(await tell(), first);
  // They may arrive twice, with the same ids.
  const { spans, logs } = await otlp.of(name, ({ spans, logs }) => spans.length >= 2 && logs.length >= 2);
  for (const { own } of [...spans, ...logs]) assert.equal(own['session.id'], first);
  const other = await open({ storage: true, serviceName: name });
  await other.page.evaluate(() => globalThis.tonearm.init());
  assert.notEqual(await other.page.evaluate(() => globalThis.telemetry.sessionId), first);
  await other.page.close();
  await page.close();
});

test('a span is told as it was at its end: of another pipeline, by a getter, before the core is there', async () => {
  const { page, name } = await open();
  const other = `${name}-other`;
  const stats = await page.evaluate(async ([serviceName, endpoint]) => {
    const { telemetry, tonearm } = globalThis;
    const second = tonearm.createTelemetry({ serviceName, endpoint, storage: false });
    const list = [1];
    const make = (/** @type {number} */ n) => {
      telemetry.startSpan(`one ${n}`, { attributes: { n, list } }).end();
      second.startSpan(`two ${n}`, { attributes: { n } }).end();
      // It ends a span while another is written down.
      const within = { get ended() { telemetry.startSpan(`within ${n}`).end(); return n; } };
      telemetry.startSpan(`around ${n}`, { attributes: { within } }).end();
      const over = telemetry.startSpan(`over ${n}`, { attributes: { n } });
      over.end();
      over.setAttribute('late', true);
      const broken = { get mine() { throw new Error('mine'); } };
      telemetry.startSpan(`broken ${n}`, { attributes: { broken } }).end();
    };
    for (let n = 0; n < 300; n++) make(n);
    list.push(2);
    await tonearm.init();
    for (let n = 300; n < 600; n++) make(n);
    list.push(3);
    await Promise.all([telemetry.forceFlush(), second.forceFlush()]);
    return [telemetry.stats().traces, second.stats().traces];
  }, [other, otlp.url]);
  const [{ spans }, { spans: others }] = await Promise.all([
    otlp.of(name, ({ spans }) => spans.length >= 2400), otlp.of(other, ({ spans }) => spans.length >= 600),
  ]);
  assert.deepEqual([spans.length, others.length], [2400, 600]);
  const all = new Map([...spans, ...others].map((span) => [span.name, attributesOf(span.attributes)]));
  assert.equal(all.size, 3000);
  for (let n = 0; n < 600; n++) {
    const { n: first, list } = /** @type {any} */ (all.get(`one ${n}`));
    assert.deepEqual([Number(first), list?.length ?? list], [n, n < 300 ? 1 : 2]);
    assert.deepEqual(Object.keys(/** @type {object} */ (all.get(`over ${n}`))).filter((key) => key === 'late'), []);
    assert.ok(all.has(`two ${n}`) && all.has(`within ${n}`) && all.has(`around ${n}`));
  }
  assert.deepEqual(stats.map(({ started, exported, dropped }) => [started, exported, dropped.queue_full]), [[3000, 2400, 600], [600, 600, 0]]);
  await page.close();
});

test('an attribute that no instrument declares is left out and counted', async () => {
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
  const { metrics } = await otlp.of(name, ({ metrics }) => metrics.some((/** @type {any} */ metric) => metric.name === 'declared'));
  const points = metrics.filter((/** @type {any} */ metric) => metric.name === 'declared').flatMap((metric) => metric.sum.dataPoints);
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
  const told = await otlp.of(name, ({ spans, logs, metrics }) => spans.length === 2 && logs.length > 0 && metrics.length > 0);
  const hidden = createHmac('sha256', 'secret').update('listener-7').digest('hex');
  const { own } = told.spans.find((/** @type {any} */ span) => span.name === 'span');
  assert.deepEqual([own['network.region'], own['music.user_id']], ['eu', hidden]);
  assert.deepEqual([told.logs[0].own['network.region'], told.logs[0].own['music.user_id']], ['eu', hidden]);
  assert.equal(told.spans.find((/** @type {any} */ span) => span.name === 'later').own['music.user_id'], undefined);
  const search = told.metrics.find((/** @type {any} */ metric) => metric.name === 'music.search.results');
  assert.deepEqual(attributesOf(search.sum.dataPoints[0].attributes), { hit: true, 'network.region': 'eu' });
  const refused = await page.evaluate(() => {
    const plain = globalThis.tonearm.createTelemetry({ serviceName: 'x', storage: false });
    return plain.setUser('listener-7').catch((/** @type {Error} */ error) => `${error.name}: ${error.message}`);
  });
  assert.match(refused, /^TypeError: setUser: expected the option "userKey"/);
  await page.close();
});

test('ended spans are gathered for half a second, and for a moment where a play may go wrong meanwhile, or where they are many', async () => {
  const waits = async (/** @type {object} */ options, spans = 1) => {
    const { page } = await open(options);
    const found = await page.evaluate(async (spans) => {
      await globalThis.tonearm.init();
      /** @type {(number | undefined)[]} */
      const waits = [];
      const { setTimeout } = globalThis;
      globalThis.setTimeout = /** @type {any} */ ((/** @type {() => void} */ call, /** @type {number} */ wait) => {
        waits.push(wait);
        return setTimeout(call, wait);
      });
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

test('a page that is left keeps what is pending before it sends it, and again behind: a browser may end its script there', async () => {
  const { page } = await open({ storage: true, scheduledDelayMillis: 60_000, metricIntervalMillis: 3_600_000 });
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
  const kept = () => page.evaluate(async () => [
    (await indexedDB.databases()).length, Object.keys(localStorage).length, Object.keys(sessionStorage).length,
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
  assert.deepEqual(spans.filter((/** @type {any} */ span) => span.name !== 'before').map((/** @type {any} */ span) => span.name), ['after']);
  const rows = await page.evaluate(() => new Promise((resolve) => {
    const opened = indexedDB.open('tonearm');
    opened.onsuccess = () => {
      const all = opened.result.transaction('rows').objectStore('rows').count();
      all.onsuccess = () => resolve(all.result);
    };
  }));
  assert.deepEqual([rows, (await kept())[2]], [0, 0]);
  const stats = await page.evaluate(() => globalThis.telemetry.stats());
  assert.equal(stats.traces.dropped.consent, 1);
  await context.close();
});

test('what was said while it was denied is not sent by a later consent, though the core came after both', async () => {
  const { page, name } = await open({ consent: 'denied' });
  await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const refused = globalThis.tonearm.createTelemetry({ ...telemetry.options, serviceName: `${telemetry.options.serviceName}-b` });
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

test('the app sees its records first, and they go out as JSON where it asks', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  /** @type {string[]} */
  const said = [];
  page.on('console', (message) => said.push(`${message.type()} ${message.text()}`));
  const name = `app-${++count}`;
  await page.evaluate(([serviceName, endpoint]) => {
    globalThis.telemetry = globalThis.tonearm.createTelemetry({
      serviceName, endpoint, storage: false, protocol: 'http/json', echo: true,
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
    globalThis.telemetry.log({ eventName: 'event', severity: 'warn', body: { nested: [1, 'two'] }, attributes: { email: 'a@b.c' } });
    return globalThis.telemetry.forceFlush();
  }, [name, otlp.url]);
  const { spans, logs, metrics } = await otlp.of(name, ({ spans, logs, metrics }) => spans.length > 1 && logs.length > 0 && metrics.length > 0);
  assert.deepEqual(spans.map((/** @type {any} */ { name, own }) => [name, own.email, own.number]), [
    ['kept', '[redacted]', 2 ** 40], ['linked', undefined, undefined], ['taken', undefined, undefined],
  ]);
  const [, { status, links }, taken] = spans;
  assert.equal(taken.links?.length ?? 0, 0);
  assert.deepEqual([status, links.map((/** @type {any} */ link) => attributesOf(link.attributes))], [{ code: 2, message: 'no mail of …' }, [{ why: 'before' }]]);
  const [{ name: counter, sum }] = metrics;
  assert.deepEqual([counter, metrics.length, sum.dataPoints.map((/** @type {any} */ point) => [attributesOf(point.attributes), point.asDouble])], ['mails', 1, [[{ email: '[redacted]' }, 2]]]);
  assert.equal(logs[0].own.email, '[redacted]');
  assert.ok(otlp.requests.filter(({ type }) => type === 'application/json').length >= 2);
  assert.ok(said.some((line) => line.startsWith('warning event') && !line.includes('a@b.c')), said.join('\n'));
  const { traces } = await page.evaluate(() => globalThis.telemetry.stats());
  assert.deepEqual([traces.exported, traces.dropped.redacted], [3, 3]);
  await page.close();
});

test('contexts go in and out as W3C, B3 and baggage; media elsewhere tells its trace in the query', async () => {
  const { page, name } = await open({ propagators: ['tracecontext', 'baggage', 'b3', 'b3multi'], cmcd: true });
  /** @type {Record<string, string>[]} */
  const headers = [];
  /** @type {string[]} */
  const media = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/tracks')) headers.push(request.headers());
    if (request.url().includes('.mp3')) media.push(request.url());
  });
  const told = await page.evaluate(async (cdn) => {
    await globalThis.tonearm.init();
    globalThis.telemetry.setBaggage({ plan: 'ü free' });
    const remote = globalThis.telemetry.extract({ b3: '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1' });
    const state = globalThis.telemetry.extract({ traceparent: '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1, B=2', baggage: 'plan=%C3%BC%20free;p=1 , region = eu,token=abc==;q' });
    const span = globalThis.telemetry.startSpan('span', { parent: remote });
    await (await globalThis.telemetry.fetch('/api/tracks', undefined, { parent: span })).json();
    span.end();
    const player = globalThis.tonearm.createPlayer({ telemetry: globalThis.telemetry });
    await player.load(`${cdn}/tracks/first-light.mp3?signature=x`);
    await player.play();
    player.destroy();
    return { remote, state, traceparent: span.traceparent, play: player.traceparent, inject: globalThis.telemetry.inject(span) };
  }, backend.cdn);
  assert.equal(told.remote.traceparent.slice(3, 35), '0af7651916cd43dd8448eb211c80319c');
  assert.equal(told.state.tracestate, '', 'a state that is malformed is none');
  assert.deepEqual([told.state.baggage, told.remote.baggage], [{ plan: 'ü free', region: 'eu', token: 'abc==' }, {}]);
  const [sent] = headers;
  assert.equal(sent.traceparent.slice(3, 35), '0af7651916cd43dd8448eb211c80319c');
  assert.equal(sent.b3.slice(0, 49), `${sent['x-b3-traceid']}-${sent['x-b3-spanid']}`);
  assert.deepEqual([sent['x-b3-sampled'], sent.baggage], ['1', 'plan=%C3%BC%20free']);
  assert.equal(told.inject.b3, `${told.traceparent.slice(3, 35)}-${told.traceparent.slice(36, 52)}-1`);
  const query = new URL(media[0]).searchParams;
  assert.equal(query.get('signature'), 'x');
  assert.match(String(query.get('CMCD')), /^com\.tonearm-traceparent="00-[\da-f]{32}-[\da-f]{16}-03",sid="[\da-f]{32}"$/);
  const { spans } = await otlp.of(name, ({ spans }) => spans.length >= 4);
  assert.ok(spans.some((/** @type {any} */ span) => span.name === 'track.play'));
  await page.close();
});

test('the page has a context of its own', async () => {
  const { page } = await open();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  assert.equal(await page.evaluate(() => globalThis.telemetry.pageContext), undefined);
  await page.evaluate((content) => document.head.append(Object.assign(document.createElement('meta'), { name: 'traceparent', content })), traceparent);
  const child = await page.evaluate(() => {
    const { telemetry } = globalThis;
    return [telemetry.pageContext, telemetry.startSpan('span', { parent: telemetry.pageContext }).traceparent];
  });
  assert.equal(child[0], traceparent);
  assert.equal(child[1].slice(3, 35), traceparent.slice(3, 35));
  await page.close();
});

test('a flush says whether all arrived, a shutdown ends it, health says what stands against it', async () => {
  const { page, name } = await open({ scheduledDelayMillis: 60_000 });
  const health = () => page.evaluate(() => {
    const { clockSkewMillis, ...more } = globalThis.telemetry.health();
    return more;
  });
  assert.equal(await page.evaluate(async () => {
    globalThis.telemetry.startSpan('one').end();
    const open = globalThis.telemetry.startSpan('open');
    const arrived = await globalThis.telemetry.forceFlush();
    open.end();
    return arrived;
  }), true);
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
  assert.deepEqual(spans.map((/** @type {any} */ span) => span.name), ['one', 'last']);
  // What failed to arrive is told once something arrives again.
  const { logs } = await otlp.of(name, ({ logs }) => logs.length > 0);
  const told = logs.filter((/** @type {any} */ log) => log.eventName === 'telemetry.dropped').map((/** @type {any} */ { own }) => [own['telemetry.signal'], own['error.type'], own['telemetry.records']]);
  assert.deepEqual(told, [['traces', 'rejected', 1]]);
  assert.deepEqual((await health()).reasons, ['ended']);
  await page.close();
});

test('what only the core with all knows comes before the other is on its way, or says so', async () => {
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

test('a play that was not chosen is exported whole where it failed, requests of the app included', async () => {
  const { page, name } = await open({ sampler: { ratio: 0, tail: { slowerThan: 5 } } });
  const trace = await page.evaluate(async () => {
    const player = globalThis.tonearm.createPlayer({ telemetry: globalThis.telemetry });
    globalThis.telemetry.startSpan('not chosen').end();
    await player.load({ resolve: async ({ fetch }) => ((await fetch('/api/tracks')).json(), '/nothing.mp3') });
    await player.play().catch(() => {});
    await globalThis.telemetry.forceFlush();
    return player.traceparent.slice(3, 35);
  });
  const { spans, logs } = await otlp.of(name, ({ spans, logs }) => spans.length >= 2 && logs.some((/** @type {any} */ log) => log.eventName === 'track.play_failed'));
  assert.deepEqual([...new Set(spans.map((/** @type {any} */ span) => span.traceId))], [trace]);
  assert.ok(spans.every((/** @type {any} */ span) => span.own['sampled.by'] === 'tail'));
  assert.ok(spans.some((/** @type {any} */ span) => span.name === 'track.play') && spans.some((/** @type {any} */ span) => span.name === 'GET'));
  assert.ok(logs.some((/** @type {any} */ log) => log.traceId === trace));
  assert.ok((await page.evaluate(() => globalThis.telemetry.stats())).traces.dropped.unsampled >= 1);
  await page.close();
});

test('a fault that ends the core is told with the last trace, and the next play is heard', async () => {
  const page = await browser.newPage();
  // The core's next call runs into a trap, as one with a fault of ours would: once.
  await page.addInitScript(() => {
    const { instantiateStreaming } = WebAssembly;
    const code = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 116, 0, 0, 10, 5, 1, 3, 0, 0, 11];
    const { t: unreachable } = /** @type {any} */ (new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(code))).exports);
    WebAssembly.instantiateStreaming = async (...args) => {
      const { module, instance } = await instantiateStreaming(...args);
      const exports = /** @type {any} */ (instance.exports);
      /** @param {unknown[]} args */
      const tell = (...args) => {
        if (!globalThis.trap) return exports.tell(...args);
        globalThis.trap = false;
        return unreachable();
      };
      return /** @type {any} */ ({ module, instance: { exports: { ...exports, tell } } });
    };
  });
  await page.goto(`${backend.gateway}/e2e/blank.html`);
  await page.waitForFunction(() => globalThis.tonearm);
  const { name } = await open({}, page);
  const outcome = await page.evaluate(async () => {
    const { createPlayer } = globalThis.tonearm;
    const counter = globalThis.telemetry.createCounter('c');
    const player = createPlayer({ telemetry: globalThis.telemetry });
    await player.load('/media/steady.mp3');
    await player.play();
    counter.add(1);
    await globalThis.telemetry.forceFlush();
    const before = player.traceparent;
    const failed = new Promise((resolve) => player.addEventListener('error', resolve, { once: true }));
    globalThis.trap = true;
    // Two words to the core: the second finds it dead.
    globalThis.telemetry.recordSearch({ hit: true });
    await failed;
    const { error } = player;
    await player.load('/media/steady.mp3');
    await player.play();
    globalThis.player = player;
    // Whatever held the first core holds the second now.
    counter.add(1);
    return { before, error: error?.name };
  });
  // What is collected of the first core takes nothing of the second along.
  const session = await page.context().newCDPSession(page);
  for (let n = 0; n < 5; n++) {
    await session.send('HeapProfiler.collectGarbage');
    await page.waitForTimeout(100);
  }
  const then = await page.evaluate(async () => {
    const { player } = globalThis;
    globalThis.telemetry.startSpan('after').end();
    await globalThis.telemetry.forceFlush();
    return { state: player.state, health: globalThis.telemetry.health() };
  });
  assert.deepEqual([outcome.error, then.state, then.health.live], ['OperationError', 'playing', true]);
  const { logs, spans, metrics } = await otlp.of(name, ({ logs, spans }) => logs.some((/** @type {any} */ log) => log.eventName === 'sdk.panicked') && spans.some((/** @type {any} */ span) => span.name === 'after'));
  const panic = logs.find((/** @type {any} */ log) => log.eventName === 'sdk.panicked');
  assert.equal(panic.traceId, outcome.before.slice(3, 35));
  assert.equal(spans.filter((/** @type {any} */ span) => span.name === 'track.play').length, 2);
  assert.equal(metrics.filter((/** @type {any} */ metric) => metric.name === 'c').length, 2);
  await page.close();
});

test('another output is told while music plays, with its trace', async () => {
  const { page, name } = await open();
  const traceparent = await page.evaluate(async (url) => {
    const { createPlayer } = globalThis.tonearm;
    const player = createPlayer({ telemetry: globalThis.telemetry, engine: 'stream' });
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    await player.load(url);
    await player.play();
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    await globalThis.telemetry.forceFlush();
    const { traceparent } = player;
    player.destroy();
    return traceparent;
  }, `${backend.cdn}/tracks/short.mp3`);
  const { logs } = await otlp.of(name, ({ logs }) => logs.some(({ eventName }) => eventName === 'audio.device_changed'));
  const told = logs.filter((/** @type {any} */ { eventName }) => eventName === 'audio.device_changed');
  assert.deepEqual(told.map((/** @type {any} */ { traceId }) => traceId), [traceparent.slice(3, 35)]);
  await page.close();
});

test('a strict content security policy lets it play and tell', async () => {
  const page = await browser.newPage();
  const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; img-src data:";
  await page.route('**/csp.html', (route) => route.fulfill({
    contentType: 'text/html', headers: { 'content-security-policy': policy }, body: '<!doctype html><script type="module" src="/e2e/global.js"></script>',
  }));
  await page.route('**/e2e/global.js', (route) => route.fulfill({ contentType: 'text/javascript', body: "import * as tonearm from '/pkg/index.js'; globalThis.tonearm = tonearm;" }));
  /** @type {string[]} */
  const violations = [];
  page.on('console', (message) => message.text().includes('Content Security Policy') && violations.push(message.text()));
  await page.goto(`${backend.gateway}/csp.html`);
  await page.waitForFunction(() => globalThis.tonearm);
  const outcome = await page.evaluate(async () => {
    const telemetry = globalThis.tonearm.createTelemetry({ serviceName: 'csp', protocol: 'http/protobuf', sampler: { ratio: 1, tail: { slowerThan: 1 } } });
    const player = globalThis.tonearm.createPlayer({ telemetry });
    await player.load({ resolve: async ({ fetch }) => (await fetch('/api/tracks').then((response) => response.json()), '/media/steady.mp3') });
    await player.play();
    return [player.state, await telemetry.forceFlush()];
  });
  assert.deepEqual(outcome, ['playing', true]);
  assert.deepEqual(violations, []);
  await page.close();
});
