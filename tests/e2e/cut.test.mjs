// Files that were cut before their upload, and files with a burst of noise, in the real browser and with its
// decoder.

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

/** @param {string} file @param {object} how as `playChanged` has it */
async function play(file, how) {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const outcome = await page.evaluate(
    async ([url, how]) => (await import('/e2e/cut.js')).playChanged(url, how),
    /** @type {const} */ ([file, how]),
  );
  await page.close();
  return outcome;
}

/** Frames of an MPEG audio packet, in seconds. */
const PACKET = 1152 / 44_100;

// Seconds that are there, counted by a play to the end.
for (const [file, rate] of /** @type {const} */ ([
  ['/media/steady.mp3', 44_100],
  ['/foreign/lc.aac', 44_100],
  ['/foreign/id3v1.flac', 44_100],
  ['/foreign/stz2.m4a', 44_100],
  ['/foreign/opus-fam1.opus', 48_000],
]))
  test(`a seek beyond the end of a cut ${file} ends where the file does`, async () => {
    const keep = 0.6;
    const whole = await play(file, { keep, rate });
    const sought = await play(file, { keep, rate, seek: 30 });
    const outcome = JSON.stringify({ whole, sought });
    assert.deepEqual([whole.error, sought.error], [undefined, undefined], outcome);
    assert.ok(whole.duration > 1 && Math.abs(sought.duration - whole.duration) < 4 * PACKET, outcome);
    assert.ok(Math.abs(sought.currentTime - sought.duration) < 0.01, outcome);
  });

test('a burst of noise in an MP3 does not end it', async () => {
  const whole = await play('/media/steady.mp3', { rate: 44_100 });
  const damaged = await play('/media/steady.mp3', { damage: 128 << 10, rate: 44_100 });
  const outcome = JSON.stringify({ whole, damaged });
  assert.equal(damaged.error, undefined, outcome);
  assert.ok(damaged.failures > 250, outcome);
  assert.ok(Math.abs(damaged.duration - whole.duration) < 4 * PACKET, outcome);
});

test('an estimate of the length is within a tenth once the file is there', async () => {
  const { published, duration } = await play('/foreign/vbr-no-index.mp3', { rate: 44_100 });
  assert.ok(Math.abs(published / duration - 1) < 0.1, `${published} of ${duration}`);
  assert.ok(Math.abs(duration - 354_816 / 44_100) < 1e-3, `${duration}`);
});
