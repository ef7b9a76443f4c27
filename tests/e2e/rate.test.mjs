// Another rate: time goes on so much faster, and a tone stays the tone it is; or does not, where the app says
// so.

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

test('a tone of 440 Hz stays one at one and a half times the rate', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const told = await page.evaluate(async () => {
    const { createPlayer } = await import('/pkg/index.js');
    const rate = 48000;
    const bytes = new DataView(new ArrayBuffer(44 + rate * 32));
    const write = (/** @type {number} */ at, /** @type {string} */ text) =>
      [...text].forEach((letter, n) => bytes.setUint8(at + n, letter.charCodeAt(0)));
    write(0, 'RIFF....WAVEfmt ');
    [
      [16, 4, 16],
      [20, 2, 1],
      [22, 2, 1],
      [24, 4, rate],
      [28, 4, rate * 2],
      [32, 2, 2],
      [34, 2, 16],
      [40, 4, rate * 32],
    ].forEach(([at, size, value]) =>
      size === 4 ? bytes.setUint32(at, value, true) : bytes.setUint16(at, value, true),
    );
    write(36, 'data');
    for (let n = 0; n < rate * 16; n++)
      bytes.setInt16(44 + n * 2, 20000 * Math.sin((2 * Math.PI * 440 * n) / rate), true);
    const player = createPlayer();
    await player.load(new Blob([bytes.buffer], { type: 'audio/wav' }));
    await player.play();
    const analyser = player.analyser;
    Object.assign(analyser, { fftSize: 32768, smoothingTimeConstant: 0 });
    const wait = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));
    const loudest = () => {
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      return (bins.indexOf(Math.max(...bins)) * player.analyser.context.sampleRate) / analyser.fftSize;
    };
    const result = [];
    for (const [playbackRate, preservesPitch] of /** @type {[number, boolean][]} */ ([
      [1, true],
      [1.5, true],
      [1.5, false],
      [0.5, true],
    ])) {
      Object.assign(player, { playbackRate, preservesPitch });
      await wait(1500);
      // By the output's own clock: a machine that is late is late in both.
      const { context } = analyser;
      const [from, at] = [player.currentTime, context.currentTime];
      await wait(1500);
      result.push({ hertz: loudest(), speed: (player.currentTime - from) / (context.currentTime - at) });
    }
    player.destroy();
    return result;
  });
  const want = [
    [440, 1],
    [440, 1.5],
    [660, 1.5],
    [440, 0.5],
  ];
  told.forEach(({ hertz, speed }, /** @type {number} */ n) => {
    assert.ok(Math.abs(hertz - want[n][0]) < 6, `${hertz} Hz for ${want[n][0]}`);
    assert.ok(Math.abs(speed - want[n][1]) < 0.05, `${speed} times for ${want[n][1]}`);
  });
});
