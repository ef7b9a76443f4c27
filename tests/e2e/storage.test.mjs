// What is kept from page to page: whose it is, how long, and what a refusal does to it. Judged by what the
// endpoint received, by `stats()` and `health()`, and by what is left in the browser's storage.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { transcode } from '../records.mjs';
import { attributesOf } from './otlp_server.mjs';
import { startBrowser } from './harness.mjs';
import { startPageServer } from './page_server.mjs';

/**
 * How the endpoint answers: accepts, says that it is busy, or receives records and never answers. @type
 * {'accepts' | 'busy' | 'hangs'}
 */
let mode = 'accepts';
/**
 * Names of what it received, by service. @type {Map<string, { name: string, session: unknown, value: number
 * }[]>}
 */
const received = new Map();
/** What went wrong in the pages. @type {string[]} */
const errors = [];
/** Services that gave up a request that was not answered. @type {Set<string>} */
const aborted = new Set();

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await startBrowser();
  server = await startPageServer({
    async v1(request, response) {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      if (mode === 'busy') return response.writeHead(503).end();
      const sent = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const signal = /** @type {'traces' | 'metrics' | 'logs'} */ (String(request.url).split('/')[2]);
      const json = JSON.parse(new TextDecoder().decode(transcode.request(signal, body)));
      /** @type {string[]} */
      const services = [];
      for (const { resource, ...scopes } of json.resourceSpans ?? json.resourceMetrics ?? json.resourceLogs) {
        const service = attributesOf(resource.attributes)['service.name'];
        services.push(service);
        const records = Object.values(scopes).flatMap(
          ([scope]) => scope.spans ?? scope.metrics ?? scope.logRecords,
        );
        for (const record of records) {
          const { name, eventName, attributes, sum } = record;
          const session = attributesOf(attributes)['session.id'];
          const all = received.get(service) ?? [];
          received.set(service, all);
          all.push({ name: name ?? eventName, session, value: sum?.dataPoints[0].asDouble ?? 0 });
        }
      }
      const [service = ''] = services;
      if (mode === 'hangs') response.once('close', () => aborted.add(service));
      else response.end();
    },
  });
});
after(async () => {
  await browser?.close();
  server?.stop();
});

let lastService = 0;
const nextService = () => `kept-${++lastService}`;
const namesOf = (/** @type {string} */ service) => (received.get(service) ?? []).map(({ name }) => name);

/**
 * A page with a pipeline.
 * @param {import('playwright-core').BrowserContext} context @param {string} serviceName @param {object}
 * [options]
 * @param {(() => void)[]} [scripts] that run before the page's own
 */
async function visit(context, serviceName, options = {}, scripts = []) {
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => errors.push(message));
  for (const script of scripts) await page.addInitScript(script);
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => 'tonearm' in globalThis);
  await page.evaluate(
    async (/** @type {any} */ config) => {
      const { tonearm } = /** @type {any} */ (globalThis);
      Object.assign(globalThis, { telemetry: tonearm.createTelemetry(config) });
      await tonearm.init();
    },
    {
      serviceName,
      endpoint: server.origin,
      scheduledDelayMillis: 50,
      metricIntervalMillis: 100,
      ...options,
    },
  );
  return page;
}

/** Our rows and notes, and all keys of both storages. @param {import('playwright-core').Page} page */
const stored = (page) =>
  page.evaluate(async () => {
    const opened = (await indexedDB.databases()).some(({ name }) => name === 'tonearm')
      ? indexedDB.open('tonearm')
      : undefined;
    const rows = opened
      ? await new Promise((resolve) => {
          opened.onsuccess = () => {
            const { result } = opened;
            const all = result.transaction('rows').objectStore('rows').count();
            all.onsuccess = () => {
              result.close();
              resolve(all.result);
            };
          };
        })
      : 0;
    return { rows, local: Object.keys(localStorage), session: Object.keys(sessionStorage) };
  });

/** @param {import('playwright-core').Page} page */
const read = (page) =>
  page.evaluate(() => {
    const { telemetry } = /** @type {any} */ (globalThis);
    return { ...telemetry.stats(), reasons: telemetry.health().reasons };
  });

/** Waits until it holds. @param {() => unknown} holds @param {string} what */
async function until(holds, what) {
  for (let n = 0; n < 300; n++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it never came: ${what}`);
}

/**
 * Records a span and a sum, and flushes. @param {import('playwright-core').Page} page @param {number}
 * [timeoutMillis]
 */
const record = (page, timeoutMillis = 10_000) =>
  page.evaluate((timeoutMillis) => {
    const { telemetry } = /** @type {any} */ (globalThis);
    telemetry.startSpan('span').end();
    telemetry.createCounter('sum').add(1);
    return telemetry.forceFlush({ timeoutMillis });
  }, timeoutMillis);

/**
 * Leaves rows of a service behind: a span and a sum that the endpoint has received and not answered.
 * @param {import('playwright-core').BrowserContext} context @param {string} service @param {object} [options]
 */
async function leaveRows(context, service, options) {
  mode = 'hangs';
  const page = await visit(context, service, options);
  const before = (await stored(page)).rows;
  await record(page, 100);
  await until(async () => (await stored(page)).rows >= before + 2, 'the rows');
  return page;
}

test("keys and values of the app's own that look like ours stay as they are, and spoil nothing", async () => {
  const context = await browser.newContext();
  const service = nextService();
  const own = {
    'tonearm.volume': '0.5',
    'tonearm.settings': '{"theme":"dark"}',
    'tonearm.a.b.c.d': 'null',
    'tonearm.tab.mine': '{"name":"x"}',
    'tonearm.tab.1.2.3.4': 'no JSON',
    'tonearm.tab.1a.2b.3c.4d': '{"seq":"1","ids":"none"}',
    'tonearm.': '',
  };
  const page = await context.newPage();
  await page.goto(`${server.origin}/blank`);
  await page.evaluate((own) => {
    for (const [key, value] of Object.entries(own)) localStorage.setItem(key, value);
  }, own);
  await page.close();
  /** @type {number[]} */
  const keys = [];
  for (let n = 0; n < 4; n++) {
    await (await leaveRows(context, service)).close();
    mode = 'accepts';
    const next = await visit(context, service);
    await until(async () => (await read(next)).traces.exported > 0, 'the rows of the visit before');
    await until(async () => (await stored(next)).rows === 0, 'no row is left');
    assert.deepEqual((await read(next)).reasons, []);
    const after = await next.evaluate(() => Object.fromEntries(Object.entries(localStorage)));
    for (const [key, value] of Object.entries(own)) assert.equal(after[key], value, key);
    keys.push(Object.keys(after).length);
    await next.close();
  }
  assert.ok(
    keys.every((count) => count <= Object.keys(own).length + 2),
    String(keys),
  );
  await context.close();
});

test('another service of the origin takes nothing of what the first one noted: no sum is counted twice', async () => {
  const context = await browser.newContext();
  const [first, second] = [nextService(), nextService()];
  mode = 'hangs';
  const page = await visit(context, first);
  await record(page, 100);
  await until(() => namesOf(first).includes('sum'), 'the sum');
  await until(async () => (await stored(page)).rows >= 2, 'the rows');
  await page.close();
  mode = 'accepts';
  const other = await visit(context, second);
  assert.equal(await record(other), true);
  // It begins with what was left behind, and has written rows of its own by then.
  await until(async () => (await stored(other)).local.length >= 2, 'notes of both services');
  await other.close();
  const again = await visit(context, first);
  await until(async () => (await read(again)).metrics.recovered > 0, 'the rows');
  const { metrics } = await read(again);
  assert.deepEqual([metrics.recovered, metrics.dropped.unconfirmed, metrics.exported], [1, 1, 0]);
  await until(async () => (await read(again)).traces.exported > 0, 'the span');
  assert.equal(namesOf(first).filter((name) => name === 'sum').length, 1);
  await context.close();
});

test('without Web Locks nothing is kept, nothing is counted twice, and no visit leaves a key', async () => {
  const context = await browser.newContext();
  const service = nextService();
  const without = () => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
  for (let n = 1; n <= 3; n++) {
    mode = 'accepts';
    const page = await visit(context, service, {}, [without]);
    assert.equal(await record(page), true);
    mode = 'busy';
    await record(page, 100);
    const { reasons, metrics } = await read(page);
    assert.deepEqual([reasons.includes('storage'), metrics.recovered], [true, 0]);
    mode = 'hangs';
    const { rows, local } = await stored(page);
    assert.deepEqual([rows, local], [0, []], `visit ${n}`);
    await page.close();
  }
  await context.close();
});

test('a store that cannot be opened is a fault that health names, and records arrive without it', async () => {
  const context = await browser.newContext();
  const service = nextService();
  mode = 'accepts';
  const page = await visit(context, service, {}, [
    () =>
      void (indexedDB.open = () => {
        throw new DOMException('refused', 'SecurityError');
      }),
  ]);
  await until(async () => (await read(page)).reasons.includes('storage'), 'the fault');
  assert.equal(await record(page), true);
  assert.deepEqual(namesOf(service).sort(), ['span', 'sum']);
  await context.close();
});

test('pipelines of one service have one session, which goes on with the next page of the tab', async () => {
  mode = 'accepts';
  for (const storage of [true, false]) {
    const context = await browser.newContext();
    const service = nextService();
    const page = await visit(context, service, { storage });
    const ids = () =>
      page.evaluate(async ([serviceName, endpoint, storage]) => {
        const { telemetry, tonearm } = /** @type {any} */ (globalThis);
        const second = tonearm.createTelemetry({ serviceName, endpoint, storage });
        const other = tonearm.createTelemetry({ serviceName: `${serviceName}-other`, endpoint, storage });
        for (const pipeline of [telemetry, second]) {
          pipeline.startSpan('span').end();
          pipeline.log({ eventName: 'event' });
          await pipeline.forceFlush();
        }
        return [telemetry.sessionId, second.sessionId, other.sessionId];
      }, /** @type {const} */ ([service, server.origin, storage]));
    const [first, second, other] = await ids();
    assert.match(first, /^[\da-f]{32}$/);
    assert.equal(second, first);
    assert.notEqual(other, first);
    const sessions = new Set((received.get(service) ?? []).map(({ session }) => session));
    assert.deepEqual([...sessions], [first]);
    await context.close();
  }
});

test('a consent that is denied from the start erases what earlier visits stored', async () => {
  const context = await browser.newContext();
  const [service, other] = [nextService(), nextService()];
  await (await leaveRows(context, service)).close();
  await (await leaveRows(context, other)).close();
  mode = 'accepts';
  const page = await visit(context, service, { consent: 'denied', storage: false });
  await until(async () => (await stored(page)).rows === 2, 'the rows of the other service alone');
  const { local, session } = await stored(page);
  assert.deepEqual([local.length, session], [1, []]);
  await page.close();
  assert.deepEqual(namesOf(service).sort(), ['span', 'sum'], 'what came before the refusal');
  const last = await visit(context, other);
  await until(async () => (await read(last)).traces.exported === 1, 'the rows of the other service');
  await context.close();
});

test('a refusal erases what an earlier visit and what another tab stored, and that tab goes on without it', async () => {
  const context = await browser.newContext();
  const service = nextService();
  const living = await leaveRows(context, service, { consent: 'granted' });
  await (await leaveRows(context, service, { consent: 'granted' })).close();
  const page = await visit(context, service, { consent: 'pending' });
  assert.ok((await stored(page)).rows >= 4, 'before the user decides they stay');
  await page.evaluate(() => /** @type {any} */ (globalThis).telemetry.setConsent(false));
  await until(async () => (await read(living)).traces.pending === 0, 'what the other tab holds');
  await until(async () => (await stored(page)).rows === 0, 'the rows');
  const { traces, metrics, reasons } = await read(living);
  assert.deepEqual([traces.dropped.consent, metrics.dropped.consent], [1, 1]);
  assert.ok(!reasons.includes('consent'), String(reasons));
  const { session, local } = await stored(page);
  assert.deepEqual([session, local.filter((key) => !key.startsWith('tonearm.tab.'))], [[], []]);
  const before = namesOf(service).length;
  mode = 'accepts';
  assert.equal(await record(living), true);
  assert.deepEqual(namesOf(service).slice(before).sort(), ['span', 'sum']);
  await context.close();
});

test('a refusal in a page that has nothing of its own to store erases what another tab stored', async () => {
  const context = await browser.newContext();
  const service = nextService();
  const living = await leaveRows(context, service, { consent: 'granted' });
  mode = 'accepts';
  const page = await visit(context, service, { consent: 'granted' });
  assert.ok((await stored(page)).rows >= 2);
  await page.evaluate(() => /** @type {any} */ (globalThis).telemetry.setConsent(false));
  await until(async () => (await stored(page)).rows === 0, 'the rows');
  await living.close();
  await page.goto('about:blank');
  await context.close();
  assert.deepEqual(errors, []);
});

test('a refusal ends what is on its way', async () => {
  const context = await browser.newContext();
  const service = nextService();
  mode = 'hangs';
  // Longer than the test waits: its own time limit would end the request too.
  const page = await visit(context, service, { consent: 'granted', exportTimeoutMillis: 600_000 });
  await page.evaluate(() => /** @type {any} */ (globalThis).telemetry.startSpan('span').end());
  await until(() => namesOf(service).includes('span'), 'the request');
  await page.evaluate(() => /** @type {any} */ (globalThis).telemetry.setConsent(false));
  await until(() => aborted.has(service), 'the end of the connection');
  await context.close();
});

test('what was stored six days ago is sent, and what is older is dropped as expired', async () => {
  const day = 86_400_000;
  for (const [days, isSent] of /** @type {const} */ ([
    [5.9, true],
    [6.1, false],
    [400, false],
  ])) {
    const context = await browser.newContext();
    const service = nextService();
    await (await leaveRows(context, service)).close();
    mode = 'accepts';
    await context.addInitScript((ahead) => {
      const { now } = Date;
      Date.now = () => now() + ahead;
    }, days * day);
    const page = await visit(context, service);
    await until(async () => {
      const { traces, metrics } = await read(page);
      return traces.recovered + metrics.recovered === 2 && traces.pending + metrics.pending === 0;
    }, 'the rows');
    const { traces, metrics } = await read(page);
    // The sum may have been counted.
    assert.deepEqual(
      [traces.exported, traces.dropped.expired, metrics.dropped.unconfirmed, metrics.dropped.expired],
      isSent ? [1, 0, 1, 0] : [0, 1, 0, 1],
      `${days} days`,
    );
    assert.deepEqual(namesOf(service).sort(), isSent ? ['span', 'span', 'sum'] : ['span', 'sum']);
    await until(async () => (await stored(page)).rows === 0, 'no row is left');
    await context.close();
  }
});
