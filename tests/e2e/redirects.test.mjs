// Where a trace's context and the app's credentials go when a server sends a request elsewhere, or a URL is
// renewed: to the origins that may have them and to no other. Judged by what the servers are sent.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { startBrowser } from './harness.mjs';
import { startPageServer } from './page_server.mjs';

const track = readFileSync(new URL('media/steady.mp3', import.meta.url));

/**
 * @typedef {{ origin: string, method: string, path: string, headers: import('node:http').IncomingHttpHeaders
 * }} Seen
 */
/** Requests in their order, preflights left out. @type {Seen[]} */
let seen = [];

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** Another origin, of `propagateTo`. @type {Awaited<ReturnType<typeof startPageServer>>} */
let allowed;
/** @type {import('playwright-core').Browser} */
let browser;

/**
 * Notes a request and allows everything. Returns its URL, or nothing where it is a preflight.
 * @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response
 */
function note(request, response) {
  const { origin = '*' } = request.headers;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader(
    'access-control-allow-headers',
    'traceparent, tracestate, baggage, authorization, range, x-own',
  );
  response.setHeader('access-control-allow-methods', 'GET, POST');
  response.setHeader('access-control-expose-headers', 'content-range, accept-ranges');
  response.setHeader('cache-control', 'no-store');
  if (request.method === 'OPTIONS') return void response.end();
  const url = new URL(request.url ?? '', `http://${request.headers.host}`);
  const { method = '', headers } = request;
  seen.push({ origin: url.origin, method, path: url.pathname, headers });
  return url;
}

const routes = {
  /** Redirects with the status of the path. @type {import('./page_server.mjs').Route} */
  hop(request, response) {
    const url = note(request, response);
    if (!url) return;
    const location = url.searchParams.get('to') ?? '';
    response.writeHead(Number(url.pathname.split('/')[2]), { location }).end();
  },
  /** @type {import('./page_server.mjs').Route} */
  sink(request, response) {
    if (note(request, response)) response.end('here');
  },
  /** A track, which has run out at `/music/old`. @type {import('./page_server.mjs').Route} */
  music(request, response) {
    const url = note(request, response);
    if (!url) return;
    if (url.pathname.includes('old')) return response.writeHead(401).end();
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-type': 'audio/mpeg',
      'accept-ranges': 'bytes',
      'content-length': track.length - start,
      ...(request.headers.range && { 'content-range': `bytes ${start}-${track.length - 1}/${track.length}` }),
    });
    return response.end(track.subarray(start));
  },
};

before(async () => {
  [server, allowed] = await Promise.all([startPageServer(routes), startPageServer(routes)]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  server?.stop();
  allowed?.stop();
});
beforeEach(() => (seen = []));

async function open() {
  const page = await browser.newPage();
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => 'tonearm' in globalThis);
  await page.evaluate(
    async ([endpoint, allowed]) => {
      const { tonearm } = /** @type {any} */ (globalThis);
      const telemetry = tonearm.createTelemetry({
        serviceName: 'redirects',
        endpoint,
        storage: false,
        propagateTo: [allowed],
        propagators: ['tracecontext', 'baggage'],
      });
      await tonearm.init();
      telemetry.setBaggage({ plan: 'secret' });
      telemetry.instrumentFetch();
      // What traces is there once it has traced.
      await (await telemetry.fetch('/sink/first')).text();
      Object.assign(globalThis, { telemetry });
    },
    [server.origin, allowed.origin],
  );
  return page;
}

const CONTEXT = ['traceparent', 'tracestate', 'baggage'];
/** Headers of a request that hand a context on. @param {Seen} request */
const contextOf = ({ headers }) => CONTEXT.filter((name) => name in headers);

test('a context does not follow a redirect to an origin that may not have it', async () => {
  const page = await open();
  assert.deepEqual(contextOf(seen[0]), ['traceparent', 'baggage']);
  for (const first of [server.origin, allowed.origin])
    for (const status of [301, 302, 303, 307, 308]) {
      seen = [];
      const path = `${first}/hop/${status}/${first === server.origin ? 'own' : 'other'}`;
      const get = () =>
        page.evaluate(
          async (url) => {
            const response = await fetch(url, { headers: { 'x-own': 'app' } });
            return [await response.text(), response.ok, response.redirected];
          },
          `${path}?to=${encodeURIComponent(`${server.other}/sink/${status}`)}`,
        );
      assert.deepEqual(await get(), ['here', true, true]);
      const there = seen.filter(({ origin }) => origin === server.other);
      assert.equal(there.length, 1);
      assert.deepEqual([contextOf(there[0]), there[0].headers['x-own']], [[], 'app']);
      // Known from then on: one request each.
      seen = [];
      assert.deepEqual(await get(), ['here', true, true]);
      assert.deepEqual(seen.map(contextOf), [[], []]);
    }
  // Paths that do not redirect carry it as before.
  seen = [];
  await page.evaluate((url) => fetch(url).then((response) => response.text()), `${allowed.origin}/sink/last`);
  assert.deepEqual(seen.map(contextOf), [['traceparent', 'baggage']]);
  await page.close();
});

test('a request that is not safe to repeat is sent once, and a path that redirects it carries no context again', async () => {
  const page = await open();
  const post = () =>
    page.evaluate(
      (url) => fetch(url, { method: 'POST', body: 'x' }).then((response) => response.text()),
      `/hop/307/post?to=${encodeURIComponent(`${server.other}/sink/post`)}`,
    );
  seen = [];
  assert.equal(await post(), 'here');
  assert.deepEqual(
    seen.map(({ method, path }) => [method, path]),
    [
      ['POST', '/hop/307/post'],
      ['POST', '/sink/post'],
    ],
  );
  seen = [];
  assert.equal(await post(), 'here');
  assert.deepEqual(seen.map(contextOf), [[], []]);
  await page.close();
});

/**
 * Plays a source to its first sample, and beyond a seek. @param {any} page @param {any} source @param
 * {string} [renewed]
 */
const play = (page, source, renewed) =>
  page.evaluate(
    async ([source, renewed]) => {
      const { tonearm, telemetry } = /** @type {any} */ (globalThis);
      const player = tonearm.createPlayer({ telemetry });
      await player.load(renewed ? { ...source, renew: () => renewed } : source);
      await player.play();
      const { state } = player;
      player.destroy();
      return state;
    },
    [source, renewed],
  );

test("a play's context does not follow a redirect to an origin that may not have it", async () => {
  const page = await open();
  seen = [];
  const to = encodeURIComponent(`${server.other}/music/track`);
  assert.equal(await play(page, { src: `${server.origin}/hop/302/track?to=${to}` }), 'playing');
  const own = seen.filter(({ path }) => path.startsWith('/hop'));
  const there = seen.filter(({ path }) => path.startsWith('/music'));
  assert.deepEqual(contextOf(own[0]), ['traceparent', 'baggage']);
  assert.ok(there.length > 0);
  for (const request of there) assert.deepEqual([request.origin, contextOf(request)], [server.other, []]);
  await page.close();
});

test('at the origin of a renewed URL authorization and context are decided anew', async () => {
  const page = await open();
  const headers = { authorization: 'Bearer secret', 'x-own': 'app' };
  for (const [origin, mayHaveContext] of /** @type {const} */ ([
    [server.other, false],
    [server.origin, true],
    [allowed.origin, true],
  ])) {
    seen = [];
    const src = `${allowed.origin}/music/old`;
    assert.equal(await play(page, { src, headers }, `${origin}/music/new`), 'playing');
    const [first, ...later] = seen;
    assert.deepEqual(
      [contextOf(first), first.headers.authorization],
      [['traceparent', 'baggage'], 'Bearer secret'],
    );
    assert.ok(later.length > 0);
    for (const request of later) {
      assert.equal(request.origin, origin);
      const isOwn = origin === allowed.origin;
      assert.equal(request.headers.authorization, isOwn ? 'Bearer secret' : undefined, origin);
      assert.deepEqual(contextOf(request), mayHaveContext ? ['traceparent', 'baggage'] : [], origin);
      assert.equal(request.headers['x-own'], 'app');
    }
  }
  await page.close();
});
