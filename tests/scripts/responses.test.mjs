// When a page is done with a response, to the call: what has no body, what is read by a reader, what is let
// go of. The collector runs when the test says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { endUnread, release, watchResponse } from '../../target/modules/traced_response.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/**
 * Collects what nothing holds, and lets the registries call back: until something has ended, or often enough.
 * @param {unknown[]} ends
 */
async function collect(ends) {
  for (let n = 0; n < 200 && ends.length === 0; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * A watch that counts its ends, each of which releases it. @param {Response} response @param {boolean}
 * [isEmpty] @param {number} [responseEnd]
 */
function watched(response, isEmpty = false, responseEnd) {
  /** @type {[unknown, number | undefined][]} */
  const ends = [];
  /** @type {{ watch?: ReturnType<typeof watchResponse> }} */
  const own = {};
  const end = (/** @type {unknown} */ error, /** @type {number | undefined} */ at) => {
    ends.push([error, at]);
    if (own.watch) release(own.watch);
  };
  own.watch = watchResponse(response, isEmpty, { end, responseEnd: () => responseEnd });
  return { ends, watch: own.watch };
}

/** A body that stays open. */
const open = () => new Response(new ReadableStream({}), { status: 200 });

test('an answer that has no body is over with its head, and so is one that is no success', () => {
  for (const [response, isEmpty] of /** @type {[Response, boolean][]} */ ([
    [new Response(null, { status: 204 }), false],
    [new Response(null, { status: 205 }), false],
    [new Response(null, { status: 304 }), false],
    [new Response('x', { status: 404 }), false],
    [new Response('x', { status: 500 }), false],
    [new Response('x'), true],
  ])) {
    const { ends, watch } = watched(response, isEmpty);
    assert.equal(watch, undefined);
    assert.equal(ends.length, 1, String(response.status));
    assert.ok(Number(ends[0][1]) <= performance.now());
  }
});

test('a success is watched from its head on, and one that nobody reads ends there when the page is left', (t) => {
  t.mock.method(performance, 'now', () => 1000);
  const response = open();
  const { ends, watch } = watched(response);
  assert.deepEqual([ends, watch?.came], [[], 1000]);
  endUnread();
  assert.deepEqual(ends, [[undefined, 1000]]);
  const known = open();
  const { ends: others } = watched(known, false, 1234);
  endUnread();
  assert.deepEqual(others, [[undefined, 1234]], 'its last byte had come');
});

test('a body whose reader was let go of is under way while the page holds the body, and over when it does not', async () => {
  const { ends, held } = await (async () => {
    const response = open();
    const { ends } = watched(response);
    /** @type {{ body: ReadableStream | null }} */
    const held = { body: response.body };
    const reader = held.body?.getReader();
    reader?.releaseLock();
    return { ends, held };
  })();
  await collect(ends);
  assert.deepEqual(ends, [], 'the reader is gone, the body is not');
  assert.equal(held.body?.locked, false);
  held.body = null;
  await collect(ends);
  assert.equal(ends.length, 1);
});

test('a body that is read in no way that is watched is over when the page lets go of the response', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 5000;
  t.mock.method(performance, 'now', () => now);
  const { ends, held } = await (async () => {
    const response = open();
    const { ends } = watched(response);
    const body = Object.getOwnPropertyDescriptor(Response.prototype, 'body')?.get?.call(response);
    ReadableStream.prototype.getReader.call(body);
    return { ends, held: { response: /** @type {Response | undefined} */ (response) } };
  })();
  now += 500;
  t.mock.timers.tick(500);
  await collect(ends);
  assert.deepEqual(ends, [], 'it is in use, and the page holds it');
  held.response = undefined;
  await collect(ends);
  assert.equal(ends.length, 1, 'without a timer');
});

test('a watch that is released ends by nothing more', async () => {
  const ends = await (async () => {
    const response = open();
    const { ends, watch } = watched(response);
    if (watch) release(watch);
    response.body?.getReader();
    if (watch) release(watch);
    return ends;
  })();
  await collect(ends);
  endUnread();
  assert.deepEqual(ends, []);
});
