// A real hour of a listener's, with queue, seeks and faults: what the page holds does not grow. And 500
// players made and destroyed leave nothing. `SOAK_MINUTES` makes the hour shorter.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { openPage, startBackend, startBrowser } from '../e2e/harness.mjs';
import { openBooks } from './held.mjs';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
/** Minutes until everything has been used once: modules, tables, the engine's own caches. */
const WARM = Math.min(10, MINUTES / 3);
const FILES = [
  'first-light.mp3',
  'bench.flac',
  'night-bus.mp3',
  'bench.m4a',
  'tide-table.mp3',
  'bench.opus',
  'oggenc.ogg',
  'ffmpeg.wav',
  'ffmpeg.aac',
];
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const mega = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(2);
const skip =
  !existsSync(new URL('../../target/formats/bench.flac', import.meta.url)) &&
  'no files of every format here: scripts/make-media.sh';

/**
 * @param {(page: import('playwright-core').Page, backend: Awaited<ReturnType<typeof startBackend>>) =>
 * Promise<void>} body
 */
async function inPage(body) {
  const [backend, browser] = await Promise.all([startBackend(), startBrowser()]);
  try {
    await body(await openPage(browser, `${backend.gateway}/e2e/blank.html`), backend);
  } finally {
    await browser.close();
    backend.stop();
  }
}

test(`an hour (${MINUTES} min) of a listener: memory stays`, { skip, timeout: (MINUTES + 5) * 60_000 }, () =>
  inPage(async (page, backend) => {
    const { held } = await openBooks(page);
    await page.evaluate(
      async (where) => {
        const { begin } = await import('/soak/page.js');
        globalThis.soak = await begin(where);
      },
      { cdn: backend.cdn, files: FILES },
    );
    /** What is held in a state that comes again: the least of some readings. */
    const least = async () => {
      await page.evaluate(async () => (globalThis.goOn = await globalThis.soak.settle()));
      const readings = [];
      for (let n = 0; n < 4; n++) {
        await pause(5000);
        readings.push(await held());
      }
      await page.evaluate(() => globalThis.goOn());
      const of = (/** @type {'heap' | 'wasm' | 'listeners'} */ what) =>
        Math.min(...readings.map((reading) => reading[what]));
      return {
        heap: of('heap'),
        wasm: of('wasm'),
        listeners: of('listeners'),
        counts: readings.at(-1)?.counts,
      };
    };
    const begun = Date.now();
    await pause(WARM * 60_000);
    const early = await least();
    console.log(
      `# after ${WARM} min: heap ${mega(early.heap)} MB, wasm ${mega(early.wasm)} MB, ${early.listeners} listeners, ${JSON.stringify(early.counts)}`,
    );
    while (Date.now() - begun < (MINUTES - 0.5) * 60_000) {
      await pause(Math.min(5, MINUTES / 6) * 60_000);
      const { heap, wasm } = await held();
      const state = await page.evaluate(() => globalThis.soak.state());
      console.log(
        `# ${((Date.now() - begun) / 60_000).toFixed(1)} min: heap ${mega(heap)} MB, wasm ${mega(wasm)} MB, ${state}`,
      );
    }
    const late = await least();
    const { done, stats } = await page.evaluate(() => ({
      done: globalThis.soak.done,
      stats: globalThis.soak.stats(),
    }));
    console.log(
      `# after ${MINUTES} min: heap ${mega(late.heap)} MB, wasm ${mega(late.wasm)} MB, ${late.listeners} listeners, ${JSON.stringify(late.counts)}, done ${JSON.stringify(done)}`,
    );
    assert.ok(done.plays > MINUTES / 2 && done.seek > MINUTES / 4, 'somebody listened');
    for (const signal of ['traces', 'metrics', 'logs']) {
      const { started, exported, pending, dropped } = stats[signal];
      const lost = Object.values(dropped).reduce((sum, /** @type {any} */ count) => sum + count, 0);
      assert.equal(started, exported + pending + lost, signal);
    }
    assert.ok(
      late.heap + late.wasm - early.heap - early.wasm < 1e6,
      `${mega(early.heap + early.wasm)} → ${mega(late.heap + late.wasm)} MB`,
    );
  }),
);

test('five hundred players made and destroyed leave nothing', { timeout: 600_000 }, () =>
  inPage(async (page, backend) => {
    const { held } = await openBooks(page);
    const make = async (/** @type {number} */ count) => {
      await page.evaluate(
        async ([count, url]) => (await import('/soak/page.js')).makeAndDestroy(count, url),
        [count, `${backend.cdn}/tracks/short.mp3`],
      );
      await pause(2000);
      return held();
    };
    const early = await make(30);
    const late = await make(500);
    console.log(`# after 30: ${JSON.stringify(early)}\n# after 530: ${JSON.stringify(late)}`);
    for (const [kind, count] of Object.entries(early.counts))
      assert.ok(late.counts[kind] <= count, `${kind}: ${count} → ${late.counts[kind]}`);
    assert.ok(late.listeners <= early.listeners + 2, `listeners: ${early.listeners} → ${late.listeners}`);
    assert.equal(page.workers().length, 0);
    assert.ok(
      late.heap + late.wasm - early.heap - early.wasm < 1e6,
      `${mega(early.heap + early.wasm)} → ${mega(late.heap + late.wasm)} MB`,
    );
  }),
);
