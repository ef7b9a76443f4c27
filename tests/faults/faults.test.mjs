// Nothing is lost in silence: bad networks, bad endpoints, tabs that close, browsers that are killed. Each
// row of the table in docs/telemetry.md is one of these. `FAULTS_BROWSER` is chromium or firefox.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startBackend } from '../e2e/harness.mjs';
import { startFirefox } from './firefox.mjs';
import { startSink } from './sink.mjs';

const FIREFOX = process.env.FAULTS_BROWSER === 'firefox';
/** What a narrow link carries, in bytes a second. */
const NARROW = 100_000;

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {Awaited<ReturnType<typeof startSink>>} */
let sink;
const profiles = mkdtempSync(join(tmpdir(), 'tonearm-faults-'));
let row = 0;

before(async () => {
  backend = await startBackend();
  sink = await startSink(backend.gateway);
});
after(() => {
  sink?.stop();
  backend?.stop();
  rmSync(profiles, { recursive: true, force: true });
});

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A browser with a profile that stays: what both have, and what each does in its own way.
 * @typedef {{ newPage: () => Promise<any>, setOffline: (offline: boolean) => Promise<void>, kill: () => void,
 * close: () => Promise<void> }} Visit
 */

/** @param {string} profile @returns {Promise<Visit>} */
async function visit(profile) {
  const folder = join(profiles, profile);
  if (FIREFOX) return startFirefox(folder);
  const args = [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  // Playwright turns the back-forward cache off; listeners have it.
  const ignoreDefaultArgs = ['--disable-back-forward-cache'];
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: '/usr/bin/chromium',
    args,
    ignoreDefaultArgs,
  });
  return {
    newPage: () => context.newPage(),
    setOffline: (offline) => context.setOffline(offline),
    close: () => context.close(),
    kill() {
      for (const pid of execFileSync('pgrep', ['-f', `user-data-dir=${folder}`])
        .toString()
        .trim()
        .split('\n')) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // A child may have gone with its parent.
        }
      }
    },
  };
}

/**
 * A narrow link to the sink: small socket buffers, slowly read.
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
async function narrow() {
  const child = spawn(backend.binary, ['narrow', new URL(sink.url).host, String(NARROW)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((resolve) => child.stdout.once('data', resolve));
  return { ...JSON.parse(String(line)), stop: () => child.kill() };
}

/**
 * A page of the app `name`, its pipeline on the sink.
 * @param {Visit} context
 * @param {string} name
 * @param {object} [more]
 */
async function open(context, name, more = {}) {
  const page = await context.newPage();
  await page.goto(`${backend.gateway}/e2e/blank.html`);
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate(async ([serviceName, endpoint, more]) => {
    globalThis.telemetry = globalThis.tonearm.createTelemetry({
      serviceName,
      endpoint,
      scheduledDelayMillis: 500,
      ...more,
    });
    globalThis.make = (count) => {
      for (let n = 0; n < count; n++)
        globalThis.telemetry.startSpan(`span ${n}`, { attributes: { n, text: 'as long as many are' } }).end();
    };
    await globalThis.tonearm.init();
  }, /** @type {[string, string, object]} */ ([name, sink.url, more]));
  return page;
}

/** Spans of an app that arrived: how many, and how many different ones. @param {string} name */
async function arrived(name) {
  const spans = await (await fetch(`${backend.gateway}/api/spans?limit=20000`)).json();
  const ours = spans.filter((/** @type {any} */ span) => span.service === name);
  return { all: ours.length, different: new Set(ours.map((/** @type {any} */ span) => span.spanId)).size };
}

/**
 * Waits until so many different spans arrived.
 * @param {string} name
 * @param {number} count
 * @param {number} seconds
 */
async function arrive(name, count, seconds) {
  for (let n = 0; n < seconds * 5 && (await arrived(name)).different < count; n++) await pause(200);
  return arrived(name);
}

const stats = (/** @type {any} */ page) => page.evaluate(() => globalThis.telemetry.stats());
const adds = (/** @type {any} */ { started, recovered, exported, pending, dropped }) =>
  assert.equal(
    started + recovered,
    exported + pending + Object.values(dropped).reduce((sum, count) => sum + count, 0),
  );

/**
 * One row: a fresh app and profile.
 * @param {string} what
 * @param {(name: string, context: Visit) => Promise<void>} run
 */
function fault(what, run) {
  test(what, { timeout: 180_000 }, async () => {
    const name = `faults-${++row}`;
    sink.behave('accept');
    const context = await visit(name);
    try {
      await run(name, context);
    } finally {
      await context.close().catch(() => {});
    }
  });
}

fault('down for 20 s with 200 spans made meanwhile: 200 arrive', async (name, context) => {
  const page = await open(context, name);
  sink.behave('down');
  for (let n = 0; n < 20; n++) {
    await page.evaluate(() => globalThis.make(10));
    await pause(1000);
  }
  sink.behave('accept');
  assert.deepEqual(await arrive(name, 200, 60), { all: 200, different: 200 });
});

for (const [what, behaviour] of /** @type {const} */ ([
  ['503 three times', { status: 503, times: 3 }],
  ['429 with Retry-After in seconds', { status: 429, headers: { 'retry-after': '2' }, times: 1 }],
  ['429 with Retry-After as a date', { status: 429, headers: { 'retry-after': 'DATE' }, times: 1 }],
  ['answers after 10 s', { wait: 10_000 }],
])) {
  fault(`${what}: 200 of 200, no duplicate`, async (name, context) => {
    const page = await open(context, name);
    const date = new Date(Date.now() + 3000).toUTCString();
    sink.behave(JSON.parse(JSON.stringify(behaviour).replace('DATE', date)));
    await page.evaluate(() => globalThis.make(200));
    assert.deepEqual(await arrive(name, 200, 60), { all: 200, different: 200 });
  });
}

fault('400: dropped, and counted', async (name, context) => {
  const page = await open(context, name);
  sink.behave({ status: 400 });
  await page.evaluate(() => globalThis.make(200));
  await page.waitForFunction(() => globalThis.telemetry.stats().traces.dropped.rejected === 200);
  adds((await stats(page)).traces);
});

fault('a partial success: counted, not sent again', async (name, context) => {
  const page = await open(context, name);
  sink.behave({ status: 200, body: new Uint8Array([0x0a, 0x02, 0x08, 0x07]), times: 1, accepts: true });
  await page.evaluate(() => globalThis.make(200));
  await page.waitForFunction(() => globalThis.telemetry.stats().traces.exported === 193);
  await pause(2000);
  const { traces } = await stats(page);
  assert.equal(traces.dropped.rejected, 7);
  adds(traces);
  assert.equal((await arrived(name)).all, 200);
});

fault('10,000 spans in one task: all exported or counted', async (name, context) => {
  const page = await open(context, name);
  await page.evaluate(() => globalThis.make(10_000));
  await page.waitForFunction(() => globalThis.telemetry.stats().traces.pending === 0, null, {
    timeout: 60_000,
  });
  const { traces } = await stats(page);
  adds(traces);
  assert.equal(traces.started, 10_000);
  assert.ok(traces.exported >= 8000, `${traces.exported} exported`);
});

/**
 * Ends of a visit with records pending.
 * @type {Record<string, (page: any, context: Visit) => Promise<void>>}
 */
const ends = {
  'the tab is closed': async (page, context) => {
    await page.close({ runBeforeUnload: false });
    await pause(300);
    await context.close();
  },
  'the page navigates away': async (page, context) => {
    await page.goto('about:blank');
    await pause(300);
    await context.close();
  },
  'the browser is killed': async (page, context) => {
    // What was made a second ago and before must outlive that.
    await pause(1500);
    context.kill();
    await pause(500);
    await context.close().catch(() => {});
  },
};

for (const [what, end] of Object.entries(ends)) {
  for (const count of [200, 2000]) {
    fault(
      `${what} with ${count} pending and a slow endpoint: all of it by the next visit`,
      async (name, context) => {
        const link = await narrow();
        const page = await open(context, name, {
          endpoint: link.url,
          scheduledDelayMillis: 60_000,
          metricIntervalMillis: 3_600_000,
        });
        await page.evaluate((count) => {
          globalThis.make(count);
          const counter = globalThis.telemetry.createCounter('faults.made');
          for (let n = 0; n < count; n++) counter.add(1);
          globalThis.telemetry.log({ eventName: 'faults.made', severity: 'warn' });
        }, count);
        await pause(300);
        await end(page, context);
        link.stop();
        const next = await visit(name);
        try {
          const again = await open(next, name);
          assert.equal((await arrive(name, count, 30)).different, count);
          await again.evaluate(() => globalThis.telemetry.forceFlush());
          await pause(1500);
          const { metrics } = await stats(again);
          const points = await (await fetch(`${backend.gateway}/api/metrics?limit=20000`)).json();
          const sum = points
            .filter((/** @type {any} */ point) => point.service === name && point.name === 'faults.made')
            .reduce((/** @type {number} */ sum, /** @type {any} */ { point }) => sum + point.value, 0);
          // The one point is there once, or it is named as one that may be: never twice.
          assert.ok(
            sum === count || (sum === 0 && metrics.dropped.unconfirmed > 0),
            `${sum} of ${count}, ${JSON.stringify(metrics)}`,
          );
          const logs = await (await fetch(`${backend.gateway}/api/logs?limit=20000`)).json();
          assert.ok(
            logs.some((/** @type {any} */ log) => log.service === name && log.event === 'faults.made'),
            'the log record',
          );
          for (const signal of Object.values(await stats(again))) adds(signal);
        } finally {
          await next.close();
        }
      },
    );
  }
}

fault('two tabs, one closed, one living: each row is sent once', async (name, context) => {
  sink.behave('down');
  const [first, second] = [await open(context, name), await open(context, name)];
  await first.evaluate(() => globalThis.make(50));
  await second.evaluate(() => globalThis.make(50));
  await pause(2000);
  await first.close();
  const third = await open(context, name);
  await pause(1500);
  sink.behave('accept');
  assert.equal((await arrive(name, 100, 60)).different, 100);
  await pause(3000);
  const [of2, of3] = [(await stats(second)).traces, (await stats(third)).traces];
  assert.deepEqual([of2.recovered, of3.recovered], [0, 50], 'a living tab keeps its rows');
});

fault('into the back-forward cache and back: restored from it, and it goes on', async (name, context) => {
  const page = await open(context, name);
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => (globalThis.restored = persisted));
    globalThis.make(10);
  });
  await page.goto(`${backend.gateway}/e2e/autoplay.html`);
  await page.goBack({ waitUntil: 'commit' });
  if (FIREFOX) {
    // It keeps no page that has used a Web Lock, as what is pending needs one (docs/open.md): nothing is lost
    // by that.
    assert.deepEqual(await arrive(name, 10, 20), { all: 10, different: 10 });
    return;
  }
  await page.waitForFunction(() => globalThis.restored !== undefined, null, { timeout: 5000 });
  assert.equal(await page.evaluate(() => globalThis.restored), true);
  await page.evaluate(() => globalThis.make(10));
  assert.deepEqual(await arrive(name, 20, 20), { all: 20, different: 20 });
  await page.waitForFunction(() => globalThis.telemetry.stats().traces.pending === 0);
});

fault('offline for 60 s: nothing lost', async (name, context) => {
  const page = await open(context, name);
  await context.setOffline(true);
  for (let n = 0; n < 60; n++) {
    await page.evaluate(() => globalThis.make(5));
    await pause(1000);
  }
  const before = sink.requests();
  await context.setOffline(false);
  assert.deepEqual(await arrive(name, 300, 30), { all: 300, different: 300 });
  assert.ok(sink.requests() > before);
});
