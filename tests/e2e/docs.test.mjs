// Every snippet of docs/player.md, in the browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser } from './harness.mjs';

const text = readFileSync(new URL('../../docs/player.md', import.meta.url), 'utf8');
const snippets = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);

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

snippets.forEach((code, n) =>
  test(`snippet ${n + 1}: ${code.split('\n')[0]}`, async () => {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    const outcome = await page.evaluate(
      async ({ code, src }) => {
        const { createPlayer, createTelemetry } = await import('/pkg/index.js');
        const telemetry = createTelemetry({ serviceName: 'docs' });
        const player = createPlayer({ telemetry });
        const file = new File([await (await fetch(src)).blob()], 'night-bus.mp3');
        // Bare names, as a bundler resolves them.
        const plain = code.replace(/'tonearm(\/[a-z-]+)?'/g, (_, path) => `'/pkg${path ?? '/index'}.js'`);
        const run = new Function(
          'player',
          'telemetry',
          'src',
          'file',
          `return (async () => {${plain.replace('const player =', 'player =')}\n})()`,
        );
        try {
          await run(player, telemetry, src, file);
          return player.error?.message ?? 'fine';
        } catch (error) {
          return String(error);
        }
      },
      { code, src: `${backend.cdn}/tracks/night-bus.mp3` },
    );
    assert.equal(outcome, 'fine');
    await page.close();
  }),
);
