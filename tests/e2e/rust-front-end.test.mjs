// The Yew example in a real browser: spans of `tracing`, a counter and a log record reach the receiver, and the gateway's span is
// part of the trace.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBackend, startBrowser, waitForTrace } from './harness.mjs';

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

const all = async (/** @type {string} */ what) => (await fetch(`${backend.gateway}/api/${what}?limit=20000`)).json();
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('what a Rust front-end tells of a click arrives, in one trace with the gateway', async () => {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${backend.gateway}/yew/index.html`);
  await page.click('#buy');
  await page.waitForFunction(() => document.querySelector('output')?.textContent?.endsWith('bytes of tracks'));
  let spans = [];
  for (let n = 0; n < 120 && spans.length < 2; n++, await pause(100)) {
    spans = (await all('spans')).filter((/** @type {any} */ span) => span.service === 'tonearm-yew');
  }
  const [buy, quote] = ['buy', 'quote'].map((name) => spans.find((/** @type {any} */ span) => span.name === name));
  assert.equal(quote.parentSpanId, buy.spanId);
  const trace = await waitForTrace(backend.gateway, buy.traceId, (spans) => spans.some(({ service }) => service === 'gateway'));
  assert.equal(trace.find(({ service }) => service === 'gateway').parentSpanId, quote.spanId);
  const logs = (await all('logs')).filter((/** @type {any} */ log) => log.service === 'tonearm-yew');
  assert.equal(logs[0].event, 'shop.bought');
  const metrics = (await all('metrics')).filter((/** @type {any} */ point) => point.service === 'tonearm-yew');
  assert.ok(metrics.some((/** @type {any} */ { name, point }) => name === 'shop.bought' && point.value === 1));
  assert.deepEqual(errors, []);
  await page.close();
});

test('what is pending when the page is left arrives', async () => {
  const page = await browser.newPage();
  await page.goto(`${backend.gateway}/yew/index.html`);
  // The app flushes once its answer is there: this one has none yet.
  await page.route('**/api/tracks', async (route) => (await pause(300), route.continue()));
  const before = (await all('spans')).filter((/** @type {any} */ span) => span.service === 'tonearm-yew').length;
  await page.click('#buy');
  await page.waitForTimeout(500);
  await page.close({ runBeforeUnload: true });
  let spans = [];
  for (let n = 0; n < 50 && spans.length <= before; n++, await pause(100)) {
    spans = (await all('spans')).filter((/** @type {any} */ span) => span.service === 'tonearm-yew');
  }
  assert.ok(spans.length > before);
});
