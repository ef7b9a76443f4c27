// The demo page, from the click: sound, time, and one trace over four services.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBackend, startBrowser, waitForTrace } from './harness.mjs';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  backend = await startBackend();
  browser = await startBrowser({ autoplay: false });
});
after(async () => {
  await browser?.close();
  backend?.stop();
});

async function openDemo() {
  const page = await browser.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(backend.gateway);
  await page.waitForSelector('#tracks button');
  return { page, errors };
}

const read = (/** @type {import('playwright-core').Page} */ page) =>
  page.evaluate(() => ({
    state: player.state,
    time: player.currentTime,
    at: performance.now(),
    duration: player.duration,
    paused: player.paused,
    traceparent: player.traceparent,
    stats: player.stats(),
    telemetry: telemetry.stats(),
  }));

test('a click plays, time goes on by itself, and one trace tells it', async () => {
  const { page, errors } = await openDemo();
  await page.click('#play');
  await page.waitForFunction(() => player.state === 'playing');
  // The first sample is heard a moment after it is reported: time begins then.
  await page.waitForFunction(() => player.currentTime > 0.2);
  const first = await read(page);
  await page.waitForTimeout(3000);
  const second = await read(page);
  assert.equal(second.state, 'playing');
  const drift = second.time - first.time - (second.at - first.at) / 1000;
  assert.ok(Math.abs(drift) < 0.05, `currentTime drifted by ${drift} s in 3 s`);
  assert.equal(first.duration, 64);

  const id = first.traceparent.slice(3, 35);
  const spans = await waitForTrace(
    backend.gateway,
    id,
    (spans) =>
      ['tonearm-demo', 'gateway', 'metadata', 'cdn'].every((name) =>
        spans.some(({ service }) => service === name),
      ) &&
      spans.some(({ name }) => name === 'track.play') &&
      spans.filter(({ service, name }) => service === 'tonearm-demo' && name === 'GET').length === 2,
  );
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === '');
  assert.deepEqual(
    roots.map(({ name, service }) => `${service} ${name}`),
    ['tonearm-demo track.play'],
  );
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const path = (/** @type {any} */ span) => {
    const names = [];
    for (let at = span; at; at = byId.get(at.parentSpanId)) names.push(`${at.service}:${at.name}`);
    return names.join(' < ');
  };
  const paths = spans.map(path);
  for (const wanted of [
    'cdn:GET /tracks/{file} < tonearm-demo:GET < tonearm-demo:track.play',
    'metadata:GET /tracks/{id} < gateway:GET < gateway:GET /api/tracks/{id} < tonearm-demo:GET < tonearm-demo:track.play',
    'tonearm-demo:audio.decode < tonearm-demo:track.play',
    'tonearm-demo:audio.output < tonearm-demo:track.play',
  ])
    assert.ok(paths.includes(wanted), `${wanted} is not in\n${paths.join('\n')}`);
  const [root] = roots;
  assert.equal(root.attributes['track.play.outcome'], 'started');
  assert.equal(root.attributes['track.play.trigger'], 'user');
  assert.equal(root.attributes['audio.output.method'], 'audible');
  const media = spans.find(({ attributes }) => attributes['track.request.purpose'] === 'media');
  assert.equal(media.attributes['cdn.node'], 'demo-edge-1');
  assert.equal(media.attributes['server.trace_id'], id);
  const seconds = Number(BigInt(root.end) - BigInt(root.start)) / 1e9;
  assert.ok(Math.abs(seconds - first.stats.latency) < 1e-6, 'the root ends at the audible sample');
  const { metadata, connect, firstByte, decode, output } = first.stats.phases;
  assert.ok(Math.abs(metadata + connect + firstByte + decode + output - seconds) < 1e-6, 'the phases add up');

  // The same play, told in log lines and in metrics whose exemplars lead to it.
  await page.evaluate(() => telemetry.forceFlush());
  const told = async (/** @type {string} */ what) =>
    (await fetch(`${backend.gateway}/api/traces/${id}/${what}`)).json();
  await eventually(async () =>
    (await told('metrics')).some((/** @type {any} */ point) => point.name === 'track.play.latency'),
  );
  const points = await told('metrics');
  const latency = points.find((/** @type {any} */ point) => point.name === 'track.play.latency');
  assert.deepEqual(latency.attributes, {
    'track.play.trigger': 'user',
    'audio.output.method': 'audible',
    'cdn.node': 'demo-edge-1',
  });
  assert.ok(Math.abs(latency.point.sum - seconds) < 1e-6);
  assert.ok(points.every((/** @type {any} */ point) => point.service === 'tonearm-demo'));
  const logs = await told('logs');
  const started = logs.find(
    (/** @type {any} */ log) => log.event === 'player.state_changed' && log.attributes.to === 'playing',
  );
  assert.equal(started.severity, 'INFO');
  assert.deepEqual(errors, []);
  await page.close();
});

/** Waits until it is so. @param {() => Promise<boolean>} so */
async function eventually(so, tries = 60) {
  for (let n = 0; n < tries; n++) {
    if (await so()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it never came to be');
}

test('pause holds, play resumes, a seek goes there, the end goes over into the next', async () => {
  const { page } = await openDemo();
  await page.click('#tracks li:nth-child(2) button');
  await page.waitForFunction(() => player.state === 'playing');
  await page.click('#play');
  await page.waitForFunction(() => player.state === 'paused');
  const held = await read(page);
  await page.waitForTimeout(400);
  assert.equal((await read(page)).time, held.time);
  await page.click('#play');
  await page.waitForFunction(() => player.state === 'playing');
  await page.evaluate(() => (player.currentTime = 30));
  await page.waitForFunction(() => player.state === 'playing' && player.currentTime > 30.2);
  assert.ok((await read(page)).time < 31.5);
  // Twice in one task, as a slider that is dragged does: the last one counts.
  await page.evaluate(() => {
    player.currentTime = 50;
    player.currentTime = 10;
  });
  await page.waitForFunction(() => player.state === 'playing' && player.currentTime > 10.2);
  const range = await page.evaluate(() => [
    player.buffered.start(0),
    player.buffered.end(0),
    player.currentTime,
  ]);
  assert.ok(range[0] === 10 && range[1] > range[2] && range[2] < 11.5, `${range}`);
  await page.evaluate(() => {
    const first = player;
    first.addEventListener('ended', () => {
      const { currentTime: time, duration, paused } = first;
      globalThis.first = { time, duration, paused };
    });
    player.currentTime = player.duration - 1;
  });
  // The queue goes on with the next track, in another player.
  await page.waitForFunction(
    () => globalThis.first && queue.index === 2 && player.state === 'playing',
    null,
    { timeout: 5000 },
  );
  const ended = await page.evaluate(() => ({ ...globalThis.first, telemetry: telemetry.stats() }));
  assert.ok(Math.abs(ended.time - ended.duration) < 0.01, `${ended.time} of ${ended.duration}`);
  assert.ok(ended.paused);
  const { started, recovered, exported, pending, dropped } = ended.telemetry.traces;
  assert.equal(
    started + recovered,
    exported + pending + Object.values(dropped).reduce((sum, count) => sum + count, 0),
  );
  await page.close();
});

test('a click before the wasm is there counts from the click, and is no autoplay', async () => {
  const page = await browser.newPage();
  await page.route(/tonearm_bg.*\.wasm|[0-9a-f]{20}\.wasm/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await route.continue();
  });
  await page.goto(`${backend.gateway}/e2e/early.html`);
  await page.click('button');
  await page.waitForFunction(() => globalThis.outcome, null, { timeout: 10_000 });
  const outcome = await page.evaluate(() => globalThis.outcome);
  assert.equal(outcome.error, undefined);
  assert.equal(outcome.state, 'playing');
  // From the click, the wait for the wasm included.
  assert.ok(outcome.latency > 0.35 && outcome.latency <= outcome.seconds + 0.1, JSON.stringify(outcome));
  await page.close();
});
