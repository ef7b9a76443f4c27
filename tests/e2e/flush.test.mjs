// What a flush waits for, and when it gives up: before the core is there, and without one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backend, browser, nextService, open, otlp } from './telemetry_page.mjs';
import { openPage } from './harness.mjs';

test('a span that ends while a flush waits for the core is sent by that flush', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const arrived = await page.evaluate(
    (/** @type {object} */ config) => {
      const telemetry = globalThis.tonearm.createTelemetry(config);
      const flushed = telemetry.forceFlush({ timeoutMillis: 20_000 });
      telemetry.startSpan('late').end();
      return flushed;
    },
    { serviceName: nextService(), endpoint: otlp.url, scheduledDelayMillis: 600_000, storage: false },
  );
  assert.equal(arrived, true);
  await page.close();
});

test('a flush without a core ends, and says that nothing arrived', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  await page.route('**/*.wasm', (route) => route.abort());
  const arrived = await page.evaluate(
    (/** @type {object} */ config) => {
      const telemetry = globalThis.tonearm.createTelemetry(config);
      telemetry.startSpan('kept').end();
      return telemetry.forceFlush();
    },
    { serviceName: nextService(), endpoint: otlp.url, storage: false },
  );
  assert.equal(arrived, false);
  await page.close();
});

test('consent that no option speaks of cannot be set', async () => {
  const { page } = await open();
  const names = await page.evaluate(() =>
    [true, false].map((granted) => {
      try {
        globalThis.telemetry.setConsent(granted);
        return 'set';
      } catch (error) {
        return /** @type {Error} */ (error).name;
      }
    }),
  );
  assert.deepEqual(names, ['InvalidStateError', 'InvalidStateError']);
  await page.close();
});
