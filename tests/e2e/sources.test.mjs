// Where the bytes come from: several sources, files, headers, the app's own fetch, URLs that run out, what is
// fetched ahead.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser } from './harness.mjs';

const track = readFileSync(new URL('../../www/tracks/night-bus.mp3', import.meta.url));

/**
 * A server that can say no: `/gone` always, `/signed` without its header, `/expires` after so many bytes,
 * `/changes` its file.
 */
function startServer() {
  /** @type {{ url: string, headers: import('node:http').IncomingHttpHeaders }[]} */
  const seen = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://host');
    seen.push({ url: url.pathname + url.search, headers: request.headers });
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*');
    response.setHeader('access-control-expose-headers', 'etag, content-range, accept-ranges');
    if (request.method === 'OPTIONS') return response.end();
    const no = (/** @type {number} */ status) => response.writeHead(status).end();
    if (url.pathname === '/gone') return no(404);
    if (url.pathname === '/noise') return response.end(Buffer.alloc(9000, 'no music'));
    if (url.pathname === '/signed' && request.headers['x-signature'] !== 'right') return no(403);
    if (
      url.pathname === '/expires' &&
      !url.search.includes('fresh') &&
      (request.headers.range || url.search.includes('old'))
    )
      return no(403);
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.setHeader('etag', url.pathname === '/changes' && start > 0 ? '"two"' : '"one"');
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-type': 'text/plain',
      'accept-ranges': 'bytes',
      'content-length': track.length - start,
      ...(request.headers.range && { 'content-range': `bytes ${start}-${track.length - 1}/${track.length}` }),
    });
    // The first body breaks off where what comes next is to be asked for.
    if (['/expires', '/changes'].includes(url.pathname) && start === 0) {
      response.write(track.subarray(0, 120_000));
      setTimeout(() => response.destroy(), 200);
    } else response.end(track.subarray(start));
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve({ origin: `http://127.0.0.1:${port}`, seen, close: () => server.close() });
    }),
  );
}

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;
/** @type {any} */
let server;
before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
  server = await startServer();
  page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
});
after(async () => {
  await browser?.close();
  backend?.stop();
  server?.close();
});

/** Runs in the page with a player. @param {(tools: any) => Promise<any>} body */
const withPlayer = (body) =>
  page.evaluate(
    async ({ body, origin }) => {
      const { createPlayer, canPlayType } = await import('/pkg/index.js');
      const player = createPlayer();
      const told = (/** @type {string} */ name) =>
        new Promise((resolve) => player.addEventListener(name, resolve, { once: true }));
      const wait = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));
      try {
        return await new Function(`return (${body})`)()({
          player,
          told,
          wait,
          origin,
          createPlayer,
          canPlayType,
        });
      } catch (error) {
        return { thrown: /** @type {Error} */ (error).name };
      } finally {
        player.destroy();
      }
    },
    { body: String(body), origin: server.origin },
  );

test('of several sources the first that plays is played, and nothing fails on the way', async () => {
  const told = await withPlayer(async ({ player, origin }) => {
    let errors = 0;
    player.addEventListener('error', () => errors++);
    await player.load([`${origin}/gone`, `${origin}/noise`, { src: `${origin}/track.ogg` }]);
    await player.play();
    return { errors, state: player.state, error: player.error };
  });
  assert.deepEqual(told, { errors: 0, state: 'playing', error: null });
});

test('where none plays, the last one says why', async () => {
  const told = await withPlayer(async ({ player, origin }) => {
    await player.load([`${origin}/gone`, `${origin}/noise`]);
    await player.play();
  });
  assert.deepEqual(told, { thrown: 'NotSupportedError' });
});

test('a file plays, and seeks, from where it is', async () => {
  const told = await withPlayer(async ({ player, told, origin }) => {
    const bytes = await (await fetch(`${origin}/track`)).blob();
    await player.load(new File([bytes], 'Night Bus.mp3', { type: 'audio/mpeg' }));
    await player.play();
    player.currentTime = 50;
    await told('seeked');
    return { duration: player.duration, at: Math.floor(player.currentTime), state: player.state };
  });
  assert.deepEqual(told, { duration: 66, at: 50, state: 'playing' });
});

test('headers and a fetch of the app go with the media requests', async () => {
  const told = await withPlayer(async ({ player, origin }) => {
    await player.load({ src: `${origin}/signed`, headers: { 'x-signature': 'right' } });
    await player.play();
    const first = player.state;
    let calls = 0;
    const own = async (/** @type {Request} */ request) => {
      calls++;
      const headers = new Headers(request.headers);
      headers.set('x-signature', 'right');
      return fetch(new Request(request, { headers }));
    };
    await player.load({ src: `${origin}/signed`, fetch: own });
    await player.play();
    return { first, second: player.state, calls };
  });
  assert.deepEqual(told, { first: 'playing', second: 'playing', calls: 1 });
});

test('a URL that runs out is renewed, before the play and in its middle', async () => {
  const told = await withPlayer(async ({ player, wait, origin }) => {
    /** @type {number[]} */
    const statuses = [];
    const renew = ({ url, status }) => {
      statuses.push(status);
      return `${url.split('?')[0]}?fresh`;
    };
    await player.load({ src: `${origin}/expires?old`, renew });
    await player.play();
    const before = statuses.splice(0);
    await player.load({ src: `${origin}/expires`, renew });
    await player.play();
    player.currentTime = 3;
    await wait(2500);
    return { before, within: statuses, state: player.state, end: player.buffered.end(0) > 60 };
  });
  assert.deepEqual(told, { before: [403], within: [403], state: 'playing', end: true });
});

test('a resolve that never settles ends within the time of a first byte, and its signal aborts', async () => {
  const told = await withPlayer(async ({ player, origin }) => {
    let aborted = false;
    const resolve = ({ signal }) =>
      new Promise(() => signal.addEventListener('abort', () => (aborted = true)));
    await player.load({ resolve, firstByteTimeout: 0.5 });
    const outcome = await player.play().catch((error) => error.name);
    await player.load([{ resolve, firstByteTimeout: 0.5 }, `${origin}/track?after`]);
    await player.play();
    return { outcome, aborted, state: player.state };
  });
  assert.deepEqual(told, { outcome: 'NetworkError', aborted: true, state: 'playing' });
});

test('a file that changed under the play is not patched together', async () => {
  const told = await withPlayer(async ({ player, told, origin }) => {
    await player.load(`${origin}/changes`);
    await player.play();
    await Promise.race([
      told('error'),
      new Promise((_, no) => setTimeout(() => no(new DOMException('', 'TimeoutError')), 20_000)),
    ]);
    return { message: player.error.message, heard: player.stats().playTime > 5 };
  });
  assert.deepEqual(told, { message: 'The source has changed while it was fetched.', heard: true });
});

test('preload fetches what it says, and a loop goes on', async () => {
  const told = await withPlayer(async ({ player, told, wait, origin }) => {
    player.preload = 'metadata';
    const known = told('loadedmetadata');
    await player.load(`${origin}/track?metadata`);
    await known;
    const duration = player.duration;
    player.preload = 'auto';
    const ready = told('canplay');
    await player.load(`${origin}/track?auto`);
    await ready;
    await wait(300);
    await player.play();
    const latency = player.stats().latency;
    player.setLoop(1, 1.6);
    player.currentTime = 1.2;
    await wait(2500);
    return {
      duration,
      quick: latency < 0.2,
      within: player.currentTime >= 0.99 && player.currentTime < 1.9,
      state: player.state,
    };
  });
  // Each pass of a loop begins with a seek.
  assert.ok(['playing', 'seeking'].includes(told.state), told.state);
  assert.deepEqual(told, { duration: 66, quick: true, within: true, state: told.state });
});

test('types are known by their names', async () => {
  const told = await withPlayer(async ({ canPlayType }) =>
    [
      'audio/mpeg',
      'audio/mp4; codecs="mp4a.40.2"',
      'audio/ogg; codecs=opus',
      'audio/ogg',
      'audio/x-flac',
      'video/mp4',
      'audio/mp4; codecs="ac-3"',
    ].map(canPlayType),
  );
  assert.deepEqual(told, ['probably', 'probably', 'probably', 'maybe', 'probably', '', '']);
});
