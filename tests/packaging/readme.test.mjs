// The README's quick start, run as it is written there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { openPage, startBackend, startBrowser, waitForTrace } from '../e2e/harness.mjs';

test('the quick start plays and tells', async () => {
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const code = /```js\n(import [^]*?)```/.exec(readme)?.[1];
  assert.ok(code, 'the README has a quick start');
  assert.ok(code.trim().split('\n').length <= 15, 'fifteen lines at most');
  const backend = await startBackend();
  const browser = await startBrowser();
  try {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    // As written, but for where the package and the track lie in this test.
    const runnable = code
      .replace("'tonearm'", "'/pkg/index.js'")
      .replace(/'https:\/\/[^']+\.mp3'/, `'${backend.cdn}/tracks/short.mp3'`);
    assert.notEqual(runnable, code);
    await page.evaluate((code) => {
      document.body.innerHTML = '<button id="play">Play</button>';
      const script = Object.assign(document.createElement('script'), {
        type: 'module',
        textContent: `${code}\nglobalThis.player = player; globalThis.telemetry = telemetry;`,
      });
      document.body.append(script);
    }, runnable);
    await page.waitForFunction(() => globalThis.player);
    await page.click('#play');
    await page.waitForFunction(() => globalThis.player.state === 'playing');
    await page.evaluate(() => globalThis.telemetry.forceFlush());
    const id = await page.evaluate(() => globalThis.player.traceparent.slice(3, 35));
    await waitForTrace(backend.gateway, id, (spans) => spans.some(({ name }) => name === 'track.play'));
  } finally {
    await browser.close();
    backend.stop();
  }
});
