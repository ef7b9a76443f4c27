// What the package's engine can't play the browser's element gets, however the source was named: one play,
// one time limit, the true reason.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser, waitForTrace } from './harness.mjs';

/** @param {string} name */
const media = (name) => readFileSync(new URL(`../media/${name}`, import.meta.url));
const webm = media('live.webm');
const mp3 = readFileSync(new URL('../../www/tracks/night-bus.mp3', import.meta.url));

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
/** Of another origin than the page. @type {import('node:http').Server} */
let server;
let origin = '';

/**
 * What the server has, by its path: bytes, type, whether with CORS. @type {Record<string, [Buffer, string,
 * boolean]>}
 */
const FILES = {
  '/live.webm': [webm, 'audio/webm', true],
  '/no-extension': [webm, 'audio/webm', true],
  '/wrong-type': [webm, 'text/plain', true],
  '/no-type': [webm, '', true],
  '/wrong-extension.mp3': [webm, 'audio/mpeg', true],
  '/qt-pcm.mov': [media('qt-pcm.mov'), 'video/quicktime', true],
  '/mp3-in-wav.wav': [media('mp3-in-wav.wav'), 'audio/wav', true],
  '/text': [Buffer.from('no music at all\n'.repeat(1000)), 'text/plain', true],
  '/without-cors': [mp3, 'audio/mpeg', false],
};

before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://host');
    const [bytes, type, cors] = FILES[pathname] ?? [];
    if (cors || pathname === '/404-with-cors') {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', '*');
    }
    if (pathname === '/redirects')
      return response.writeHead(302, { location: `${origin}/without-cors` }).end();
    if (pathname === '/hangs') return undefined;
    if (!bytes) return response.writeHead(404).end();
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(request.headers.range ? 206 : 200, {
      ...(type && { 'content-type': type }),
      'accept-ranges': 'bytes',
      'content-length': bytes.length - start,
      ...(request.headers.range && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    return response.end(bytes.subarray(start));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  origin = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
});
after(async () => {
  await browser?.close();
  backend?.stop();
  server?.closeAllConnections();
  server?.close();
});

/**
 * Plays a source once. `make` gives it in the page.
 * @param {(url: string) => any} make
 * @param {string} path
 * @param {object} [options] of the player
 */
async function playOnce(make, path, options = {}) {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  page.on('console', () => {});
  const outcome = await page.evaluate(
    async ({ make, url, options }) => {
      const { createPlayer, createTelemetry } = globalThis.tonearm;
      const telemetry = createTelemetry({ serviceName: 'fallback', scheduledDelayMillis: 100 });
      const player = createPlayer({ telemetry, ...options });
      let errors = 0;
      player.addEventListener('error', () => errors++);
      await player.load(await new Function(`return (${make})`)()(url));
      const begin = performance.now();
      const failure = await player.play().then(
        () => undefined,
        (/** @type {DOMException} */ error) => error,
      );
      const millis = performance.now() - begin;
      const same = failure === undefined || failure === player.error;
      for (let n = 0; n < 100 && !failure && player.currentTime < 0.1; n++)
        await new Promise((resolve) => setTimeout(resolve, 20));
      await telemetry.forceFlush();
      const { engine, state, currentTime, traceparent } = player;
      return {
        name: failure?.name,
        message: failure?.message ?? '',
        ...{ millis, same, errors, engine, state, currentTime, trace: traceparent.slice(3, 35) },
      };
    },
    { make: String(make), url: `${origin}${path}`, options },
  );
  // One click is one play, and one failure where there is one.
  const spans = await waitForTrace(backend.gateway, outcome.trace, (spans) =>
    spans.some(({ name }) => name === 'track.play'),
  );
  const plays = spans.filter(({ name }) => name === 'track.play');
  const all = await (await fetch(`${backend.gateway}/api/traces/${outcome.trace}/logs`)).json();
  const failed = all.filter((/** @type {any} */ { event }) => event === 'track.play_failed');
  await page.close();
  return {
    ...outcome,
    plays: plays.length,
    failures: failed.length,
    type: plays[0].attributes['error.type'],
    outcome: plays[0].attributes['track.play.outcome'],
  };
}

/** @type {[string, (url: string) => any, string][]} */
const PLAYED = [
  ['WebM', (url) => url, '/live.webm'],
  ['WebM as a Blob', async (url) => (await fetch(url)).blob(), '/live.webm'],
  [
    'WebM as a File without a type',
    async (url) => new File([await (await fetch(url)).arrayBuffer()], 'unnamed'),
    '/live.webm',
  ],
  ['WebM as a blob: URL', async (url) => URL.createObjectURL(await (await fetch(url)).blob()), '/live.webm'],
  [
    'WebM as a data: URL',
    async (url) => {
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      return `data:audio/webm;base64,${btoa(text)}`;
    },
    '/live.webm',
  ],
  ['WebM without an extension', (url) => url, '/no-extension'],
  ['WebM with another type', (url) => url, '/wrong-type'],
  ['WebM without a type', (url) => url, '/no-type'],
  ['WebM with the extension of MP3', (url) => url, '/wrong-extension.mp3'],
  ['WebM by a resolve hook', (url) => ({ resolve: () => url }), '/no-extension'],
  [
    'WebM as the last of several sources',
    (url) => [url.replace('no-ext', '404-no-ext'), url],
    '/no-extension',
  ],
  ['PCM in QuickTime', (url) => url, '/qt-pcm.mov'],
  ['MP3 in WAVE', (url) => url, '/mp3-in-wav.wav'],
  ['a server without CORS', (url) => url, '/without-cors'],
  ['a redirect to a server without CORS', (url) => url, '/redirects'],
];

for (const [what, make, path] of PLAYED) {
  test(`${what} plays`, async () => {
    const result = await playOnce(make, path);
    assert.deepEqual(
      [result.name, result.errors, result.state, result.plays, result.failures, result.outcome],
      [undefined, 0, 'playing', 1, 0, 'started'],
      JSON.stringify(result),
    );
    assert.ok(result.currentTime > 0, 'it is not heard');
  });
}

/** @type {[string, string, string, string, RegExp][]} */
const FAILED = [
  ['a text', '/text', 'NotSupportedError', 'unsupported_format', /no format.*media element/],
  ['a 404 with CORS', '/404-with-cors', 'NetworkError', '404', /status 404/],
  ['a 404 without CORS', '/404', 'NetworkError', 'cors', /without CORS/],
];

for (const [what, path, name, type, message] of FAILED) {
  test(`${what} fails by the true reason, once`, async () => {
    const result = await playOnce((url) => url, path);
    assert.deepEqual(
      [result.name, result.type, result.errors, result.plays, result.failures, result.same, result.state],
      [name, type, 1, 1, 1, true, 'failed'],
      JSON.stringify(result),
    );
    assert.match(result.message, message);
  });
}

test('a server that hangs ends within one time limit, by its own reason', async () => {
  const result = await playOnce((url) => url, '/hangs');
  assert.deepEqual(
    [result.name, result.type, result.errors, result.plays, result.failures],
    ['NetworkError', 'timeout', 1, 1, 1],
    JSON.stringify(result),
  );
  assert.ok(result.millis > 19_000 && result.millis < 21_000, `${result.millis} ms`);
});

test('sources with a hand of the app in their requests stay with ours', async () => {
  const result = await playOnce((url) => ({ src: url, headers: { 'x-listener': '17' } }), '/no-extension');
  assert.deepEqual([result.name, result.engine], ['NotSupportedError', 'stream'], JSON.stringify(result));
});
