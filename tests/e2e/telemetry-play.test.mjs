// Telemetry of plays: the tail rule, a core that traps, another output device, a content security policy.
// Judged by what leaves the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backend, browser, open, otlp } from './telemetry_page.mjs';

test('a play that was not sampled is exported whole where it failed, requests of the app included', async () => {
  const { page, name } = await open({ sampler: { ratio: 0, tail: { slowerThan: 5 } } });
  const trace = await page.evaluate(async () => {
    const player = globalThis.tonearm.createPlayer({ telemetry: globalThis.telemetry });
    globalThis.telemetry.startSpan('not chosen').end();
    await player.load({
      resolve: async ({ fetch }) => ((await fetch('/api/tracks')).json(), '/nothing.mp3'),
    });
    await player.play().catch(() => {});
    await globalThis.telemetry.forceFlush();
    return player.traceparent.slice(3, 35);
  });
  const { spans, logs } = await otlp.of(
    name,
    ({ spans, logs }) =>
      spans.length >= 2 && logs.some((/** @type {any} */ log) => log.eventName === 'track.play_failed'),
  );
  assert.deepEqual([...new Set(spans.map((/** @type {any} */ span) => span.traceId))], [trace]);
  assert.ok(spans.every((/** @type {any} */ span) => span.own['sampled.by'] === 'tail'));
  assert.ok(
    spans.some((/** @type {any} */ span) => span.name === 'track.play') &&
      spans.some((/** @type {any} */ span) => span.name === 'GET'),
  );
  assert.ok(logs.some((/** @type {any} */ log) => log.traceId === trace));
  assert.ok((await page.evaluate(() => globalThis.telemetry.stats())).traces.dropped.unsampled >= 1);
  await page.close();
});

test('a trap that ends the core is logged with the last trace, and the next play is audible', async () => {
  const page = await browser.newPage();
  // The core's next call runs into a trap, as one with a fault of ours would: once.
  await page.addInitScript(() => {
    const { instantiateStreaming } = WebAssembly;
    const code = [
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 116, 0, 0, 10, 5, 1, 3, 0, 0,
      11,
    ];
    const { t: unreachable } = /** @type {any} */ (
      new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(code))).exports
    );
    WebAssembly.instantiateStreaming = async (...args) => {
      const { module, instance } = await instantiateStreaming(...args);
      const exports = /** @type {any} */ (instance.exports);
      /** @param {unknown[]} args */
      const create_series = (...args) => {
        if (!globalThis.trap) return exports.create_series(...args);
        globalThis.trap = false;
        return unreachable();
      };
      return /** @type {any} */ ({ module, instance: { exports: { ...exports, create_series } } });
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
    // Two calls of the core: the second finds it dead.
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
  const { logs, spans, metrics } = await otlp.of(
    name,
    ({ logs, spans }) =>
      logs.some((/** @type {any} */ log) => log.eventName === 'sdk.panicked') &&
      spans.some((/** @type {any} */ span) => span.name === 'after'),
  );
  const panic = logs.find((/** @type {any} */ log) => log.eventName === 'sdk.panicked');
  assert.equal(panic.traceId, outcome.before.slice(3, 35));
  assert.equal(spans.filter((/** @type {any} */ span) => span.name === 'track.play').length, 2);
  assert.equal(metrics.filter((/** @type {any} */ metric) => metric.name === 'c').length, 2);
  await page.close();
});

test('a change of the output device is logged while a track plays, with its trace', async () => {
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
  const { logs } = await otlp.of(name, ({ logs }) =>
    logs.some(({ eventName }) => eventName === 'audio.device_changed'),
  );
  const changes = logs.filter((/** @type {any} */ { eventName }) => eventName === 'audio.device_changed');
  assert.deepEqual(
    changes.map((/** @type {any} */ { traceId }) => traceId),
    [traceparent.slice(3, 35)],
  );
  await page.close();
});

test('under a strict content security policy a track plays and its telemetry is exported', async () => {
  const page = await browser.newPage();
  const policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; img-src data:";
  await page.route('**/csp.html', (route) =>
    route.fulfill({
      contentType: 'text/html',
      headers: { 'content-security-policy': policy },
      body: '<!doctype html><script type="module" src="/e2e/global.js"></script>',
    }),
  );
  await page.route('**/e2e/global.js', (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: "import * as tonearm from '/pkg/index.js'; globalThis.tonearm = tonearm;",
    }),
  );
  /** @type {string[]} */
  const violations = [];
  page.on(
    'console',
    (message) => message.text().includes('Content Security Policy') && violations.push(message.text()),
  );
  await page.goto(`${backend.gateway}/csp.html`);
  await page.waitForFunction(() => globalThis.tonearm);
  const outcome = await page.evaluate(async () => {
    const telemetry = globalThis.tonearm.createTelemetry({
      serviceName: 'csp',
      protocol: 'http/protobuf',
      sampler: { ratio: 1, tail: { slowerThan: 1 } },
    });
    const player = globalThis.tonearm.createPlayer({ telemetry });
    await player.load({
      resolve: async ({ fetch }) => (
        await fetch('/api/tracks').then((response) => response.json()),
        '/media/steady.mp3'
      ),
    });
    await player.play();
    return [player.state, await telemetry.forceFlush()];
  });
  assert.deepEqual(outcome, ['playing', true]);
  assert.deepEqual(violations, []);
  await page.close();
});
