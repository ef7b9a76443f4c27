// The Yew example's player in a real browser: a Rust front-end plays by the package's scripts, and a click is
// one trace with the gateway and the node that serves the media.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startBackend, startBrowser, waitForTrace } from './harness.mjs';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  // A page may play in a gesture alone.
  [backend, browser] = await Promise.all([startBackend(), startBrowser({ autoplay: false })]);
});
after(async () => {
  await browser?.close();
  backend?.stop();
});

/** The package, which leaves what it makes where a test finds it, and counts a player's listeners. */
const WATCHED = `
import * as tonearm from './index.js?whole';
export * from './index.js?whole';
export function createTelemetry(config) {
  globalThis.flushes = 0;
  globalThis.telemetry = tonearm.createTelemetry(config);
  const { forceFlush } = telemetry;
  telemetry.forceFlush = () => (flushes++, forceFlush.call(telemetry));
  return telemetry;
}
export function createPlayer(options) {
  globalThis.listeners = [];
  globalThis.player = tonearm.createPlayer(options);
  const { addEventListener, load, play, removeEventListener } = player;
  // Whether play() is called in the very run of the click's listener, before any microtask.
  let inListener = false;
  player.load = (...args) => {
    inListener = true;
    queueMicrotask(() => (inListener = false));
    return load.apply(player, args);
  };
  player.play = (...args) => ((globalThis.playedInListener = inListener), play.apply(player, args));
  player.addEventListener = (...args) => (listeners.push(args[0]), addEventListener.apply(player, args));
  player.removeEventListener = (...args) => (
    (listeners = listeners.filter((type) => type !== args[0])), removeEventListener.apply(player, args)
  );
  return player;
}`;

/**
 * Opens the example.
 * @param {(page: import('playwright-core').Page) => Promise<unknown>} [prepare]
 */
async function openExample(prepare = async () => {}) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.route('**/pkg/index.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: WATCHED }),
  );
  // Of two routes that match the later one answers.
  await prepare(page);
  await page.goto(`${backend.gateway}/yew/index.html`);
  await page.waitForSelector('#buy');
  return { page, errors };
}

/**
 * Serves the example under a policy that allows its scripts and WebAssembly, and no `eval`.
 * @param {any} page
 */
const withPolicy = (page) =>
  page.route('**/yew/index.html', async (/** @type {any} */ route) => {
    const response = await route.fetch();
    const body = await response.text();
    const [, script = ''] = /<script type="module">([^]*?)<\/script>/.exec(body) ?? [];
    const hash = createHash('sha256').update(script).digest('base64');
    const policy = `script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'; worker-src 'self'`;
    const headers = { ...response.headers(), 'content-security-policy': policy };
    await route.fulfill({ response, headers });
  });

const shows = (/** @type {import('playwright-core').Page} */ page, /** @type {string} */ id, text = '') =>
  page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent?.includes(text), [id, text], {
    timeout: 15_000,
  });
const textOf = (/** @type {import('playwright-core').Page} */ page, /** @type {string} */ id) =>
  page.evaluate((id) => document.getElementById(id)?.textContent, id);

test('a click plays by Rust, in one trace from the click to the node of the media', async () => {
  const { page, errors } = await openExample(withPolicy);
  assert.equal(await textOf(page, 'state'), 'idle');
  await page.click('#play');
  await shows(page, 'state', 'playing');
  assert.equal(await textOf(page, 'failure'), '');
  // Sound, and time that goes on with it.
  await page.waitForFunction(() => {
    const samples = new Float32Array(2048);
    player.analyser.getFloatTimeDomainData(samples);
    return player.currentTime > 0.2 && samples.some((sample) => Math.abs(sample) > 0.01);
  });

  // A browser that asks for a gesture may look no further than that.
  assert.ok(await page.evaluate(() => globalThis.playedInListener));
  const traceparent = await page.evaluate(() => player.traceparent);
  const spans = await waitForTrace(
    backend.gateway,
    traceparent.slice(3, 35),
    (spans) =>
      ['listen', 'track.play', 'audio.output', 'GET /tracks/{file}', 'GET /api/tracks/{id}'].every((wanted) =>
        spans.some(({ name }) => name === wanted),
      ) && spans.filter(({ service, name }) => service === 'tonearm-yew' && name === 'GET').length === 2,
    150,
  );
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const paths = spans.map((span) => {
    const names = [];
    for (let at = span; at; at = byId.get(at.parentSpanId)) names.push(`${at.service}:${at.name}`);
    return names.join(' < ');
  });
  const play = 'tonearm-yew:track.play < tonearm-yew:listen';
  for (const wanted of [
    play,
    `tonearm-yew:audio.output < ${play}`,
    `cdn:GET /tracks/{file} < tonearm-yew:GET < ${play}`,
    `gateway:GET /api/tracks/{id} < tonearm-yew:GET < ${play}`,
  ])
    assert.ok(paths.includes(wanted), `${wanted} is not in\n${paths.join('\n')}`);
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === '');
  assert.deepEqual(
    roots.map(({ name }) => name),
    ['listen'],
  );
  const root = spans.find(({ name }) => name === 'track.play');
  assert.equal(root.attributes['track.play.outcome'], 'started');
  assert.equal(root.attributes['track.play.trigger'], 'user');
  assert.equal(root.attributes['music.track_id'], 'night-bus');
  // One session, though two pipelines record it.
  assert.equal(root.attributes['session.id'], roots[0].attributes['session.id']);
  assert.ok(root.attributes['session.id']);

  await page.click('#play');
  await shows(page, 'state', 'paused');
  const paused = await page.evaluate(() => player.currentTime);
  await page.click('#play');
  await shows(page, 'state', 'playing');
  await page.waitForFunction((paused) => player.currentTime > paused, paused);
  // A resume belongs to the same play.
  assert.equal(await page.evaluate(() => player.traceparent), traceparent);
  assert.deepEqual(errors, []);
  await page.close();
});

test('a component that goes takes its player and its listeners along', async () => {
  const { page, errors } = await openExample();
  await page.click('#play');
  await shows(page, 'state', 'playing');
  const held = ['metadatachange', 'ratechange', 'statechange', 'timeupdate', 'volumechange'];
  assert.deepEqual(await page.evaluate(() => globalThis.listeners.sort()), held);
  await page.click('#close');
  await page.waitForFunction(() => !document.getElementById('play'));
  assert.deepEqual(await page.evaluate(() => globalThis.listeners), []);
  const refused = await page.evaluate(() => player.play().catch((/** @type {Error} */ { name }) => name));
  assert.equal(refused, 'InvalidStateError');
  assert.deepEqual(errors, []);
  await page.close();
});

test('Rust reads and sets what the player has', async () => {
  const { page, errors } = await openExample();
  await page.click('#play');
  await shows(page, 'figures', 'first sample after');
  const line = String(await textOf(page, 'figures'));
  assert.match(line, /^Night Bus, \d+\.\d s of 66\.0 s, first sample after \d+\.\d{3} s, rate 1, volume 1$/);
  const { latency } = await page.evaluate(() => player.stats());
  assert.ok(line.includes(`after ${latency.toFixed(3)} s`), `${line}, not ${latency}`);

  const before = await page.evaluate(() => player.currentTime);
  await page.click('#forward');
  await page.waitForFunction((before) => player.currentTime >= before + 10, before);
  await page.click('#quieter');
  await shows(page, 'figures', 'volume 0.75');
  assert.equal(await page.evaluate(() => player.volume), 0.75);
  await page.click('#louder');
  await shows(page, 'figures', 'volume 1');
  await page.click('#louder');
  await shows(page, 'refused', 'volume: expected a number from 0 to 1, got 1.25');
  await page.click('#faster');
  await shows(page, 'figures', 'rate 2');
  assert.equal(await textOf(page, 'refused'), '');
  await page.click('#faster');
  await shows(page, 'figures', 'rate 4');
  await page.click('#faster');
  await shows(page, 'refused', 'playbackRate: expected a number from 0.25 to 4, got 8');
  assert.deepEqual(errors, []);
  await page.close();
});

test('a track that is not there is a network error in Rust, and the next click plays', async () => {
  const { page, errors } = await openExample((page) =>
    page.route(
      '**/api/tracks/night-bus',
      (route) => route.fulfill({ json: { url: `${backend.cdn}/tracks/no-such-file.mp3` } }),
      { times: 1 },
    ),
  );
  await page.click('#play');
  await shows(page, 'failure', 'The network failed: ');
  assert.match(String(await textOf(page, 'failure')), /404/);
  assert.equal(await textOf(page, 'state'), 'failed');
  await page.click('#play');
  await shows(page, 'state', 'playing');
  await page.waitForFunction(() => document.getElementById('failure')?.textContent === '');
  assert.deepEqual(errors, []);
  await page.close();
});

test('an error of the resolver of the app is the cause of the error of the play', async () => {
  const { page } = await openExample((page) =>
    page.route('**/api/tracks/night-bus', (route) => route.fulfill({ json: {} })),
  );
  await page.click('#play');
  await shows(page, 'failure', 'The network failed: ');
  const cause = await page.evaluate(() => player.error.cause.message);
  assert.equal(cause, 'no URL, with status 200');
  await page.close();
});

test('consent and flush of the front-end are those of its plays, and so are its options', async () => {
  const { page, errors } = await openExample();
  const [options, reasons] = await page.evaluate(() => [telemetry.options, telemetry.health().reasons]);
  assert.equal(options.serviceName, 'tonearm-yew');
  assert.deepEqual([options.propagateTo, options.consent], [[backend.cdn], 'granted']);
  assert.ok(!reasons.includes('consent'));
  await page.click('#buy');
  await page.waitForFunction(() => globalThis.flushes > 0);
  await page.click('#refuse');
  assert.ok((await page.evaluate(() => telemetry.health().reasons)).includes('consent'));
  const { started } = await page.evaluate(() => telemetry.stats().traces);
  await page.click('#play');
  await shows(page, 'state', 'playing');
  const { traces } = await page.evaluate(() => telemetry.stats());
  assert.deepEqual([traces.pending, traces.exported], [0, 0], JSON.stringify(traces));
  assert.ok(traces.dropped.consent > 0);
  assert.equal(traces.started - started, traces.dropped.consent, JSON.stringify(traces));
  assert.deepEqual(errors, []);
  await page.close();
});

for (const [what, path, body, expected] of /** @type {const} */ ([
  ['a package that is not served', 'index.js', undefined, 'There is no player: /pkg/index.js: '],
  ['a script that is another', 'index.js', 'export const init = 1;', 'the script exports no init()'],
  ['a core that is not served', 'tonearm_full_bg.wasm', undefined, 'The network failed: '],
]))
  test(`${what} is named, and the page works without a player`, async () => {
    const { page, errors } = await openExample((page) =>
      page.route(`**/pkg/${path}`, (route) =>
        body === undefined
          ? route.fulfill({ status: 404, body: '' })
          : route.fulfill({ contentType: 'text/javascript', body }),
      ),
    );
    await shows(page, 'failure', expected);
    await page.click('#buy');
    await page.waitForFunction(() => document.querySelector('output')?.textContent?.endsWith('of tracks'));
    assert.deepEqual(errors, []);
    await page.close();
  });
