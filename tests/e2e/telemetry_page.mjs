// The fixture of the telemetry tests: the backend, an OTLP endpoint and Chromium, started once for each test
// file, and pages with a pipeline of their own.

import { after, before } from 'node:test';
import { openPage, startBackend, startBrowser } from './harness.mjs';
import { startOtlpServer } from './otlp_server.mjs';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
export let backend;
/** @type {Awaited<ReturnType<typeof startOtlpServer>>} */
export let otlp;
/** @type {import('playwright-core').Browser} */
export let browser;
let services = 0;

before(async () => {
  [backend, otlp, browser] = await Promise.all([startBackend(), startOtlpServer(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  backend?.stop();
  otlp?.stop();
});

/** A service name that no other test of the file has. */
export const nextService = () => `app-${++services}`;

/**
 * Opens a page with a pipeline of its own, as `globalThis.telemetry`.
 * @param {object} [options] of `createTelemetry`
 * @param {any} [known] a page that is open already
 * @returns {Promise<{ page: any, name: string }>} the page and the name of its service
 */
export async function open(options = {}, known) {
  const page = known ?? (await openPage(browser, `${backend.gateway}/e2e/blank.html`));
  const name = nextService();
  await page.evaluate(
    (/** @type {object} */ config) => {
      globalThis.telemetry = globalThis.tonearm.createTelemetry(config);
    },
    {
      serviceName: name,
      endpoint: otlp.url,
      scheduledDelayMillis: 50,
      metricIntervalMillis: 300,
      storage: false,
      ...options,
    },
  );
  return { page, name };
}
