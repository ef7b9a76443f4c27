// The Yew example in a real browser: spans of `tracing`, a counter and a log record reach the receiver, and
// the gateway's span is part of the trace.

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

const all = async (/** @type {string} */ what) =>
  (await fetch(`${backend.gateway}/api/${what}?limit=20000`)).json();
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The example's spans, once those are among them. @param {string[]} names */
async function waitForSpans(names) {
  for (let n = 0; ; n++, await pause(100)) {
    const spans = (await all('spans')).filter((/** @type {any} */ span) => span.service === 'tonearm-yew');
    if (n > 120 || names.every((name) => spans.some((/** @type {any} */ span) => span.name === name)))
      return spans;
  }
}

test('what a Rust front-end tells of a click arrives, in one trace with the gateway', async () => {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${backend.gateway}/yew/index.html`);
  await page.click('#buy');
  await page.waitForFunction(() =>
    document.querySelector('output')?.textContent?.endsWith('bytes of tracks'),
  );
  // Yew tells of its own rendering, by `tracing` too.
  const spans = await waitForSpans(['buy', 'quote']);
  const [buy, quote] = ['buy', 'quote'].map((name) =>
    spans.find((/** @type {any} */ span) => span.name === name),
  );
  assert.equal(quote.parentSpanId, buy.spanId);
  await waitForTrace(backend.gateway, buy.traceId, (spans) =>
    spans.some(({ service, parentSpanId }) => service === 'gateway' && parentSpanId === quote.spanId),
  );
  const logs = (await all('logs')).filter((/** @type {any} */ log) => log.service === 'tonearm-yew');
  assert.equal(logs[0].event, 'shop.bought');
  const metrics = (await all('metrics')).filter(
    (/** @type {any} */ point) => point.service === 'tonearm-yew',
  );
  assert.ok(
    metrics.some((/** @type {any} */ { name, point }) => name === 'shop.bought' && point.value === 1),
  );
  assert.deepEqual(errors, []);
  await page.close();
});

test('what is pending when the page is left arrives', async () => {
  const page = await browser.newPage();
  await page.goto(`${backend.gateway}/yew/index.html`);
  await page.click('#buy');
  await page.waitForTimeout(500);
  await page.goto('about:blank');
  // Its own span ends behind the flush of the app.
  let bought = [];
  for (let n = 0; n < 50 && bought.length < 2; n++, await pause(100)) {
    bought = (await waitForSpans([])).filter((/** @type {any} */ { name }) => name === 'buy');
  }
  assert.equal(bought.length, 2);
});
