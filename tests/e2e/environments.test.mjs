// Pages that are not like most: without some of the browser's interfaces, in a Worker, on a server, under
// Trusted Types, with the script of another origin, in a sandbox, with a wasm file that cannot be had. Each
// works, or says what to do.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startBrowser } from './harness.mjs';
import { startOtlpServer } from './otlp_server.mjs';
import { MODULE_PAGE, startPageServer } from './page_server.mjs';

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** @type {Awaited<ReturnType<typeof startOtlpServer>>} */
let otlp;
/** @type {import('playwright-core').Browser} */
let browser;
/** Headers of the page `/special`. @type {Record<string, string>} */
let headers = {};
/** Its text. */
let html = MODULE_PAGE;
let services = 0;

before(async () => {
  server = await startPageServer({
    special: (_, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.setHeader('content-type', 'text/html').end(html);
    },
    worker: (_, response) =>
      response
        .setHeader('content-type', 'text/javascript')
        .end(`import * as tonearm from '/pkg/index.js'; globalThis.tonearm = tonearm; postMessage('ready');`),
  });
  [otlp, browser] = await Promise.all([startOtlpServer(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  server?.stop();
  otlp?.stop();
});

/**
 * Opens a page with the package, and nothing else.
 * @param {string} url @param {(page: import('playwright-core').Page) => unknown} [prepare]
 */
async function open(url, prepare) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await prepare?.(page);
  await page.goto(url);
  await page.waitForFunction(() => globalThis.tonearm);
  return { page, errors };
}

/**
 * Plays a track and sends a span; what came of both. Runs in the page.
 * @param {[serviceName: string, endpoint: string, base: string, options: object]} of
 */
const tryHere = async ([serviceName, endpoint, base, options]) => {
  const { createPlayer, createTelemetry } = globalThis.tonearm;
  const telemetry = createTelemetry({
    serviceName,
    endpoint,
    scheduledDelayMillis: 50,
    .../** @type {any} */ (options),
  });
  const player = createPlayer({ telemetry });
  await player.load({
    resolve: async ({ fetch, signal }) => {
      await (await fetch(`${base}/tracks/short.mp3?head`, { method: 'HEAD', signal })).text();
      return `${base}/tracks/short.mp3`;
    },
  });
  const failure = await player.play().then(
    () => undefined,
    (error) => `${error.name}: ${error.message}`,
  );
  const context = player.engine === 'stream' ? player.analyser.context : undefined;
  const response = await telemetry.fetch(`${base}/tracks/short.mp3`, {});
  await response.arrayBuffer();
  telemetry.createCounter('c').add(1);
  telemetry.log({ eventName: 'e' });
  telemetry.startSpan('mine').end();
  const arrived = await telemetry.forceFlush();
  return {
    failure,
    state: player.state,
    engine: player.engine,
    rate: context?.sampleRate,
    arrived,
    service: serviceName,
  };
};

/** @param {object} options of the pipeline @returns {[string, string, string, object]} */
const argumentsOf = (options) => [`environment-${++services}`, otlp.url, server.origin, options];

/**
 * @param {import('playwright-core').Page | import('playwright-core').Frame} page @param {object} [options] of
 * the pipeline
 */
const tryAll = (page, options = {}) => page.evaluate(tryHere, argumentsOf(options));

/** @param {Awaited<ReturnType<typeof tryAll>>} seen @param {string} [engine] */
async function works(seen, engine = 'stream') {
  assert.deepEqual(
    [seen.failure, seen.state, seen.engine, seen.arrived],
    [undefined, 'playing', engine, true],
  );
  const { spans } = await otlp.of(seen.service, ({ spans, metrics, logs }) =>
    ['mine', 'GET', 'track.play'].every(
      (name) => spans.some((/** @type {any} */ span) => span.name === name) && metrics.length && logs.length,
    ),
  );
  assert.ok(spans.length > 0);
}

/** Interfaces that the oldest supported browsers do not have. */
const YOUNG = [
  ...['AbortSignal.any', 'AbortSignal.timeout', 'URL.canParse', 'URL.parse', 'Promise.withResolvers'],
  ...['CompressionStream', 'structuredClone', 'scheduler', 'trustedTypes', 'Iterator', 'AudioDecoder'],
  ...['Uint8Array.prototype.toHex', 'String.prototype.isWellFormed', 'String.prototype.toWellFormed'],
  ...['Array.prototype.findLast', 'Array.prototype.toSorted', 'Array.prototype.toReversed'],
  ...['Array.prototype.with', 'Array.fromAsync', 'Object.groupBy', 'Response.prototype.bytes'],
  ...['AbortSignal.prototype.throwIfAborted', 'Set.prototype.union', 'Request.prototype.duplex'],
  ...['AudioContext.prototype.setSinkId', 'PerformanceResourceTiming.prototype.responseStatus'],
  ...['NavigatorUAData.prototype.brands', 'Navigator.prototype.locks', 'Navigator.prototype.userActivation'],
  ...['Navigator.prototype.scheduling', 'Navigator.prototype.audioSession', 'IDBFactory.prototype.databases'],
];

for (const [what, options] of /** @type {[string, object][]} */ ([
  ['', {}],
  [', with JSON, and storage refused', { protocol: 'http/json', storage: false }],
])) {
  test(`an older browser plays, traces and exports${what}`, async () => {
    headers = {};
    // All in the page's own script: what drives the browser needs some of what is missing.
    html = `<!doctype html><link rel="icon" href="data:,"><script type="module">
      const left = [];
      for (const path of ${JSON.stringify(YOUNG)}) {
        const names = path.split('.');
        const name = names.pop();
        const owner = names.reduce((object, part) => object?.[part], globalThis);
        if (owner) delete owner[name];
        if (owner && name in owner) left.push(path);
      }
      Object.prototype.polluted = 'yes';
      globalThis.tonearm = await import('/pkg/index.js');
      const seen = await (${tryHere})(${JSON.stringify(argumentsOf(options))});
      console.log(JSON.stringify({ __proto__: null, ...seen, left }));
    </script>`;
    const page = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    const message = page.waitForEvent('console', {
      predicate: (message) => message.text().startsWith('{'),
      timeout: 20_000,
    });
    await page.goto(`${server.origin}/special`);
    const { left, ...seen } = JSON.parse((await message).text());
    assert.deepEqual(left, []);
    await works(seen);
    assert.deepEqual(errors, []);
    await page.close();
  });
}

test('in a module Worker telemetry works, and a player says where it belongs', async () => {
  const { page, errors } = await open(`${server.origin}/blank`);
  const handle = page.waitForEvent('worker');
  await page.evaluate(async () => {
    const worker = new Worker('/worker', { type: 'module' });
    await new Promise((resolve) => worker.addEventListener('message', resolve, { once: true }));
  });
  const worker = await handle;
  const service = `environment-${++services}`;
  const seen = await worker.evaluate(async ([serviceName, endpoint]) => {
    const { createPlayer, createTelemetry } = /** @type {any} */ (globalThis).tonearm;
    const telemetry = createTelemetry({ serviceName, endpoint, scheduledDelayMillis: 50 });
    const undo = telemetry.instrumentFetch();
    await (await telemetry.fetch('/echo?first')).text();
    const { headers } = await (await fetch('/echo?second')).json();
    undo();
    telemetry.createCounter('c').add(1);
    telemetry.log({ eventName: 'e' });
    telemetry.startSpan('mine').end();
    let message = '';
    try {
      createPlayer({ telemetry });
    } catch (error) {
      const { name, message: text } = /** @type {Error} */ (error);
      message = `${name}: ${text}`;
    }
    return [
      await telemetry.forceFlush(),
      Boolean(headers.traceparent),
      telemetry.pageContext,
      telemetry.health().live,
      message,
    ];
  }, /** @type {[string, string]} */ ([service, otlp.url]));
  assert.deepEqual(seen.slice(0, 4), [true, true, undefined, true]);
  assert.match(
    String(seen[4]),
    /^NotSupportedError: createPlayer: a player needs a document.*Create it in the page/,
  );
  await otlp.of(
    service,
    ({ spans, logs, metrics }) => spans.length >= 3 && logs.length > 0 && metrics.length > 0,
  );
  assert.deepEqual(errors, []);
  await page.close();
});

test('on a server the package is imported, records nothing, names what it cannot do, and ends with its process', async () => {
  const script = `
    const { createTelemetry, createPlayer, canPlayType, init } = await import('./pkg/dist/index.js');
    const telemetry = createTelemetry({ serviceName: 'server' });
    const span = telemetry.startSpan('s', { attributes: { a: 1 } });
    telemetry.log({ eventName: 'e' });
    telemetry.createCounter('c').add(1);
    telemetry.setContext({ a: 1 });
    span.end();
    const name = (error) => error.name + ': ' + error.message;
    const failed = (make) => { try { return make(); } catch (error) { return name(error); } };
    console.log(JSON.stringify([
      span.traceparent.length, telemetry.pageContext ?? null, telemetry.health().started, canPlayType('audio/mpeg'),
      failed(() => createPlayer()), await init().catch(name), telemetry.inject(span).traceparent === span.traceparent,
    ]));
    void telemetry.stats();
    await telemetry.shutdown();
  `;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    timeout: 30_000,
  });
  const { stdout, stderr } = await run;
  assert.equal(stderr, '');
  assert.deepEqual(JSON.parse(stdout), [
    55,
    null,
    false,
    'probably',
    'NotSupportedError: createPlayer: a player needs a document and Web Audio. Create it in the page, not in a Worker or on a server.',
    'NotSupportedError: The core runs in a browser: in a page or in a Worker.',
    true,
  ]);
});

test('under Trusted Types the package plays by its own policy', async () => {
  headers = { 'content-security-policy': "require-trusted-types-for 'script'; trusted-types tonearm" };
  html = MODULE_PAGE;
  const { page, errors } = await open(`${server.origin}/special`);
  await works(await tryAll(page));
  assert.deepEqual(errors, []);
  await page.close();
});

test('under Trusted Types that allow no policy the element plays', async () => {
  headers = { 'content-security-policy': "require-trusted-types-for 'script'; trusted-types 'none'" };
  html = MODULE_PAGE;
  const { page, errors } = await open(`${server.origin}/special`);
  const seen = await tryAll(page, { storage: false });
  assert.deepEqual([seen.failure, seen.state, seen.engine], [undefined, 'playing', 'element']);
  assert.deepEqual(errors, []);
  await page.close();
});

test('the script of another origin plays', async () => {
  headers = {};
  html = `<!doctype html><link rel="icon" href="data:,"><script type="module">
    import * as tonearm from '${server.other}/pkg/index.js'; globalThis.tonearm = tonearm;</script>`;
  const { page, errors } = await open(`${server.origin}/special`);
  await works(await tryAll(page));
  assert.deepEqual(errors, []);
  await page.close();
});

test('the script of another origin, in a page that allows no Worker of a Blob: the element plays', async () => {
  headers = { 'content-security-policy': "worker-src 'self'" };
  const { page, errors } = await open(`${server.origin}/special`);
  const seen = await tryAll(page);
  assert.deepEqual([seen.failure, seen.state, seen.engine], [undefined, 'playing', 'element']);
  assert.deepEqual(errors, []);
  await page.close();
});

test('in a sandbox without an origin or storage it plays, and records arrive', async () => {
  headers = {};
  html = `<!doctype html><iframe sandbox="allow-scripts" allow="autoplay" src="/blank"></iframe>
    <script>globalThis.tonearm = {}</script>`;
  const sandboxed = await startPageServer({
    blank: (_, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(MODULE_PAGE.replace("'/pkg", `'${server.origin}/pkg`)),
  });
  html = html.replace('/blank', `${sandboxed.origin}/blank`);
  const { page, errors } = await open(`${server.origin}/special`);
  const [, frame] = page.frames();
  await frame.waitForFunction(() => globalThis.tonearm);
  const storage = await frame.evaluate(() => {
    try {
      return String(localStorage);
    } catch (error) {
      return /** @type {Error} */ (error).name;
    }
  });
  assert.equal(storage, 'SecurityError');
  await works(await tryAll(frame));
  assert.deepEqual(errors, []);
  await page.close();
  sandboxed.stop();
});

test('a wasm file that is busy at first is asked for again, and the play that waits begins', async () => {
  let busy = 2;
  let asked = 0;
  const { page, errors } = await open(`${server.origin}/blank`, (page) =>
    page.route('**/tonearm_bg.wasm', (route) => {
      asked++;
      if (busy-- > 0) return route.fulfill({ status: 503, body: '' });
      return busy === -1 ? route.abort() : route.continue();
    }),
  );
  await works(await tryAll(page));
  assert.equal(asked, 4);
  assert.deepEqual(errors, []);
  await page.close();
});

/**
 * The error that `init()` rejects with. @param {import('playwright-core').Page} page @param {object}
 * [options]
 */
const initError = (page, options) =>
  page.evaluate(
    (options) =>
      globalThis.tonearm.init(/** @type {any} */ (options)).then(
        () => 'none',
        (/** @type {DOMException} */ error) => `${error.name}: ${error.message}`,
      ),
    options,
  );

test('a wasm file that is a page is named, with its place and the usual cure', async () => {
  const { page } = await open(`${server.origin}/blank`);
  const message = await initError(page, { wasm: '/blank?wasm' });
  assert.match(message, /^NetworkError: Expected wasm, got text\/html at http.*\/blank\?wasm\./);
  assert.match(message, /optimizeDeps\.exclude.*init\(\{ wasm \}\)/);
  // A server that names no type.
  assert.match(
    await initError(page, { wasm: '/echo' }),
    /^NetworkError: Expected wasm, got application\/json/,
  );
  assert.match(
    await initError(page, { wasm: '/pkg/tonearm_mp3_bg.wasm' }),
    /^NetworkError: .*another version/,
  );
  assert.match(
    await initError(page, { wasm: '/nowhere.wasm' }),
    /^NetworkError: .*nowhere\.wasm could not be loaded/,
  );
  // The right one, after all of these.
  assert.equal(await initError(page, { wasm: '/pkg/tonearm_bg.wasm' }), 'none');
  await page.close();
});

test('a content security policy without wasm is named as that', async () => {
  headers = { 'content-security-policy': "script-src 'self' 'unsafe-inline'" };
  html = MODULE_PAGE;
  const { page } = await open(`${server.origin}/special`);
  assert.match(await initError(page), /^NotSupportedError: .*wasm-unsafe-eval/);
  await page.close();
});

test('listeners that throw, or call back into the player while it dispatches, harm nothing', async () => {
  const { page, errors } = await open(`${server.origin}/blank`);
  const seen = await page.evaluate(async () => {
    const { createPlayer, createTelemetry } = globalThis.tonearm;
    const telemetry = createTelemetry({ serviceName: 'listeners', storage: false });
    const url = '/tracks/short.mp3';
    /** @type {string[]} */
    const log = [];
    const when = (/** @type {any} */ player, /** @type {string} */ name) =>
      new Promise((resolve) => player.addEventListener(name, resolve, { once: true }));
    const make = () => createPlayer({ telemetry });

    const throwing = make();
    for (const name of ['statechange', 'playing', 'pause', 'seeking', 'seeked', 'volumechange', 'loadstart'])
      throwing.addEventListener(/** @type {any} */ (name), () => {
        throw new Error('mine');
      });
    await throwing.load(url);
    await throwing.play();
    throwing.currentTime = 1;
    throwing.volume = 0.5;
    await when(throwing, 'seeked').catch(() => {});
    log.push(throwing.state);

    const destroyed = make();
    destroyed.addEventListener('error', () => destroyed.destroy());
    await destroyed.load('/nowhere.mp3');
    log.push(await destroyed.play().catch((error) => error.name));

    const again = make();
    await again.load(url);
    await again.play();
    again.currentTime = 4.8;
    const reloaded = new Promise((resolve) =>
      again.addEventListener(
        'ended',
        () =>
          resolve(
            again
              .load(url)
              .then(() => again.play())
              .then(() => again.state),
          ),
        { once: true },
      ),
    );
    log.push(await reloaded);

    const resumed = make();
    await resumed.load(url);
    await resumed.play();
    const played = new Promise((resolve) =>
      resumed.addEventListener('pause', () => resolve(resumed.play().then(() => resumed.state)), {
        once: true,
      }),
    );
    resumed.pause();
    log.push(/** @type {string} */ (await played));

    const nested = make();
    nested.addEventListener('statechange', () => {
      if (nested.state === 'starting') nested.stop();
    });
    await nested.load(url);
    log.push(await nested.play().catch((error) => error.name));

    const seeking = make();
    await seeking.load(url);
    await seeking.play();
    let seeks = 0;
    seeking.addEventListener('seeking', () => {
      if (seeks++ < 3) seeking.currentTime = seeks / 2;
    });
    const seeked = when(seeking, 'seeked');
    seeking.currentTime = 2;
    await seeked;
    log.push(seeking.state);

    // All of one page, and the first plays on.
    const before = throwing.currentTime;
    const isOn = () => throwing.state === 'ended' || throwing.currentTime > before;
    // A position between two reports is estimated: the next one may correct it by some milliseconds.
    for (let n = 0; n < 20 && !isOn(); n++) await when(throwing, 'timeupdate');
    log.push(String(isOn()));
    return { log, live: telemetry.health().live };
  });
  assert.deepEqual(seen.log, [
    'playing',
    'NetworkError',
    'playing',
    'playing',
    'AbortError',
    'playing',
    'true',
  ]);
  assert.equal(seen.live, true);
  assert.ok(errors.length > 0 && errors.every((message) => message === 'mine'));
  await page.close();
});
