// The hand-written scripts that need no page, each as the page gets it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { post, timesOf } from '../../target/modules/host/fetch.js';
import { nativeFetch, replaceFetch } from '../../target/modules/host/native_fetch.js';
import { serverTiming } from '../../target/modules/host/server_timing.js';
import { check } from '../../target/modules/telemetry_options.js';
import { contextOf, format } from '../../target/modules/before/context.js';

test('Server-Timing tells node, cache and trace', () => {
  const of = (value, more = {}) => serverTiming(new Headers({ 'server-timing': value, ...more }));
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  assert.deepEqual(
    of(
      `total;dur=3.2, cdn-node;desc="fra-1, rack 2", cdn-cache;desc=HIT;dur=1, traceparent;desc="${traceparent}"`,
    ),
    ['fra-1, rack 2', 'hit', '0af7651916cd43dd8448eb211c80319c'],
  );
  assert.deepEqual(of('node;dur=1;desc=a , cache;desc="miss"'), ['a', 'miss', undefined]);
  assert.deepEqual(of('x', { 'x-cache': 'Hit from node' }), [undefined, 'hit from node', undefined]);
  for (const nonsense of [
    '',
    ',,;;',
    'traceparent',
    'traceparent;desc=1-2',
    'node;desc=',
    'node;desc=""',
    ';=;=',
  ]) {
    assert.deepEqual(of(nonsense), [undefined, undefined, undefined], nonsense);
  }
  assert.deepEqual(of(`node;desc=${'x'.repeat(200)}`), [undefined, undefined, undefined]);
  // Nothing that a server sends may keep the page busy.
  for (const long of [';'.repeat(8000), 'a;'.repeat(4000), 'a;b="'.repeat(1600), ' '.repeat(8000)])
    of(`x${long}x`);
});

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03';

test('a context is read as Trace Context Level 2 has it', () => {
  const state = (tracestate) => contextOf({ traceparent: TRACEPARENT, tracestate })?.state;
  for (const [given, told] of [
    ['foo=1 \t , \t bar=2, ', 'foo=1,bar=2'],
    ['foo=1,foo=2', 'foo=1'],
    ['0a-_*/@=!~', '0a-_*/@=!~'],
    ['FOO=1', ''],
    ['foo=', ''],
    ['foo=a=b', ''],
    [`${'k'.repeat(256)}=${'v'.repeat(256)}`, `${'k'.repeat(256)}=${'v'.repeat(256)}`],
    [`${'k'.repeat(257)}=v`, ''],
    [Array.from({ length: 33 }, (_, n) => `k${n}=v`).join(), ''],
    [undefined, ''],
  ])
    assert.equal(state(given), told, given);
  assert.equal(format(/** @type {any} */ (contextOf(TRACEPARENT))), TRACEPARENT);
  for (const wrong of [
    '',
    '00-0',
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT}-x`,
    TRACEPARENT.replace('00-', 'ff-'),
    TRACEPARENT.replace(/-b7.*-/, `-${'0'.repeat(16)}-`),
    null,
    {},
    7,
  ]) {
    assert.equal(contextOf(wrong), undefined);
  }
  assert.ok(contextOf(`${TRACEPARENT.replace('00-', 'cc-')}-what-comes`));
});

test('of the two forms of Retry-After each is read as what it is, and nothing else', () => {
  const random = (/** @type {number} */ n) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % n;
  let seed = 5;
  const letters = '0123456789 -+.eE:,GMTSunFri';
  const read = (/** @type {string} */ value) => timesOf(new Headers({ 'retry-after': value }));
  for (let n = 0; n < 20_000; n++) {
    const value = Array.from({ length: random(40) }, () => letters[random(letters.length)]).join('');
    const { retryAfter, retryAt } = read(value);
    // Seconds are digits alone, a date begins with its day's name.
    assert.ok(Number.isNaN(retryAfter) || /^ *\d+ *$/.test(value), value);
    assert.ok(Number.isNaN(retryAt) || /^ *[A-Z]/.test(value), value);
  }
  const none = { retryAfter: NaN, retryAt: NaN, date: NaN };
  for (const value of ['-1', '1.5', '', 'soon', '2010-01-01']) assert.deepEqual(read(value), none, value);
  assert.deepEqual(timesOf(new Headers()), none);
  assert.deepEqual(read('2'), { ...none, retryAfter: 2 });
  assert.deepEqual(read('9'.repeat(400)), { ...none, retryAfter: Infinity });
  const date = 'Fri, 01 Jan 2010 00:00:00 GMT';
  assert.deepEqual(read(date), { ...none, retryAt: Date.UTC(2010, 0, 1) });
  assert.deepEqual(timesOf(new Headers({ date })), { ...none, date: Date.UTC(2010, 0, 1) });
});

test('a wrong option is named, with what was expected and what came', () => {
  for (const [config, message] of [
    [undefined, 'createTelemetry: expected an object, got undefined'],
    [{}, 'createTelemetry: option "serviceName": expected a string that is not empty, got undefined'],
    [
      { serviceName: '' },
      'createTelemetry: option "serviceName": expected a string that is not empty, got the string ""',
    ],
    [
      { serviceName: 'x', scheduledDelayMillis: 0 },
      'createTelemetry: option "scheduledDelayMillis": expected a whole number of milliseconds from 1 to 86400000, got the number 0',
    ],
    [
      { serviceName: 'x', propagateTo: 'y' },
      'createTelemetry: option "propagateTo": expected an array of origins, as https://api.example.com, or of { origin, methods: \'all\' }, got the string "y"',
    ],
    [
      { serviceName: 'x', headers: { a: 1 } },
      'createTelemetry: option "headers": expected an object of strings, or a function that gives one, got object',
    ],
    [{ serviceName: 'x', nonsense: 1 }, 'createTelemetry: option "nonsense": is not known'],
  ]) {
    assert.throws(() => check(config), { name: 'TypeError', message });
  }
  for (const redact of [async () => {}, function* () {}, async function* () {}])
    assert.throws(() => check({ serviceName: 'x', redact }), {
      name: 'TypeError',
      message: 'createTelemetry: option "redact": expected a synchronous function, got function',
    });
  check({ serviceName: 'x', redact: () => false });
  check({ serviceName: 'x', endpoint: null, headers: { a: 'b' }, maxQueueSize: 1 });
});

/** What a response says of time where it says nothing. */
const NONE = { retryAfter: NaN, retryAt: NaN, date: NaN };

globalThis.navigator ??= /** @type {any} */ ({ onLine: true });

/** One export through a replaced fetch: what was sent, and what was answered. */
async function send(respond, gzipped = false) {
  const original = globalThis.fetch;
  const calls = [];
  globalThis.fetch = async (url, init) => {
    calls.push([url, init]);
    return respond();
  };
  try {
    const destination = { endpoint: 'https://otlp.example/', headers: { 'x-key': 'k' } };
    const body = new Uint8Array([1]);
    const how = { gzipped, keepalive: true, timeout: 1000, evenOffline: false };
    const outcome = await new Promise((settled) => post(destination, 'traces', body, how, settled));
    return { url: calls[0][0], init: calls[0][1], outcome };
  } finally {
    globalThis.fetch = original;
  }
}

test('an export is a POST of protobuf, and its reply is read', async () => {
  const { url, init, outcome } = await send(() => new Response(new Uint8Array([10, 2]), { status: 200 }));
  assert.equal(url, 'https://otlp.example/v1/traces');
  assert.deepEqual(init.headers, { 'content-type': 'application/x-protobuf', 'x-key': 'k' });
  assert.equal(init.keepalive, true);
  const { init: zipped } = await send(() => new Response(null, { status: 200 }), true);
  assert.deepEqual(zipped.headers, { ...init.headers, 'content-encoding': 'gzip' });
  assert.deepEqual(outcome, { status: 200, times: NONE, reply: new Uint8Array([10, 2]) });
});

test('a redirect is not followed, and has an outcome of its own', async () => {
  const opaque = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' });
  const { init, outcome } = await send(() => opaque);
  assert.equal(init.redirect, 'manual');
  assert.deepEqual(outcome, { failure: 'redirected' });
});

test('of a long body a bounded part is read, and one that breaks off leaves the status', async () => {
  let canceled = false;
  const endless = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000).fill(7)),
      cancel: () => void (canceled = true),
    });
  const { outcome } = await send(() => new Response(endless(), { status: 200 }));
  assert.deepEqual(outcome, { status: 200, times: NONE, reply: new Uint8Array(16_384).fill(7) });
  assert.ok(canceled);
  let pulls = 0;
  const broken = new ReadableStream({
    pull(controller) {
      if (pulls++ > 0) controller.error(new TypeError('network error'));
      else controller.enqueue(Uint8Array.of(1));
    },
  });
  assert.deepEqual((await send(() => new Response(broken, { status: 400 }))).outcome, {
    status: 400,
    times: NONE,
    reply: Uint8Array.of(1),
  });
});

test('no response is a failure', async () => {
  const { outcome } = await send(() => {
    throw new TypeError('no network');
  });
  assert.deepEqual(outcome, { failure: 'failed' });
});

test('offline nothing is sent, and that is said', async () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: false }, configurable: true });
  try {
    const how = { gzipped: false, keepalive: false, timeout: 1000, evenOffline: false };
    const outcome = await new Promise((settled) => post({}, 'traces', new Uint8Array([1]), how, settled));
    assert.deepEqual(outcome, { failure: 'unsent' });
  } finally {
    Object.defineProperty(globalThis, 'navigator', /** @type {PropertyDescriptor} */ (original));
  }
});

test('fetch is put back once, whoever else wrapped it', async () => {
  const original = globalThis.fetch;
  const calls = [];
  const real = async (url) => {
    calls.push(url);
    return new Response('');
  };
  globalThis.fetch = real;
  try {
    const handler = (input, init) => nativeFetch(input, init);
    const undo = replaceFetch(handler);
    const ours = globalThis.fetch;
    // A module that is loaded again instruments again: the same handler is there once.
    replaceFetch(handler);
    assert.equal(globalThis.fetch, ours);
    // Another library wraps it.
    globalThis.fetch = (input, init) => ours(input, init);
    undo();
    undo();
    await globalThis.fetch('a');
    await nativeFetch('b');
    const again = replaceFetch((input, init) => nativeFetch(input, init));
    undo();
    await globalThis.fetch('c');
    again();
    assert.deepEqual(calls, ['a', 'b', 'c']);
  } finally {
    globalThis.fetch = original;
  }
});

test("a path is of the page's origin only where the browser's own parser says so", async () => {
  const page = 'https://a.example';
  Object.assign(globalThis, {
    location: new URL(page),
    origin: page,
    document: { baseURI: `${page}/x/y` },
  });
  const { locate } = await import('../../target/modules/before/url.js');
  for (const base of [`${page}/x/y`, 'https://b.example/z', 'https://a.example.evil/']) {
    /** @type {any} */ (globalThis.document).baseURI = base;
    for (const given of [
      '/',
      '/a?b',
      '/a//b',
      '//c.example/',
      '/\\c.example/',
      '/\t/c.example/',
      '/\n/c.example/',
      '\\/c.example/',
      '/@d',
      'e',
      '?f',
      'https://a.example/g',
      'blob:h',
    ]) {
      const { origin, foreign, url } = locate(given);
      const truth = new URL(given, base);
      assert.deepEqual(
        [origin, foreign, url().href],
        [truth.origin, truth.origin !== page, truth.href],
        JSON.stringify([given, base]),
      );
      // What the browser says of it changes nothing, but that it need not be parsed.
      for (const said of [truth.href, `${page}/elsewhere`, page + given]) {
        const { href, hostname, port, protocol } = url(said);
        assert.deepEqual(
          [href, hostname, port, protocol],
          [truth.href, truth.hostname, truth.port, truth.protocol],
          JSON.stringify([given, base, said]),
        );
      }
    }
  }
  // A page made of a blob has its maker's origin, and no protocol of its own.
  Object.assign(globalThis, { location: new URL(`blob:${page}/1`), document: { baseURI: `${page}/` } });
  const fresh = await import(`../../target/modules/before/url.js?${page}`);
  const { isHttp, foreign, propagates } = fresh.locate('/a');
  assert.deepEqual([isHttp, foreign, propagates], [true, false, true]);
});
