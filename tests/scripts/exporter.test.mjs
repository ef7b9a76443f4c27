// One export under conditions that a browser seldom has: a reply that comes late, a page that is left, a page
// that claims to be offline.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { post } from '../../target/modules/host/fetch.js';
import { transcode } from '../records.mjs';

/** Lets promises settle; timers that are mocked stay as they are. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Runs a test with a `fetch` and a `navigator.onLine` of its own.
 * @param {() => Response | Promise<Response>} respond @param {() => Promise<void>} run @param {boolean}
 * [onLine]
 */
async function withNetwork(respond, run, onLine = true) {
  const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const { fetch } = globalThis;
  Object.defineProperty(globalThis, 'navigator', { value: { onLine }, configurable: true });
  globalThis.fetch = async () => respond();
  try {
    await run();
  } finally {
    globalThis.fetch = fetch;
    if (original) Object.defineProperty(globalThis, 'navigator', original);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}

/**
 * Sends a body. Resolves with what became of it.
 * @param {import('../../pkg/src/host/fetch.js').Destination} destination @param {number} length @param
 * {object} [how]
 * @returns {Promise<import('../../pkg/src/host/fetch.js').Outcome>}
 */
const send = (destination, length, how) =>
  new Promise((resolve) =>
    post(
      { endpoint: 'https://otlp.example', ...destination },
      'traces',
      new Uint8Array(length),
      { gzipped: false, keepalive: false, timeout: 60_000, evenOffline: false, ...how },
      resolve,
    ),
  );

test('a reply that comes within two seconds of its head is read; of one that takes longer, what came by then', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [wait, expected] of /** @type {const} */ ([
    [1999, [1, 2]],
    [2000, [1]],
  ])) {
    /** @type {ReadableStreamDefaultController | undefined} */
    let controller;
    const body = new ReadableStream({ start: (own) => void (controller = own) });
    await withNetwork(
      () => new Response(body),
      async () => {
        const answer = send({}, 1);
        controller?.enqueue(Uint8Array.of(1));
        await settled();
        t.mock.timers.tick(wait);
        await settled();
        try {
          controller?.enqueue(Uint8Array.of(2));
          controller?.close();
        } catch {
          // It was cancelled.
        }
        const times = { retryAfter: NaN, retryAt: NaN, date: NaN };
        const outcome = { status: 200, times, reply: Uint8Array.from(expected) };
        assert.deepEqual(await answer, outcome, `${wait} ms`);
      },
    );
  }
});

test('requests that have ended leave room for others while the page is left, in JSON too', async () => {
  const json = {
    ...transcode,
    request: (_, /** @type {Uint8Array} */ body) => new Uint8Array(3 * body.length),
  };
  const destination = /** @type {any} */ ({ json, transcode: async () => json });
  const results = async (/** @type {ReturnType<typeof send>[]} */ outcomes) =>
    (await Promise.all(outcomes)).map(({ status, failure }) => status ?? failure);
  await withNetwork(
    () => new Response(null),
    async () => {
      // Each needs three quarters of the 60 KiB.
      for (let n = 0; n < 4; n++)
        assert.deepEqual(await results([send(destination, 15 << 10, { keepalive: true })]), [200], String(n));
      const both = [1, 2].map(() => send(destination, 15 << 10, { keepalive: true }));
      assert.deepEqual(await results(both), [200, 'deferred']);
    },
  );
});

test('what is sent although the page is offline was not sent where it fails, and has failed where the page is online', async () => {
  const fails = () => {
    throw new TypeError('no network');
  };
  for (const [onLine, respond, expected] of /** @type {const} */ ([
    [false, fails, 'unsent'],
    [true, fails, 'failed'],
    [false, () => new Response(null), 200],
  ]))
    await withNetwork(
      respond,
      async () => {
        const { status, failure } = await send({}, 1, { evenOffline: true });
        assert.equal(status ?? failure, expected, `${onLine}`);
      },
      onLine,
    );
});

test('a body in JSON is compressed from a kilobyte on', async () => {
  assert.equal(await transcode.gzip(new Uint8Array(1023)), undefined);
  const compressed = await transcode.gzip(new Uint8Array(1024));
  assert.ok(compressed && compressed.byteLength < 100);
});
