// Each fault that the demo's switches make, told three ways on its page: spans, log lines and metric
// exemplars of one trace.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBackend, startBrowser } from './harness.mjs';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  [backend, browser] = await Promise.all([startBackend(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  backend?.stop();
});

/**
 * A switch and its value; what each of the three says of it. A file that was cut just ends, and has no row.
 * The metric is one whose series belongs to this play: of durations of requests another request of the page
 * may have the bucket's one exemplar.
 * @type {[name: string, value: string, span: string, log: string, metric: string][]}
 */
const SWITCHES = [
  ['latency', '300', 'track.play', 'player.state_changed', 'track.play.latency'],
  ['rate', '100', 'track.stall', 'player.state_changed', 'track.stalls'],
  ['status', '404', 'track.play', 'track.play_failed', 'track.play.attempts'],
  ['status', '500', 'track.play', 'track.play_failed', 'track.play.attempts'],
  ['cut', '50', 'track.recover', 'player.state_changed', 'player.state.transitions'],
  ['corrupt', '10', 'track.play', 'audio.decode_failed', 'audio.decode.failures'],
];

for (const [name, value, span, log, metric] of SWITCHES) {
  test(`${name} ${value}: one trace id in its trace, its log lines and its metrics`, async (t) => {
    const page = await browser.newPage();
    // Switched off whatever came of it: the next test's fault is to be the only one.
    t.after(async () => {
      await page.selectOption(`#faults [name=${name}]`, '0');
      await page.waitForFunction(() => !document.querySelector('#faults')?.classList.contains('is-armed'));
      await page.waitForTimeout(200);
      await page.close();
    });
    await page.goto(backend.gateway);
    await page.waitForSelector('#tracks button');
    await page.selectOption(`#faults [name=${name}]`, value);
    await page.waitForFunction(() => document.querySelector('#faults')?.classList.contains('is-armed'));
    await page.click('#play');
    const shown = () =>
      page.evaluate(() => ({
        trace: player.traceparent?.slice(3, 35),
        id: document.querySelector('#trace-id')?.textContent,
        waterfall: document.querySelector('#waterfall')?.textContent ?? '',
        logs: document.querySelector('#logs')?.textContent ?? '',
        metrics: document.querySelector('#metrics')?.textContent ?? '',
      }));
    let told = await shown();
    const complete = () =>
      told.waterfall.includes(span) && told.logs.includes(log) && told.metrics.includes(metric);
    for (let n = 0; n < 200 && !complete(); n++) {
      await page.waitForTimeout(200);
      told = await shown();
    }
    assert.ok(complete(), JSON.stringify(told, null, 2));
    assert.ok(told.trace && told.id?.includes(told.trace.slice(0, 8)), `${told.id} shows ${told.trace}`);
    // The same from the receiver: every record that it has of that trace says so itself.
    const of = async (/** @type {string} */ what) =>
      (await fetch(`${backend.gateway}/api/traces/${told.trace}${what}`)).json();
    const [spans, logs, points] = await Promise.all([of(''), of('/logs'), of('/metrics')]);
    assert.ok(spans.every((/** @type {any} */ { traceId }) => traceId === told.trace));
    assert.ok(logs.some((/** @type {any} */ { event }) => event === log));
    const exemplars = points
      .filter((/** @type {any} */ point) => point.name === metric)
      .flatMap((/** @type {any} */ point) => point.exemplars);
    assert.ok(exemplars.some((/** @type {any} */ { traceId }) => traceId === told.trace));
  });
}
