// What playing costs while it plays: the main thread's time, the Worker's, and the longest task, ours beside
// <audio>, each in a page of its own with its telemetry. `node benches/playing.mjs [seconds]`.

import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openPage, startBackend, startBrowser } from '../tests/e2e/harness.mjs';

const SECONDS = Number(process.argv[2] ?? 60);
const backend = await startBackend();
const browser = await startBrowser();
const rest = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Of the threads of one name: percent of a core, and the longest task in milliseconds.
 *  @param {any[]} events @param {string} name @param {number} millis */
function timeOf(events, name, millis) {
  const key = (/** @type {any} */ { pid, tid }) => `${pid} ${tid}`;
  const threads = new Set(
    events.filter((event) => event.name === 'thread_name' && event.args.name.startsWith(name)).map(key),
  );
  const tasks = events.filter(
    (event) => event.ph === 'X' && threads.has(key(event)) && event.name.endsWith('RunTask'),
  );
  const cpu = tasks.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000;
  return { percent: (100 * cpu) / millis, longest: Math.max(0, ...tasks.map(({ dur = 0 }) => dur)) / 1000 };
}

/** @param {string} name */
async function measure(name) {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Number(metrics.find((metric) => metric.name === 'TaskDuration')?.value) * 1000;
  };
  await page.evaluate(
    async ([name, url]) => {
      if (name === 'nothing') return;
      if (name === '<audio>') {
        globalThis.music = Object.assign(new Audio(), { crossOrigin: 'anonymous', src: url });
      } else {
        const { createPlayer, createTelemetry } = await import('/pkg/index.js');
        globalThis.music = createPlayer({ telemetry: createTelemetry({ serviceName: 'bench' }) });
        await globalThis.music.load(url);
      }
      await globalThis.music.play();
    },
    [name, `${backend.cdn}/tracks/first-light.mp3?n=${encodeURIComponent(name)}`],
  );
  // What a start costs is another benchmark's.
  await rest(5000);
  const before = [await busy(), performance.now()];
  await rest(SECONDS * 500);
  const main = (100 * ((await busy()) - before[0])) / (performance.now() - before[1]);
  const path = `${tmpdir()}/tonearm-playing-${process.pid}.json`;
  await browser.startTracing(page, {
    path,
    categories: ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'],
  });
  const since = performance.now();
  await rest(SECONDS * 250);
  const millis = performance.now() - since;
  await browser.stopTracing();
  const { traceEvents } = JSON.parse(readFileSync(path, 'utf8'));
  rmSync(path);
  await page.close();
  return {
    main,
    longest: timeOf(traceEvents, 'CrRendererMain', millis).longest,
    worker: timeOf(traceEvents, 'DedicatedWorker', millis).percent,
  };
}

const nothing = await measure('nothing');
console.log(
  `Percent of a core over ${SECONDS / 2} s of playing, beyond a page that does nothing (${nothing.main.toFixed(3)})`,
);
for (const name of ['tonearm', '<audio>']) {
  const { main, longest, worker } = await measure(name);
  console.log(
    `${name}: main thread ${(main - nothing.main).toFixed(3)}, its longest task ${longest.toFixed(1)} ms${worker > 0 ? `, Worker ${worker.toFixed(2)}` : ''}`,
  );
}
await browser.close();
backend.stop();
