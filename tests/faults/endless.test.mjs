// An endless radio stream through `telemetry.fetch`, read for ten minutes: what the page holds does not grow.
// `ENDLESS_SECONDS` makes it shorter.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { openPage, startBackend, startBrowser } from '../e2e/harness.mjs';

const SECONDS = Number(process.env.ENDLESS_SECONDS ?? 600);
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

test(`an endless stream for ${SECONDS} s: memory stays`, { timeout: (SECONDS + 60) * 1000 }, async () => {
  const chunk = Buffer.alloc(16 << 10, 7);
  const server = createServer((_, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'audio/mpeg' });
    // Sixteen times as fast as 128 kbit/s: ten minutes of it are 160 of music.
    const timer = setInterval(() => response.write(chunk), 64);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const url = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/radio`;
  const [backend, browser] = await Promise.all([startBackend(), startBrowser()]);
  try {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    const session = await page.context().newCDPSession(page);
    await page.evaluate(async (url) => {
      const telemetry = globalThis.tonearm.createTelemetry({ serviceName: 'endless' });
      const response = await telemetry.fetch(url);
      globalThis.bytes = 0;
      globalThis.telemetry = telemetry;
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      (async () => {
        for (let read; !(read = await reader.read()).done;) globalThis.bytes += read.value.length;
      })();
    }, url);
    /** What is held once all that can be let go of is: JavaScript's heap, and the bytes of its buffers. */
    const held = async () => {
      for (let n = 0; n < 3; n++) await session.send('HeapProfiler.collectGarbage');
      const { usedSize, backingStorageSize = 0 } = /** @type {any} */ (
        await session.send('Runtime.getHeapUsage')
      );
      return usedSize + backingStorageSize;
    };
    await pause(Math.min(60, SECONDS / 4) * 1000);
    const early = await held();
    await pause((SECONDS - Math.min(60, SECONDS / 4)) * 1000);
    const late = await held();
    const [bytes, stats] = await page.evaluate(() => [globalThis.bytes, globalThis.telemetry.stats()]);
    console.log(
      `${(bytes / 1e6).toFixed(1)} MB read; held ${(early / 1e6).toFixed(2)} MB early, ${(late / 1e6).toFixed(2)} MB late`,
    );
    assert.ok(bytes > SECONDS * 100_000, `${bytes} bytes`);
    assert.ok(late - early < 1 << 20, `${early} → ${late}`);
    const { started, pending, exported } = stats.traces;
    assert.deepEqual([started, pending, exported], [1, 1, 0], 'its span is under way as long as it');
  } finally {
    await browser.close();
    backend.stop();
    server.closeAllConnections();
    server.close();
  }
});
