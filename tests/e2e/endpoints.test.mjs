// Endpoints that refuse, redirect, say when to come back, or never stop answering: what becomes of the
// records, and what an app is given to read. Judged by what the endpoint saw, by `stats()`, `health()`,
// events and the console.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { transcode } from '../records.mjs';
import { startBrowser } from './harness.mjs';
import { startPageServer } from './page_server.mjs';

/**
 * @typedef {{ url: string, body: Buffer, response: import('node:http').ServerResponse }} Asked
 * @typedef {(asked: Asked, count: number) => unknown} Endpoint `count` is how many requests came before
 */

/** By name, as `/otlp/<name>` has it. @type {Map<string, Endpoint>} */
const endpoints = new Map();
/**
 * Requests of an endpoint, with when they came and when their response began. @type {Map<string, { came:
 * number, answered: number }[]>}
 */
const asked = new Map();

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** Requests to a login page. */
let logins = 0;
before(async () => {
  browser = await startBrowser();
  server = await startPageServer({
    async otlp(request, response) {
      const came = performance.now();
      const [, , name] = String(request.url).split('/');
      const endpoint = endpoints.get(name);
      // Of another origin, without a preflight that allows it, nothing may be sent.
      if (request.method === 'OPTIONS' || !endpoint) return response.writeHead(404).end();
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const all = asked.get(name) ?? [];
      asked.set(name, all);
      const timing = { came, answered: NaN };
      all.push(timing);
      const sent = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      await endpoint({ url: String(request.url), body, response }, all.length - 1);
      timing.answered = performance.now();
    },
    login(_, response) {
      logins++;
      response.setHeader('access-control-allow-origin', '*').end('<html>Log in</html>');
    },
  });
});
after(async () => {
  await browser?.close();
  server?.stop();
});

/** @param {object} [clock] of the page: milliseconds by which it is ahead */
async function openPage({ ahead = 0 } = {}) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const warnings = [];
  page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
  await page.addInitScript((ahead) => {
    const { now } = Date;
    Date.now = () => now() + ahead;
  }, ahead);
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => 'tonearm' in globalThis);
  return { page, warnings };
}

let services = 0;
/**
 * A pipeline of a page, as `telemetry`, with an endpoint of its own.
 * @param {any} page @param {Endpoint} endpoint @param {object} [options] @param {string} [origin]
 */
async function pipeline(page, endpoint, options = {}, origin = server.origin) {
  const name = `endpoint-${++services}`;
  endpoints.set(name, endpoint);
  await page.evaluate(
    (/** @type {any} */ config) => {
      const telemetry = /** @type {any} */ (globalThis).tonearm.createTelemetry(config);
      const events = /** @type {any[]} */ ([]);
      telemetry.addEventListener('diagnostic', (/** @type {CustomEvent} */ event) =>
        events.push(event.detail),
      );
      Object.assign(globalThis, { telemetry, events });
    },
    {
      serviceName: name,
      endpoint: `${origin}/otlp/${name}`,
      scheduledDelayMillis: 50,
      metricIntervalMillis: 100,
      storage: false,
      ...options,
    },
  );
  return name;
}

/**
 * Ends spans and flushes them. @param {any} page @param {number} [spans] @param {number} [timeoutMillis]
 * @returns {Promise<boolean>}
 */
const send = (page, spans = 1, timeoutMillis = 20_000) =>
  page.evaluate(
    ([spans, timeoutMillis]) => {
      const { telemetry } = /** @type {any} */ (globalThis);
      for (let n = 0; n < spans; n++) telemetry.startSpan(`span ${n}`).end();
      return telemetry.forceFlush({ timeoutMillis });
    },
    [spans, timeoutMillis],
  );

/** @param {any} page */
const read = (page) =>
  page.evaluate(() => {
    const { telemetry, events } = /** @type {any} */ (globalThis);
    const { ready, reasons } = telemetry.health();
    return { traces: telemetry.stats().traces, ready, reasons, events };
  });

/** Waits until it holds. @param {() => unknown} holds @param {string} what */
async function until(holds, what) {
  for (let n = 0; n < 300; n++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it never came: ${what}`);
}

/** @param {Buffer} body */
const spansOf = (body) =>
  JSON.parse(
    new TextDecoder().decode(transcode.request('traces', body)),
  ).resourceSpans[0].scopeSpans[0].spans.map((/** @type {any} */ span) => span.name);

/** Answers 503 with a `Retry-After` twice, then accepts. @param {() => string} value @returns {Endpoint} */
const busy =
  (value) =>
  ({ response }, count) =>
    count < 2 ? response.writeHead(503, { 'retry-after': value() }).end() : response.end();

test('a Retry-After of nothing, of less or of a time that has passed shortens no backoff', async () => {
  const values = ['0', '-5', 'Fri, 01 Jan 2010 00:00:00 GMT', '00', 'soon'];
  const gaps = await Promise.all(
    values.map(async (value) => {
      const { page } = await openPage();
      const name = await pipeline(
        page,
        busy(() => value),
      );
      assert.equal(await send(page), true, value);
      const [first, second, third] = asked.get(name) ?? [];
      await page.close();
      return [second.came - first.answered, third.came - second.answered];
    }),
  );
  // A retry waits for half of its second at least, the next for half of two.
  for (const [at, [first, second]] of gaps.entries())
    assert.ok(first >= 480 && second >= 960, `${values[at]}: ${first} ms, ${second} ms`);
});

test("a date of Retry-After is one of the server's clock, whatever the page's is", async () => {
  const inThree = () => new Date(Date.now() + 3500).toUTCString();
  const gaps = await Promise.all(
    [300_000, -3_600_000].map(async (ahead) => {
      const { page } = await openPage({ ahead });
      const name = await pipeline(page, busy(inThree));
      assert.equal(await send(page, 1, 30_000), true, String(ahead));
      const [first, second] = asked.get(name) ?? [];
      await page.close();
      return second.came - first.answered;
    }),
  );
  // Both clocks have whole seconds in their headers.
  assert.ok(
    gaps.every((gap) => gap >= 1900),
    String(gaps),
  );
});

test('a redirect is a refusal: a login page that answers 200 has accepted nothing', async () => {
  const { page, warnings } = await openPage();
  for (const [status, to] of /** @type {[number, string][]} */ ([
    [302, '/login'],
    [307, '/login'],
    [301, `${server.other}/login`],
    [308, `${server.other}/login`],
  ])) {
    warnings.length = 0;
    const name = await pipeline(page, ({ response }) => response.writeHead(status, { location: to }).end());
    assert.equal(await send(page), false);
    await until(async () => (await read(page)).events.length > 0, 'the event');
    const { traces, ready, reasons, events } = await read(page);
    assert.deepEqual(
      [traces.exported, traces.dropped.rejected, traces.pending, asked.get(name)?.length],
      [0, 1, 0, 1],
    );
    assert.deepEqual([ready, reasons], [false, ['endpoint', 'rejected']]);
    assert.equal(events[0].problem, 'redirected');
    assert.match(warnings.join('\n'), /redirect/);
  }
  assert.equal(logins, 0);
  await page.close();
});

test('where every export is refused, health, one warning and events say so until one is accepted', async () => {
  for (const status of [400, 401, 403, 404, 413, 415, 500, 501]) {
    const { page, warnings } = await openPage();
    let accepts = false;
    const name = await pipeline(page, ({ response }) => response.writeHead(accepts ? 200 : status).end());
    const recordOthers = () =>
      page.evaluate(() => {
        const { telemetry } = /** @type {any} */ (globalThis);
        telemetry.log({ eventName: 'refused' });
        telemetry.recordSearch({ hit: true });
      });
    for (let n = 0; n < 3; n++) {
      await recordOthers();
      assert.equal(await send(page), false, String(status));
    }
    await until(
      async () => new Set((await read(page)).events.map(({ signal }) => signal)).size === 3,
      `events of all signals for ${status}`,
    );
    const { traces, ready, reasons, events } = await read(page);
    assert.deepEqual([ready, reasons], [false, ['endpoint', 'rejected']], String(status));
    assert.deepEqual([traces.exported, traces.dropped.rejected], [0, 3]);
    const [event] = events.filter((/** @type {any} */ { signal }) => signal === 'traces');
    assert.deepEqual(event, {
      signal: 'traces',
      problem: status === 413 ? 'too_large' : 'rejected',
      url: `${server.origin}/otlp/${name}/v1/traces`,
      status,
      records: 1,
      message: '',
    });
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0], new RegExp(`/otlp/${name}/v1/.*status ${status}`));
    for (const word of ['URL', 'status', 'CORS', 'token']) assert.ok(warnings[0].includes(word), word);
    accepts = true;
    await recordOthers();
    assert.equal(await send(page), true);
    assert.deepEqual((await read(page)).reasons, []);
    await page.close();
  }
});

test('an endpoint of another origin that allows no CORS is warned of once, and its records wait', async () => {
  const { page, warnings } = await openPage();
  await pipeline(page, ({ response }) => response.end(), {}, server.other);
  await page.evaluate(() => /** @type {any} */ (globalThis).telemetry.log({ eventName: 'waits' }));
  assert.equal(await send(page, 1, 300), false);
  await until(() => warnings.length > 0, 'the warning');
  await until(async () => (await read(page)).events.length >= 3, 'events of the retries');
  const { traces, ready, reasons, events } = await read(page);
  assert.deepEqual([traces.pending, ready, reasons], [1, false, ['endpoint']]);
  assert.ok(events.every(({ problem, status }) => problem === 'unreachable' && status === undefined));
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0], /CORS/);
  await page.close();
});

test('what an endpoint says of a partial success is shown, and the rest counts as exported', async () => {
  const text = 'spans without a tenant';
  const partial = Buffer.concat([
    Buffer.from([0x0a, text.length + 4, 0x08, 2, 0x12, text.length]),
    Buffer.from(text),
  ]);
  const json = JSON.stringify({ partialSuccess: { rejectedSpans: '2', errorMessage: text } });
  for (const [protocol, body] of /** @type {const} */ ([
    ['http/protobuf', partial],
    ['http/json', json],
  ])) {
    const { page, warnings } = await openPage();
    await pipeline(page, ({ response }) => response.end(body), { protocol });
    assert.equal(await send(page, 5), false);
    await until(() => warnings.length > 0, 'the warning');
    const { traces, ready, events } = await read(page);
    assert.deepEqual([traces.exported, traces.dropped.rejected, ready], [3, 2, true], protocol);
    assert.deepEqual(
      [events[0].problem, events[0].records, events[0].message, events[0].status],
      ['partial_success', 2, text, 200],
    );
    assert.ok(warnings.length === 1 && warnings[0].includes(text), warnings.join('\n'));
    await page.close();
  }
});

test('a 413 splits a batch until its parts fit; a single record that does not is dropped', async () => {
  const { page } = await openPage();
  /** @type {string[]} */
  const arrived = [];
  const name = await pipeline(
    page,
    ({ url, body, response }) => {
      if (!url.endsWith('/traces')) return response.end();
      const spans = spansOf(body);
      // One of them is too large by itself.
      if (spans.length > 7 || spans.includes('span 33')) return response.writeHead(413).end();
      arrived.push(...spans);
      response.end();
    },
    { maxExportBatchSize: 100 },
  );
  assert.equal(await send(page, 100), false);
  const { traces, events } = await read(page);
  assert.deepEqual([traces.exported, traces.dropped.rejected, traces.pending], [99, 1, 0]);
  const all = Array.from({ length: 100 }, (_, n) => `span ${n}`).filter((span) => span !== 'span 33');
  assert.deepEqual(arrived, all, 'each once, in their order');
  assert.ok((asked.get(name)?.length ?? 0) < 60, String(asked.get(name)?.length));
  assert.deepEqual(
    events.map((/** @type {any} */ { problem, records }) => [problem, records]),
    [['too_large', 1]],
  );
  await page.close();
});

test('an endpoint that answers 413 to everything is asked a few times, not for each record', async () => {
  const { page } = await openPage();
  const name = await pipeline(page, ({ response }) => response.writeHead(413).end(), {
    maxExportBatchSize: 512,
  });
  assert.equal(await send(page, 512), false);
  const { traces } = await read(page);
  assert.deepEqual([traces.exported, traces.dropped.rejected, traces.pending], [0, 512, 0]);
  assert.ok((asked.get(name)?.length ?? 0) <= 40, String(asked.get(name)?.length));
  await page.close();
});

/**
 * Writes until the connection is gone. @param {import('node:http').ServerResponse} response @param {number}
 * size @param {number} pause
 */
function flood(response, size, pause) {
  let written = 0;
  const piece = Buffer.alloc(size, 'x');
  const closed = new Promise((resolve) => response.once('close', () => resolve(written)));
  const write = () => {
    if (response.destroyed || written >= 300 << 20) return response.end();
    written += size;
    if (!response.write(piece)) response.once('drain', write);
    else if (pause > 0) setTimeout(write, pause);
    else setImmediate(write);
  };
  write();
  return closed;
}

test('of a reply that goes on and on a little is read, and its status decides', async () => {
  const { page } = await openPage();
  for (const [status, size, pause] of [
    [200, 10, 20],
    [200, 1 << 20, 0],
    [400, 10, 20],
    [400, 1 << 20, 0],
  ]) {
    /** @type {Promise<unknown> | undefined} */
    let closed;
    const name = await pipeline(page, ({ response }) => {
      closed = flood(response.writeHead(status), size, pause);
    });
    assert.equal(await send(page), status === 200);
    const written = Number(await closed);
    assert.ok(written < 32 << 20, `${written} bytes`);
    const { traces } = await read(page);
    assert.deepEqual([traces.exported, traces.dropped.rejected], status === 200 ? [1, 0] : [0, 1]);
    assert.equal(asked.get(name)?.length, 1);
  }
  await page.close();
});

test('of a reply that unpacks to 300 MB a little is unpacked', async () => {
  const { page } = await openPage();
  const bomb = gzipSync(Buffer.alloc(300 << 20));
  await page.evaluate(() => {
    const state = /** @type {any} */ (globalThis);
    state.bytes = 0;
    const { read } = ReadableStreamDefaultReader.prototype;
    ReadableStreamDefaultReader.prototype.read = async function () {
      const result = await Reflect.apply(read, this, []);
      state.bytes += result.value?.length ?? 0;
      return result;
    };
    const { arrayBuffer } = Response.prototype;
    Response.prototype.arrayBuffer = async function () {
      const buffer = await Reflect.apply(arrayBuffer, this, []);
      state.bytes += buffer.byteLength;
      return buffer;
    };
  });
  const name = await pipeline(page, ({ response }) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  );
  assert.equal(await send(page), true);
  const bytes = await page.evaluate(() => /** @type {any} */ (globalThis).bytes);
  assert.ok(bytes > 0 && bytes < 8 << 20, `${bytes} bytes`);
  assert.equal(asked.get(name)?.length, 1);
  await page.close();
});
