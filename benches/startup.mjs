// What the package costs a page that starts: time of the main thread until a pipeline, or a pipeline and a
// player, are there and the core is, beyond the same page without. `node benches/startup.mjs [rounds]`.

import { median, startBackend, startBrowser } from '../tests/e2e/harness.mjs';

const ROUNDS = Number(process.argv[2] ?? 15);
const MODES = ['an empty page', 'a pipeline', 'a pipeline and a player'];
const backend = await startBackend();
const browser = await startBrowser();
const context = await browser.newContext();
const rest = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Milliseconds of the main thread's tasks. @param {number} mode */
async function measure(mode) {
  const page = await context.newPage();
  await page.goto(`${backend.gateway}/e2e/blank.html`);
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Number(metrics.find((metric) => metric.name === 'TaskDuration')?.value) * 1000;
  };
  await rest(300);
  const before = await read();
  await page.evaluate(async (mode) => {
    if (mode === 0) return;
    const { createPlayer, createTelemetry, init } = await import('/pkg/index.js');
    const telemetry = createTelemetry({ serviceName: 'bench' });
    if (mode === 2) Object.assign(globalThis, { player: createPlayer({ telemetry }) });
    await init();
  }, mode);
  await rest(300);
  const time = (await read()) - before;
  await page.close();
  return time;
}

/** @type {number[][]} */
const times = MODES.map(() => []);
// The first pages fill the caches.
for (let n = -2; n < ROUNDS; n++) {
  for (const mode of n % 2 ? [0, 1, 2] : [2, 1, 0]) {
    const time = await measure(mode);
    if (n >= 0) times[mode].push(time);
  }
}
const empty = median(times[0]);
console.log(
  `Main thread at a page's start, ms beyond an empty page (${empty.toFixed(1)}); median (least to most)`,
);
for (const [mode, all] of times.entries()) {
  if (mode === 0) continue;
  const figures = [median(all), Math.min(...all), Math.max(...all)].map((ms) => (ms - empty).toFixed(1));
  console.log(`${MODES[mode]}: ${figures[0]} (${figures[1]} to ${figures[2]})`);
}
await browser.close();
backend.stop();
