// What playing costs while nothing is clicked: CPU time of each thread of the page's process, ours beside <audio>, from the system's own
// books (Linux), and the longest tasks of the main thread. `node benches/playing.mjs [seconds]`.

import { readFileSync, readdirSync } from 'node:fs';
import { openPage, startBackend, startBrowser } from '../tests/e2e/harness.mjs';

const SECONDS = Number(process.argv[2] ?? 60);
/** Clock ticks in a second, as /proc counts on Linux. */
const TICKS = 100;
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const backend = await startBackend();

/** Seconds of CPU by the kind of thread. @param {number} pid @returns {Record<string, number>} */
function threads(pid) {
  /** @type {Record<string, number>} */
  const spent = {};
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
    const name = Number(tid) === pid ? 'main' : stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const kind = ['main', 'DedicatedWorker', 'AudioWorklet'].find((kind) => name.startsWith(kind.slice(0, 12))) ?? 'others';
    spent[kind] = (spent[kind] ?? 0) + (Number(fields[11]) + Number(fields[12])) / TICKS;
  }
  return spent;
}

/** @param {string} label @param {(url: string) => Promise<void>} play in the page */
async function measure(label, play) {
  const browser = await startBrowser();
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await page.evaluate(play, `${backend.cdn}/tracks/first-light.mp3`);
  // The busiest of the pages' processes is this page's.
  const before = new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => [id, threads(id)]));
  await pause(5000);
  const total = (/** @type {Record<string, number>} */ spent) => Object.values(spent).reduce((sum, value) => sum + value, 0);
  const [pid] = [...before].sort(([a, spentA], [b, spentB]) => total(threads(b)) - total(spentB) - (total(threads(a)) - total(spentA)))[0];
  const begun = threads(pid);
  await pause(SECONDS * 1000);
  const ended = threads(pid);
  const parts = Object.keys(ended).map((kind) => `${kind} ${((ended[kind] - (begun[kind] ?? 0)) * 3600 / SECONDS).toFixed(1)}`);
  await browser.startTracing(page, { categories: ['toplevel'] });
  await pause(10_000);
  /** @type {{ name: string, tid: number, pid: number, ph: string, dur?: number, args?: any }[]} */
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  const main = traceEvents.find(({ name, args, pid: of }) => name === 'thread_name' && args?.name === 'CrRendererMain' && of === pid);
  const tasks = traceEvents.filter(({ tid, pid: of, dur, name }) => of === pid && tid === main?.tid && dur && name.endsWith('RunTask')).map(({ dur = 0 }) => dur / 1000);
  console.log(`${label}: CPU seconds for an hour of playing: ${parts.join(', ')}; main thread's tasks in 10 s: ${tasks.length}, longest ${Math.max(0, ...tasks).toFixed(1)} ms`);
  await browser.close();
}

console.log(`What ${SECONDS} s of steady playing cost, as seconds of CPU for an hour`);
await measure('an idle page', async () => {});
await measure('tonearm with its telemetry', async (url) => {
  const { createPlayer, createTelemetry } = globalThis.tonearm;
  const player = createPlayer({ engine: 'stream', telemetry: createTelemetry({ serviceName: 'playing' }) });
  player.loop = true;
  await player.load(url);
  await player.play();
});
await measure('tonearm alone', async (url) => {
  const player = globalThis.tonearm.createPlayer({ engine: 'stream' });
  player.loop = true;
  await player.load(url);
  await player.play();
});
await measure('<audio>', async (url) => {
  const audio = new Audio(url);
  audio.loop = true;
  await audio.play();
});
backend.stop();
