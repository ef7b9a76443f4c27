// What tracing adds to a request, and what it costs to start, in CPU time of the main thread: ours beside
// OpenTelemetry JS, both its lines, each in a page of its own, by turns, no other beside it. `node
// benches/fetch.mjs [rounds]`.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median, startBackend, startBrowser } from '../tests/e2e/harness.mjs';

const ROUNDS = Number(process.argv[2] ?? 9);
/** Requests of a page before it is measured: by then the browser's own buffer of 250 timings is full. */
const BEFORE = 400;
const REQUESTS = 100;
const BURSTS = 4;
/** What is put off belongs to the requests: each side is given so many milliseconds. */
const AFTER = 700;
const here = fileURLToPath(new URL('.', import.meta.url));
for (const line of ['otel2', 'otel3']) {
  if (!existsSync(`${here}${line}/node_modules`))
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here + line, stdio: 'inherit' });
}
const names = ['native', 'ours', 'otel2', 'otel3'];
for (const name of names) {
  execFileSync(
    `${here}../node_modules/.bin/esbuild`,
    [
      `fetch/${name}.js`,
      '--bundle',
      '--format=esm',
      '--target=es2022',
      '--minify',
      `--outfile=dist/fetch-${name}.js`,
      '--log-level=warning',
    ],
    { cwd: here, stdio: 'inherit' },
  );
}
const backend = await startBackend();
const browser = await startBrowser();

/** @param {string} name */
async function open(name) {
  const page = await browser.newPage();
  const session = await page.context().newCDPSession(page);
  // Time in which the thread ran: by the clock it includes what waits for one of the machine's processors.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  page.on('pageerror', (error) => console.error(name, 'page error:', error.message));
  const ready = page.waitForEvent('console', (message) => message.text() === 'ready');
  await page.goto(`${backend.gateway}/bench/fetch.html?who=${name}`);
  await ready;
  /** What its tasks took so far, in milliseconds. */
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Number(metrics.find((metric) => metric.name === 'TaskDuration')?.value) * 1000;
  };
  return { page, busy };
}

/** @type {Record<string, number[]>} */
const busy = { native: [], ours: [], otel2: [], otel3: [] };
// A start is quickly measured, and differs more from one to the next.
for (let n = 0; n < 3 * ROUNDS; n++) {
  for (const name of n % 2 ? names : [...names].reverse()) {
    const { page, busy: sofar } = await open(name);
    busy[name].push(await sofar());
    await page.close();
  }
}
/** @type {Record<string, number[]>} */
const asked = { native: [], ours: [], otel2: [], otel3: [] };
for (let n = 0; n < ROUNDS; n++) {
  for (let k = 0; k < names.length; k++) {
    const name = names[(n + k) % names.length];
    const { page, busy: sofar } = await open(name);
    await page.evaluate((count) => globalThis.ask(count), BEFORE);
    const bursts = [];
    for (let m = 0; m < BURSTS; m++) {
      const before = await sofar();
      await page.evaluate((count) => globalThis.ask(count), REQUESTS);
      await new Promise((resolve) => setTimeout(resolve, AFTER));
      bursts.push(((await sofar()) - before) / REQUESTS);
    }
    asked[name].push(median(bursts));
    await page.close();
  }
}
/**
 * The machine is quicker at times: what is added is counted within a round.
 * @param {string} label
 * @param {Record<string, number[]>} times
 */
function print(label, times) {
  const [ours, ...theirs] = names
    .slice(1)
    .map((name) => median(times[name].map((time, n) => time - times.native[n])));
  console.log(
    `${label}, ms: nothing ${median(times.native).toFixed(3)}; beyond it ours ${ours.toFixed(3)}, otel 2.x ${theirs[0].toFixed(3)}, otel 3.x ${theirs[1].toFixed(3)}; ratio ${(ours / Math.min(...theirs)).toFixed(3)}`,
  );
}
print('main thread, CPU time of a request and its body', asked);
print('main thread, CPU time till a page with three signals and traced requests stands', busy);
await browser.close();
backend.stop();
