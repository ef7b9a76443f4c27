// The browser's own element as the engine: chosen, or where the package's can't play. The same states, times
// and traces.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser, waitForTrace } from './harness.mjs';

const track = readFileSync(new URL('../../www/tracks/night-bus.mp3', import.meta.url));

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('node:http').Server} */
let server;
let origin = '';
before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
  // No CORS: a script may not have it, an element may.
  server = createServer((request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const head = {
      'content-type': 'audio/mpeg',
      'accept-ranges': 'bytes',
      'content-length': track.length - start,
      'content-range': `bytes ${start}-${track.length - 1}/${track.length}`,
    };
    response.writeHead(request.headers.range ? 206 : 200, head).end(track.subarray(start));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  origin = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
});
after(async () => {
  await browser?.close();
  backend?.stop();
  server?.close();
});

test('media of another origin without CORS plays through the element, and its trace says so', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const told = await page.evaluate(
    async ({ url }) => {
      const { createPlayer, createTelemetry } = await import('/pkg/index.js');
      const telemetry = createTelemetry({ serviceName: 'element' });
      const player = createPlayer({ telemetry });
      let errors = 0;
      player.addEventListener('error', () => errors++);
      await player.load(url);
      await player.play();
      const wait = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));
      const [from, at] = [player.currentTime, performance.now()];
      await wait(1500);
      const drift = player.currentTime - from - (performance.now() - at) / 1000;
      player.currentTime = 40;
      await new Promise((resolve) => player.addEventListener('seeked', resolve, { once: true }));
      await wait(600);
      const sought = player.currentTime;
      player.pause();
      const paused = player.state;
      await player.play();
      player.currentTime = player.duration - 0.5;
      await new Promise((resolve) => player.addEventListener('ended', resolve, { once: true }));
      const { traceparent, engine, duration, state } = player;
      player.destroy();
      await telemetry.forceFlush();
      return { errors, engine, drift, sought, paused, duration, state, traceparent };
    },
    { url: `${origin}/track.mp3` },
  );
  assert.deepEqual([told.errors, told.engine, told.paused, told.state], [0, 'element', 'paused', 'ended']);
  assert.ok(
    Math.abs(told.drift) < 0.3 &&
      Math.abs(told.duration - 66) < 0.5 &&
      told.sought >= 40 &&
      told.sought < 41.5,
    JSON.stringify(told),
  );
  const spans = await waitForTrace(backend.gateway, told.traceparent.slice(3, 35), (spans) =>
    spans.some(({ name }) => name === 'track.play'),
  );
  const root = spans.find(({ name }) => name === 'track.play');
  assert.deepEqual(
    [
      root.attributes['player.engine'],
      root.attributes['audio.output.method'],
      root.attributes['track.play.outcome'],
    ],
    ['element', 'event', 'started'],
  );
});

test('a player with an output of its own fails with ours: the element could not reach it', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const told = await page.evaluate(async (url) => {
    const { createPlayer } = await import('/pkg/index.js');
    const context = new AudioContext();
    const player = createPlayer({ destination: new GainNode(context) });
    await player.load(url);
    const name = await player.play().then(
      () => 'plays',
      (/** @type {Error} */ error) => error.name,
    );
    const { engine } = player;
    player.destroy();
    await context.close();
    return { name, engine };
  }, `${origin}/track.mp3`);
  assert.deepEqual(told, { name: 'NetworkError', engine: 'stream' });
  await page.close();
});

test('the app may choose it, and may rule it out', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const told = await page.evaluate(
    async ({ url, own }) => {
      const { createPlayer } = await import('/pkg/index.js');
      const element = createPlayer({ engine: 'element' });
      await element.load(own);
      await element.play();
      const chosen = [element.engine, element.state];
      element.destroy();
      const stream = createPlayer({ engine: 'stream' });
      await stream.load(url);
      const refused = await stream.play().then(
        () => 'played',
        (error) => error.name,
      );
      stream.destroy();
      return { chosen, refused };
    },
    { url: `${origin}/track.mp3`, own: `${backend.cdn}/tracks/night-bus.mp3` },
  );
  assert.deepEqual(told, { chosen: ['element', 'playing'], refused: 'NetworkError' });
});
