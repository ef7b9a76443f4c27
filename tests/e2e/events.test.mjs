// Events of a play beside those of `<audio>`, and fades.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser } from './harness.mjs';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  backend?.stop();
});

/** The events of which the order is promised; the others come as often as they come. */
const ORDERED = [
  'loadstart',
  'durationchange',
  'loadedmetadata',
  'canplay',
  'playing',
  'seeking',
  'seeked',
  'pause',
  'ended',
];

test('the events of a play, a seek and a replay come in the order of <audio>, loadedmetadata once', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const [element, ours] = await page.evaluate(
    async ({ url, ordered }) => {
      /** @param {any} media @param {() => Promise<void>} load */
      const record = async (media, load) => {
        const events = [];
        for (const name of ordered) media.addEventListener(name, () => events.push(name));
        const next = (name) =>
          new Promise((resolve) => media.addEventListener(name, resolve, { once: true }));
        await load();
        await Promise.all([next('playing'), media.play()]);
        const sought = next('seeked');
        media.currentTime = media.duration - 0.5;
        await sought;
        await next('ended');
        const again = next('playing');
        await media.play();
        await again;
        return events;
      };
      const audio = new Audio();
      const element = await record(audio, async () => void (audio.src = url));
      audio.pause();
      const player = globalThis.tonearm.createPlayer({ engine: 'stream' });
      const ours = await record(player, () => player.load(url));
      player.destroy();
      return [element, ours];
    },
    { url: `${backend.cdn}/tracks/short.mp3`, ordered: ORDERED },
  );
  const count = (/** @type {string} */ name) => ours.filter((event) => event === name).length;
  assert.deepEqual(
    [count('loadedmetadata'), count('durationchange'), count('loadstart')],
    [1, 1, 1],
    String(ours),
  );
  // Up to the first `playing`, and around the seek and the end. A replay of an element seeks to its start.
  const first = (/** @type {string[]} */ events) => events.slice(0, events.indexOf('playing') + 1);
  assert.deepEqual(first(ours), first(element));
  const rest = (/** @type {string[]} */ events) =>
    events
      .slice(first(events).length, events.indexOf('ended') + 1)
      .filter((name) => name !== 'canplay' && name !== 'playing');
  assert.deepEqual(rest(ours), rest(element));
  await page.close();
});

test('a fade during a fade begins at the level that is heard', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const levels = await page.evaluate(async (url) => {
    const player = globalThis.tonearm.createPlayer({ engine: 'stream' });
    await player.load(url);
    await player.play();
    const samples = new Float32Array(2048);
    const level = () => {
      player.analyser.getFloatTimeDomainData(samples);
      return Math.max(...samples.map(Math.abs));
    };
    const wait = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));
    await wait(300);
    player.fade(0, 0);
    await wait(200);
    const silent = level();
    // A second of the way up, then down again over a long time: no drop at once.
    player.fade(1, 2);
    await wait(1000);
    const half = level();
    player.fade(0, 8);
    const after = [];
    for (let n = 0; n < 10; n++) {
      await wait(40);
      after.push(level());
    }
    player.destroy();
    return { silent, half, after };
  }, `${backend.cdn}/tracks/night-bus.mp3`);
  assert.equal(levels.silent, 0);
  assert.ok(levels.half > 0.01, 'nothing is heard');
  assert.ok(Math.min(...levels.after) > levels.half * 0.3, JSON.stringify(levels));
  await page.close();
});

test('an element fades by its volume, and a volume that a page may not set is named', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const [volumes, refused] = await page.evaluate(async (url) => {
    const elements = [];
    const { Audio } = globalThis;
    globalThis.Audio = class extends Audio {
      constructor() {
        super();
        elements.push(this);
      }
    };
    const player = globalThis.tonearm.createPlayer({ engine: 'element' });
    await player.load(url);
    await player.play();
    const [element] = elements;
    player.volume = 0.5;
    player.fade(0, 0.5);
    const volumes = [];
    for (let n = 0; n < 8; n++) {
      volumes.push(element.volume);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    player.fade(1, 0);
    volumes.push(element.volume);
    Object.defineProperty(HTMLMediaElement.prototype, 'volume', { get: () => 1, set() {} });
    let refused = '';
    try {
      player.fade(0, 1);
    } catch (error) {
      refused = error.name;
    }
    player.destroy();
    return [volumes, refused];
  }, `${backend.cdn}/tracks/night-bus.mp3`);
  const steps = volumes.slice(0, 8);
  assert.ok(steps[0] > 0.45 && steps[2] < steps[0] && steps[2] > 0, JSON.stringify(volumes));
  assert.deepEqual([volumes[7], volumes[8]], [0, 0.5]);
  assert.equal(refused, 'NotSupportedError');
  await page.close();
});

test('a listener of ratechange or volumechange reads what was set', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const seen = await page.evaluate(async () => {
    const player = globalThis.tonearm.createPlayer();
    await globalThis.tonearm.init();
    const seen = [];
    player.addEventListener('ratechange', () => seen.push(player.playbackRate));
    player.addEventListener('volumechange', () => seen.push(player.volume, player.muted));
    const next = (/** @type {string} */ name) =>
      new Promise((resolve) => player.addEventListener(name, resolve, { once: true }));
    for (const [name, set] of [
      ['ratechange', () => (player.playbackRate = 2)],
      ['volumechange', () => (player.volume = 0.5)],
      ['volumechange', () => (player.muted = true)],
    ]) {
      const fired = next(name);
      set();
      await fired;
    }
    player.destroy();
    return seen;
  });
  assert.deepEqual(seen, [2, 0.5, false, 0.5, true]);
  await page.close();
});
