// Servers that give less than was asked, break off, refuse, redirect or change their minds: what a user
// hears, by a recorder on the output, and what the player says.

/* global createPlayer, reaches, record, recorder, sum, until -- what the page defines */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser, waitForTrace } from './harness.mjs';

const read = (/** @type {string} */ name) => readFileSync(new URL(`../../${name}`, import.meta.url));
/** @type {Record<string, Buffer>} */
const files = {
  'short.mp3': read('tests/e2e/media/short.mp3'),
  'track.mp3': read('www/tracks/night-bus.mp3'),
  'chain.ogg': read('tests/media/chain-small.ogg'),
  'music.flac': read('target/formats/bench.flac'),
  'music.ogg': read('target/formats/oggenc.ogg'),
};

/** What each path does: the first part of the path names it, the second the file. */
/**
 * @type {Record<string, (context: { request: import('node:http').IncomingMessage, response:
 * import('node:http').ServerResponse, file: Buffer, start: number, ranged: boolean, count: number }) =>
 * void>}
 */
const servers = {
  /** Gives at most 100 kB of a range. */
  capped({ response, file, start, ranged }) {
    const end = Math.min(file.length, start + 100_000);
    if (!ranged && start === 0)
      return void response.writeHead(200, { 'content-length': file.length }).end(file);
    const range = { 'content-range': `bytes ${start}-${end - 1}/${file.length}` };
    response.writeHead(206, range).end(file.subarray(start, end));
  },
  /** The same, from the first request on, which asks for no range. */
  parts({ response, file, start }) {
    const end = Math.min(file.length, start + 100_000);
    const range = { 'content-range': `bytes ${start}-${end - 1}/${file.length}` };
    response.writeHead(206, range).end(file.subarray(start, end));
  },
  /** No ranges, and a body that breaks off at 300 kB. */
  breaks({ response, file }) {
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, 300_000), () => setTimeout(() => response.destroy(), 100));
  },
  /** A length that is too large, and no ranges. */
  boasts({ response, file }) {
    response.writeHead(200, { 'content-length': file.length + 5000 });
    response.write(file, () => setTimeout(() => response.destroy(), 100));
  },
  /** Ranges after the first body, which breaks off, are refused. */
  refuses({ response, file, ranged, count }) {
    if (ranged) return void response.writeHead(416).end();
    response.writeHead(200, { 'content-length': file.length });
    if (count > 1) return void response.end(file);
    response.write(file.subarray(0, 300_000), () => setTimeout(() => response.destroy(), 100));
  },
  /** Each response says its tag in another way. */
  tags({ response, file, start, ranged, count }) {
    const etag = ['"x"', 'W/"x"', '"x-gzip"', '"x;br"'][(count - 1) % 4];
    const range = { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` };
    const head = { etag, 'accept-ranges': 'bytes', 'content-length': file.length - start };
    response.writeHead(ranged ? 206 : 200, ranged ? { ...head, ...range } : head);
    if (ranged) return void response.end(file.subarray(start));
    response.write(file.subarray(0, 300_000), () => setTimeout(() => response.destroy(), 100));
  },
  /** 500 kB, and then nothing but refusals. */
  leaves({ request, response, file, start, ranged }) {
    const status = Number(new URL(request.url ?? '', 'http://host').searchParams.get('status'));
    if (ranged || start > 0) return void (status ? response.writeHead(status).end() : undefined);
    response.writeHead(200, { 'content-length': file.length, 'accept-ranges': 'bytes' });
    response.write(file.subarray(0, 200_000), () => setTimeout(() => response.destroy(), 100));
  },
  /** Neither ranges nor a length. */
  stream({ response, file }) {
    response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(file);
  },
  /** Ranges and no length. */
  unknown({ response, file, start, ranged }) {
    if (start >= file.length) return void response.writeHead(416).end();
    const range = { 'content-range': `bytes ${start}-${file.length - 1}/*` };
    const head = { 'accept-ranges': 'bytes', 'transfer-encoding': 'chunked', ...(ranged && range) };
    response.writeHead(ranged ? 206 : 200, head).end(file.subarray(start));
  },
  slow({ response, file }) {
    setTimeout(() => response.writeHead(200, { 'content-length': file.length }).end(file), 1500);
  },
  hangs() {},
};

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('node:http').Server[]} */
const running = [];
/** @type {{ url: string, range?: string, origin: string }[]} */
const seen = [];
/** One server with CORS, and one without, as a CDN that knows nothing of the page. */
let [open, closed] = ['', ''];

/** @param {boolean} cors */
function start(cors) {
  const server = createServer((request, response) => {
    const [, kind, name] = new URL(request.url ?? '', 'http://host').pathname.split('/');
    if (cors) {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', '*');
      response.setHeader(
        'access-control-expose-headers',
        'etag, content-range, accept-ranges, last-modified',
      );
    }
    if (request.method === 'OPTIONS') return void response.writeHead(cors ? 204 : 403).end();
    const { range } = request.headers;
    seen.push({ url: request.url ?? '', range, origin: cors ? 'open' : 'closed' });
    const file = files[name];
    if (!file || !servers[kind]) return void response.writeHead(404).end();
    response.setHeader('content-type', 'application/octet-stream');
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const count = seen.filter(({ url }) => url === request.url).length;
    servers[kind]({ request, response, file, start: from, ranged: range !== undefined, count });
  });
  running.push(server);
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve(`http://127.0.0.1:${port}`);
    }),
  );
}

before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
  [open, closed] = await Promise.all([start(true), start(false)]);
});
after(async () => {
  await browser?.close();
  backend?.stop();
  for (const server of running) {
    server.closeAllConnections();
    server.close();
  }
});

/**
 * Runs a function in a page that has a player, and a recorder on its output. @param {any} run @param {any}
 * [argument]
 */
async function inPage(run, argument) {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  // A redirect of the page's own origin.
  await page.route('**/redirected/**', (route) => {
    const to = new URL(route.request().url()).searchParams.get('to') ?? '';
    return route.fulfill({ status: 302, headers: { location: to } });
  });
  await page.evaluate(async () => {
    const { createPlayer, createTelemetry } = await import('/pkg/index.js');
    const telemetry = createTelemetry({ serviceName: 'servers', scheduledDelayMillis: 100 });
    const context = new AudioContext({ sampleRate: 48000 });
    await context.audioWorklet.addModule('/e2e/recorder.js');
    const sum = new GainNode(context);
    const recorder = new AudioWorkletNode(context, 'recorder');
    sum.connect(recorder).connect(context.destination);
    const record = () =>
      new Promise((resolve) => {
        recorder.port.onmessage = ({ data }) => data.runs && resolve(data);
        recorder.port.postMessage('read');
      });
    const reaches = (/** @type {any} */ player, /** @type {string[]} */ states, ms = 40_000) =>
      new Promise((resolve, reject) => {
        const check = () => states.includes(player.state) && resolve(player.state);
        player.addEventListener('statechange', check);
        setTimeout(() => reject(new Error(`${player.state} at ${player.currentTime}`)), ms);
        check();
      });
    const until = async (/** @type {() => boolean} */ done, ms = 20_000) => {
      const end = performance.now() + ms;
      while (!done()) {
        if (performance.now() > end) throw new Error(`never: ${done}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    Object.assign(globalThis, { createPlayer, telemetry, sum, recorder, record, reaches, until });
  });
  try {
    return await page.evaluate(run, argument);
  } finally {
    await page.close();
  }
}

/** Plays a URL to its end. @param {string} url */
const playThrough = (url) =>
  inPage(async (/** @type {string} */ url) => {
    const player = createPlayer({ telemetry, destination: sum });
    await player.load(url);
    await player.play();
    const state = await reaches(player, ['ended', 'failed'], 60_000);
    const { duration, error } = player;
    const { playTime, stalls, decodeFailures } = player.stats();
    return { state, duration, error: error?.message, playTime, stalls, decodeFailures };
  }, url);

const requestsTo = (/** @type {string} */ path) => seen.filter(({ url }) => url === path);

for (const kind of ['capped', 'parts']) {
  test(`a server that gives a part of what was asked for is heard to the end: ${kind}`, async () => {
    const outcome = await playThrough(`${open}/${kind}/short.mp3`);
    assert.deepEqual([outcome.state, outcome.decodeFailures], ['ended', 0]);
    assert.ok(Math.abs(outcome.playTime - outcome.duration) < 0.02, JSON.stringify(outcome));
  });
}

test('a seek over a server that gives parts goes on to the end', async () => {
  const outcome = await inPage(async (/** @type {string} */ url) => {
    const player = createPlayer({ telemetry, destination: sum });
    await player.load(url);
    await player.play();
    player.currentTime = 55;
    const state = await reaches(player, ['ended', 'failed'], 30_000);
    return { state, at: player.currentTime, duration: player.duration };
  }, `${open}/parts/track.mp3`);
  assert.equal(outcome.state, 'ended');
  // In a file of many bit rates a seek is as near as its table.
  assert.ok(Math.abs(outcome.at - outcome.duration) < 1, JSON.stringify(outcome));
});

test('a body that breaks off without ranges is heard to there, and then named', async () => {
  const outcome = await playThrough(`${open}/breaks/track.mp3`);
  assert.deepEqual(
    [outcome.state, outcome.error],
    ['failed', 'The network failed while the source was fetched.'],
  );
  assert.ok(
    requestsTo('/breaks/track.mp3').length <= 5,
    `${requestsTo('/breaks/track.mp3').length} requests`,
  );
  assert.ok(outcome.playTime > 5, `heard ${outcome.playTime} s`);
});

test('a length that is too large is no error where all was heard', async () => {
  const outcome = await playThrough(`${open}/boasts/short.mp3`);
  assert.deepEqual([outcome.state, outcome.error], ['ended', undefined]);
  assert.ok(Math.abs(outcome.playTime - outcome.duration) < 0.02, JSON.stringify(outcome));
});

for (const kind of ['refuses', 'tags']) {
  test(`a track whose connection breaks plays on: ${kind}`, async () => {
    const outcome = await inPage(async (/** @type {string} */ url) => {
      const player = createPlayer({ telemetry, destination: sum });
      await player.load(url);
      await player.play();
      await until(() => player.currentTime > 1);
      player.currentTime = 40;
      await until(() => player.state === 'playing' && player.currentTime > 41);
      return { state: player.state, error: player.error?.message };
    }, `${open}/${kind}/track.mp3`);
    assert.deepEqual(outcome, { state: 'playing', error: undefined });
  });
}

test('another rate is heard at once, and fetches nothing', async () => {
  const url = `${open}/tags/track.mp3?rate`;
  const outcome = await inPage(async (/** @type {string} */ url) => {
    const player = createPlayer({ telemetry, destination: sum });
    /** @type {string[]} */
    const states = [];
    player.preservesPitch = false;
    await player.load(url);
    await player.play();
    await until(() => player.currentTime > 2);
    player.addEventListener('statechange', () => states.push(player.state));
    const runs = [];
    for (const rate of [1.5, 0.75, 1]) {
      recorder.port.postMessage('arm');
      player.playbackRate = rate;
      await until(() => player.state === 'playing');
      const from = player.currentTime;
      await until(() => player.currentTime > from + 1);
      runs.push(Math.max(0, ...(await record()).runs));
    }
    return { states, runs };
  }, url);
  assert.deepEqual(outcome.states, []);
  // The longest silence, in frames.
  assert.ok(Math.max(...outcome.runs) < 12_000, JSON.stringify(outcome));
  const ranges = requestsTo('/tags/track.mp3?rate').map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]));
  assert.deepEqual(
    ranges,
    [...new Set(ranges)].sort((a, b) => a - b),
    'no byte was fetched twice',
  );
});

for (const [status, name] of /** @type {const} */ ([
  [403, 'The server answered the media request with status 403.'],
  [412, 'The server answered the media request with status 412.'],
  [503, 'The network failed while the source was fetched.'],
])) {
  test(`another rate over a server that has left fails by name: ${status}`, async () => {
    const outcome = await inPage(async (/** @type {string} */ url) => {
      const player = createPlayer({ telemetry, destination: sum });
      await player.load(url);
      await player.play();
      await until(() => player.currentTime > 1);
      player.playbackRate = 2;
      const state = await reaches(player, ['ended', 'failed'], 60_000);
      return { state, error: player.error?.message, heard: player.currentTime };
    }, `${open}/leaves/track.mp3?status=${status}`);
    assert.deepEqual([outcome.state, outcome.error], ['failed', name]);
    assert.ok(outcome.heard > 5, JSON.stringify(outcome));
  });
}

test('a chain that changes its channels plays to its end', async () => {
  const outcome = await playThrough(`${open}/parts/chain.ogg`);
  assert.deepEqual([outcome.state, outcome.error], ['ended', undefined]);
  assert.ok(Math.abs(outcome.playTime - 2) < 0.02, JSON.stringify(outcome));
});

for (const kind of ['stream', 'unknown']) {
  for (const name of ['music.flac', 'music.ogg']) {
    test(`a seek in ${name} whose length is unknown repeats no downloads: ${kind}`, async () => {
      const path = `/${kind}/${name}`;
      const outcome = await inPage(async (/** @type {string} */ url) => {
        const player = createPlayer({ telemetry, destination: sum });
        await player.load(url);
        await player.play();
        await until(() => player.currentTime > 0.5);
        player.currentTime = 5;
        await until(() => player.state === 'playing' && player.currentTime > 5.2, 30_000);
        player.currentTime = 1;
        await until(() => player.state === 'playing' && player.currentTime > 1.2, 30_000);
        return player.currentTime;
      }, open + path);
      assert.ok(outcome > 1.2 && outcome < 3, `${outcome}`);
      const requests = requestsTo(path);
      assert.ok(requests.length <= 3, JSON.stringify(requests));
      const absurd = requests.filter(
        ({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]) > files[name].length,
      );
      assert.deepEqual(absurd, []);
    });
  }
}

test('a first byte that comes late is waited for as long as the app says', async () => {
  const outcome = await inPage(async (/** @type {string} */ src) => {
    const outcomes = [];
    for (const firstByteTimeout of [0.3, 10]) {
      const player = createPlayer({ telemetry, destination: sum });
      await player.load({ src: `${src}?${firstByteTimeout}`, firstByteTimeout });
      const begun = performance.now();
      const error = await player.play().catch((/** @type {DOMException} */ error) => error);
      outcomes.push([error?.name, error?.message, performance.now() - begun < 5000]);
      player.destroy();
    }
    const player = createPlayer();
    for (const firstByteTimeout of [0, -1, NaN, 1e9, '5x'])
      outcomes.push(
        await player.load({ src, firstByteTimeout }).catch((/** @type {Error} */ { name }) => name),
      );
    return outcomes;
  }, `${open}/slow/short.mp3`);
  assert.deepEqual(outcome, [
    ['NetworkError', 'The server sent nothing of the source within the time limit.', true],
    [undefined, undefined, true],
    ...Array(5).fill('TypeError'),
  ]);
});

/** Plays a URL with an engine of the player's own choice. @param {string} url @param {object} [source] */
const playFree = (url, source = {}) =>
  inPage(
    async (/** @type {[string, object]} */ [url, source]) => {
      const player = createPlayer({ telemetry });
      const begun = performance.now();
      await player.load({ src: url, ...source });
      const error = await player.play().catch((/** @type {DOMException} */ error) => error);
      const took = performance.now() - begun;
      const { engine, traceparent, state } = player;
      player.destroy();
      await telemetry.forceFlush();
      return { name: error?.name, message: error?.message, engine, traceparent, state, took };
    },
    [url, source],
  );

/** The plays of a trace that has arrived. @param {string} traceparent */
async function playsOf(traceparent) {
  const spans = await waitForTrace(backend.gateway, traceparent.slice(3, 35), (spans) =>
    spans.some(({ name }) => name === 'track.play'),
  );
  return spans.filter(({ name }) => name === 'track.play');
}

test('a redirect of the own origin to a server without CORS plays through the element', async () => {
  const to = encodeURIComponent(`${closed}/parts/short.mp3`);
  const outcome = await playFree(`${backend.gateway}/redirected/a?to=${to}`);
  assert.deepEqual([outcome.name, outcome.engine, outcome.state], [undefined, 'element', 'playing']);
  const plays = await playsOf(outcome.traceparent);
  assert.deepEqual(
    plays.map(({ attributes }) => [attributes['player.engine'], attributes['error.type']]),
    [['element', undefined]],
  );
  const log = await (
    await fetch(`${backend.gateway}/api/traces/${outcome.traceparent.slice(3, 35)}/logs`)
  ).json();
  assert.deepEqual(
    log.filter((/** @type {any} */ { event }) => event === 'track.play_failed'),
    [],
  );
});

test('a missing file on a server without CORS is no unknown format', async () => {
  const outcome = await playFree(`${closed}/parts/no-such-file.mp3`);
  assert.equal(outcome.name, 'NetworkError');
  assert.match(outcome.message, /without CORS/);
  const plays = await playsOf(outcome.traceparent);
  assert.deepEqual(
    plays.map(({ attributes }) => attributes['error.type']),
    ['cors'],
  );
});

test('a redirect to a server that takes simple requests alone plays through ours', async () => {
  const to = encodeURIComponent(`${open}/parts/short.mp3?simple`);
  const outcome = await playFree(`${backend.gateway}/redirected/a?to=${to}`);
  assert.deepEqual([outcome.name, outcome.engine, outcome.state], [undefined, 'stream', 'playing']);
});

test('a server that is not there is a network error at once, and one play', async () => {
  const gone = await start(false);
  await new Promise((resolve) => running.pop()?.close(resolve));
  const outcome = await playFree(`${gone}/parts/short.mp3`);
  assert.equal(outcome.name, 'NetworkError');
  // The element was tried within the same play, and its reason is added.
  assert.match(
    outcome.message,
    /^The network failed while the source was fetched\. The browser's media element: /,
  );
  assert.ok(outcome.took < 5000, `${outcome.took} ms`);
  const plays = await playsOf(outcome.traceparent);
  assert.deepEqual(
    plays.map(({ attributes }) => attributes['error.type']),
    ['network'],
  );
});

test('a server that hangs fails within one time limit, and one play', async () => {
  const outcome = await playFree(`${closed}/hangs/short.mp3`, { firstByteTimeout: 2 });
  assert.deepEqual(
    [outcome.name, outcome.message, outcome.engine],
    ['NetworkError', 'The server sent nothing of the source within the time limit.', 'stream'],
  );
  assert.ok(outcome.took < 4000, `${outcome.took} ms`);
  const plays = await playsOf(outcome.traceparent);
  assert.deepEqual(
    plays.map(({ attributes }) => attributes['error.type']),
    ['timeout'],
  );
});
