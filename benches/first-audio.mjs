// First audible sample: ours beside <audio>, on the same page and origin, interleaved, a fresh URL each time,
// heard by one worklet. Prints medians and their ratios; `node benches/first-audio.mjs [plays]`.

import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { median, openPage, startBackend, startBrowser } from '../tests/e2e/harness.mjs';

const PLAYS = Number(process.argv[2] ?? 20);
const FILE = 'first-light.mp3';
const made = existsSync(new URL('../target/formats/bench.opus', import.meta.url));
const FORMATS = made ? ['m4a', 'opus', 'flac'] : [];

mkdirSync(new URL('dist/', import.meta.url), { recursive: true });
copyFileSync(
  new URL('../node_modules/howler/dist/howler.min.js', import.meta.url),
  new URL('dist/howler.min.js', import.meta.url),
);
const backend = await startBackend();
const browser = await startBrowser();
let fresh = 0;
const url = (/** @type {number} */ rate, file = FILE) =>
  `${backend.cdn}/tracks/${file}?rate=${rate}&n=${fresh++}`;

/**
 * @param {import('playwright-core').Page} page
 * @param {string} contestant
 * @param {number} rate
 * @param {number} [blocked]
 */
const play = (page, contestant, rate, blocked = 0, file = FILE) =>
  page.evaluate(
    ([contestant, url, blocked]) => globalThis.contestants[contestant](url, blocked),
    [contestant, url(rate, file), blocked],
  );

const spread = (/** @type {number[]} */ values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length * 0.1)].toFixed(0)}–${sorted[Math.floor(sorted.length * 0.9)].toFixed(0)}`;
};

console.log(
  `First audible sample, ms from play(), ${PLAYS} plays each, interleaved; median (10th–90th percentile)`,
);
const page = await openPage(browser, `${backend.gateway}/bench/first-audio.html`);
await page.waitForFunction(() => 'contestants' in globalThis);
for (const name of ['tonearm', 'element']) await play(page, name, 0);

for (const [label, rate] of [
  ['10 Mbit/s', 10_000],
  ['1 Mbit/s', 1000],
]) {
  const times = { tonearm: [], element: [] };
  const phases = [];
  for (let n = 0; n < PLAYS; n++) {
    for (const name of n % 2 ? ['tonearm', 'element'] : ['element', 'tonearm']) {
      const result = await play(page, name, rate);
      times[name].push(result.ms);
      if (result.phases) phases.push(result.phases);
    }
  }
  const [ours, theirs] = [median(times.tonearm), median(times.element)];
  console.log(
    `${label}: tonearm ${ours.toFixed(1)} (${spread(times.tonearm)}), <audio> ${theirs.toFixed(1)} (${spread(times.element)}), ratio ${(ours / theirs).toFixed(3)}`,
  );
  const parts = Object.keys(phases[0]).map(
    (name) => `${name} ${(median(phases.map((each) => each[name])) * 1000).toFixed(1)}`,
  );
  console.log(`  ours by phase: ${parts.join(', ')}`);
}

const blocked = [];
for (let n = 0; n < PLAYS; n++) blocked.push((await play(page, 'tonearm', 10_000, 400)).ms);
console.log(
  `main thread blocked for 400 ms after the click, 10 Mbit/s: tonearm ${median(blocked).toFixed(1)} (${spread(blocked)})`,
);

/**
 * Ours beside the others, in turns.
 * @param {string[]} names
 * @param {number} rate
 * @param {string} file
 * @param {number} plays
 */
async function beside(names, rate, file, plays) {
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let n = 0; n < plays; n++) {
    for (const name of n % 2 ? names : [...names].reverse())
      times[name].push((await play(page, name, rate, 0, file)).ms);
  }
  return names.map((name) => median(times[name]));
}

for (const format of ['mp3', ...FORMATS]) {
  // howler decodes a whole file before its first sample, or leaves it to an element.
  const file = format === 'mp3' ? FILE : `bench.${format}`;
  for (const [label, rate] of [
    ['10 Mbit/s', 10_000],
    ['1 Mbit/s', 1000],
  ]) {
    // The whole of it would take more than a minute.
    if (format === 'flac' && rate === 1000) continue;
    const [ours, whole, through] = await beside(
      ['tonearm', 'howlerAudio', 'howlerElement'],
      rate,
      file,
      Math.min(PLAYS, rate > 1000 ? 5 : 2),
    );
    console.log(
      `${format}, ${label}: tonearm ${ours.toFixed(1)}, howler ${whole.toFixed(1)} (ratio ${(ours / whole).toFixed(3)}), howler html5 ${through.toFixed(1)} (ratio ${(ours / through).toFixed(3)})`,
    );
  }
}

for (const format of FORMATS) {
  const file = `bench.${format}`;
  for (const name of ['tonearm', 'element']) await play(page, name, 0, 0, file);
  for (const [label, rate] of [
    ['10 Mbit/s', 10_000],
    ['1 Mbit/s', 1000],
  ]) {
    const [ours, theirs] = await beside(['tonearm', 'element'], rate, file, PLAYS);
    console.log(
      `${format}, ${label}: tonearm ${ours.toFixed(1)}, <audio> ${theirs.toFixed(1)}, ratio ${(ours / theirs).toFixed(3)}`,
    );
  }
}
for (const file of [FILE, ...FORMATS.map((format) => `bench.${format}`)]) {
  const [ours, theirs] = await beside(['seekOurs', 'seekTheirs'], 4000, file, Math.min(PLAYS, 8));
  console.log(
    `seek to what is not in memory, ${file}, 4 Mbit/s: tonearm ${ours.toFixed(1)}, <audio> ${theirs.toFixed(1)}, ratio ${(ours / theirs).toFixed(3)}`,
  );
}
await page.close();

for (const [label, rate] of [
  ['10 Mbit/s', 10_000],
  ['1 Mbit/s', 1000],
]) {
  const times = [];
  for (let n = 0; n < Math.min(PLAYS, 5); n++) {
    const context = await browser.newContext();
    const cold = await context.newPage();
    await cold.goto(`${backend.gateway}/link/${rate}/bench/first-audio.html`);
    await cold.waitForFunction(() => 'contestants' in globalThis);
    times.push((await play(cold, 'cold', rate)).ms);
    await context.close();
  }
  console.log(
    `cold (nothing loaded, the package through the same link), ${label}: tonearm ${median(times).toFixed(1)} (${spread(times)})`,
  );
}

await browser.close();
backend.stop();
