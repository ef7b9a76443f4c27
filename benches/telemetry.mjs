// The pipeline beside OpenTelemetry JS, both its lines, in one page of headless Chromium, by turns. Prints
// medians, and the ratio to the faster of the two; `node benches/telemetry.mjs [rounds [row, row]]`.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median, startBackend, startBrowser } from '../tests/e2e/harness.mjs';

const ROUNDS = Number(process.argv[2] ?? 15);
const ROWS = process.argv.slice(3);
const here = fileURLToPath(new URL('.', import.meta.url));
for (const line of ['otel2', 'otel3']) {
  if (!existsSync(`${here}${line}/node_modules`))
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here + line, stdio: 'inherit' });
}
execFileSync(
  `${here}../node_modules/.bin/esbuild`,
  [
    'telemetry.page.js',
    '--bundle',
    '--format=esm',
    '--target=es2022',
    '--minify',
    '--outfile=dist/telemetry.js',
    '--log-level=warning',
  ],
  { cwd: here, stdio: 'inherit' },
);

const backend = await startBackend();
const browser = await startBrowser();
const names = ['ours', 'otel 2.x', 'otel 3.x'];

/** A fresh page. */
async function open() {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  // Isolated from other origins, a page's clock is exact to 5 µs; else to 100.
  await page.route('**/bench/telemetry.html', async (route) => {
    const response = await route.fetch();
    const headers = {
      ...response.headers(),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    };
    await route.fulfill({ response, headers });
  });
  await page.goto(`${backend.gateway}/bench/telemetry.html`);
  await page.unrouteAll();
  if (!(await page.evaluate(() => globalThis.crossOriginIsolated))) throw new Error('not isolated');
  await page.waitForFunction(() => 'bytes' in globalThis);
  return page;
}

/** @param {string} label @param {string} unit @param {Record<string, number[]>} times */
function print(label, unit, times) {
  const [ours, ...theirs] = names.map((name) => median(times[name]));
  const cells = [ours, ...theirs].map((value, at) => `${names[at]} ${value.toFixed(3)}`).join(', ');
  console.log(`${label}, ${unit}: ${cells}; ratio ${(ours / Math.min(...theirs)).toFixed(3)}`);
}

/** @param {(name: string) => Promise<number>} measure */
async function rounds(measure, count = ROUNDS) {
  /** @type {Record<string, number[]>} */
  const times = { ours: [], 'otel 2.x': [], 'otel 3.x': [] };
  for (let n = 0; n < count; n++) {
    for (const name of n % 2 ? names : [...names].reverse()) times[name].push(await measure(name));
  }
  return times;
}

/**
 * Rounds until the medians stand still: twice as many change none of them by more than a twentieth. A page
 * that has run for long is what a listener has. @param {(name: string) => Promise<number>} measure
 */
async function warmRounds(measure) {
  let last = await rounds(measure);
  for (let n = 0; n < 6; n++) {
    const next = await rounds(measure);
    const still = names.every((name) => Math.abs(median(next[name]) / median(last[name]) - 1) < 0.05);
    last = next;
    if (still) break;
  }
  return last;
}

/** @param {string} what */
const wanted = (what) => ROWS.length === 0 || ROWS.includes(what);
const page = await open();
const each = (/** @type {string} */ what) => (/** @type {string} */ name) =>
  page.evaluate(([name, what]) => globalThis.each(name, what), [name, what]);
const once = (/** @type {string} */ what) => (/** @type {string} */ name) =>
  page.evaluate(([name, what]) => globalThis.once(name, what), [name, what]);
for (const [what, label] of [
  ['span', 'span with 4 attributes'],
  ['log', 'log record with a body and 4 attributes'],
  ['count', 'counter with 2 attributes'],
  ['measure', 'histogram with 2 attributes'],
  ['bound', 'histogram, ours on a bound instrument'],
])
  if (wanted(what)) print(label, 'µs', await warmRounds(each(what)));
if (wanted('serialize'))
  print(
    '512 recorded spans with 6 attributes to protobuf, the serializers alone',
    'ms',
    await warmRounds(once('serialize')),
  );
if (wanted('toBytes'))
  print(
    '512 recorded spans with 6 attributes to protobuf, ours to fetch',
    'ms',
    await warmRounds(once('toBytes')),
  );
if (wanted('encode'))
  print(
    '512 spans with 6 attributes, recorded and encoded as protobuf',
    'ms',
    await warmRounds(once('encode')),
  );
if (wanted('whole'))
  print('512 spans, recorded to handed to fetch (ours gzipped)', 'ms', await warmRounds(once('whole')));
if (wanted('bytes'))
  print(
    'bytes of a span on the wire (ours gzipped protobuf, theirs JSON)',
    'B',
    await rounds((name) => page.evaluate((name) => globalThis.bytes(name), name), 3),
  );
await page.close();
for (const [what, label] of [
  ['serialize', '512 recorded spans to protobuf, the serializers alone'],
  ['toBytes', '512 recorded spans to protobuf, ours to fetch'],
  ['encode', '512 spans, recorded and encoded'],
]) {
  if (wanted('first'))
    print(
      `${label}, the first call of a page`,
      'ms',
      await rounds(async (name) => {
        const fresh = await open();
        const ms = await fresh.evaluate(([name, what]) => globalThis.once(name, what), [name, what]);
        await fresh.close();
        return ms;
      }, 11),
    );
}
await browser.close();
backend.stop();
