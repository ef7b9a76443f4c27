// OTLP in JSON as we write it, against what the opentelemetry-proto crate makes of the same bytes
// (`tests/native/json.rs` writes the file); and what an app sees and changes of a record.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hmac, inspect, transcode } from '../records.mjs';
import { encode as encodeAs } from './core.mjs';

const root = new URL('../../', import.meta.url);
const text = new TextDecoder();

/** Attributes in protobuf, as the page's script has the core encode them. @param {object} attributes */
const encode = (attributes) => encodeAs(0x0a, attributes);

const ONE_OF = new Set([
  'stringValue',
  'boolValue',
  'intValue',
  'doubleValue',
  'arrayValue',
  'kvlistValue',
  'asDouble',
]);

/** What is at its default is left out in either, or in neither. @param {any} value @returns {any} */
function lean(value) {
  if (Array.isArray(value)) return value.map(lean);
  if (typeof value !== 'object' || value === null) return value;
  // What JSON has no number for is text in protobuf's own mapping; the crate writes nothing there.
  const number = (/** @type {any} */ inner) =>
    ['NaN', 'Infinity', '-Infinity'].includes(inner) ? null : inner;
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    key === 'doubleValue' ? number(inner) : lean(inner),
  ]);
  // Of a value there is one field, whatever it holds.
  const told = ([key, inner]) =>
    ONE_OF.has(key) ||
    (![0, '0', '', false, null].includes(inner) &&
      !(typeof inner === 'object' && Object.keys(inner).length === 0));
  return Object.fromEntries(entries.filter(told));
}

/** By their number in the vectors. */
const SIGNALS = /** @type {const} */ (['traces', 'metrics', 'logs']);

const lines = readFileSync(new URL('target/otlp-json.tsv', root), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t'));

test('requests of all signals are what OTLP has in JSON', () => {
  const seen = [0, 0, 0];
  for (const [signal, hex, json] of lines) {
    const ours = JSON.parse(text.decode(transcode.request(SIGNALS[Number(signal)], Buffer.from(hex, 'hex'))));
    assert.deepEqual(lean(ours), lean(JSON.parse(json)));
    seen[Number(signal)]++;
  }
  assert.ok(
    seen.every((count) => count > 250),
    String(seen),
  );
});

test('ids are in hexadecimal, enums whole numbers, 64-bit numbers text', () => {
  const [, hex] = lines.find(([signal]) => signal === '0') ?? [];
  const { resourceSpans } = JSON.parse(
    text.decode(transcode.request('traces', Buffer.from(String(hex), 'hex'))),
  );
  const [span] = resourceSpans[0].scopeSpans[0].spans;
  assert.match(span.traceId, /^[\da-f]{32}$/);
  assert.match(span.spanId, /^[\da-f]{16}$/);
  assert.equal(span.kind, 3);
  assert.match(span.startTimeUnixNano, /^\d{19}$/);
});

test('an answer in JSON is read as one in protobuf', () => {
  const of = (value) => [
    ...transcode.reply(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))),
  ];
  assert.deepEqual(of({ partialSuccess: { rejectedSpans: '300' } }), [0x0a, 3, 0x08, 0xac, 0x02]);
  assert.deepEqual(of({ partialSuccess: { rejectedLogRecords: 7 } }), [0x0a, 2, 0x08, 7]);
  for (const nothing of [
    {},
    '',
    'x',
    { partialSuccess: {} },
    { partialSuccess: { rejectedDataPoints: '0' } },
    { partialSuccess: null },
  ]) {
    assert.deepEqual(of(nothing), []);
  }
});

/** The first span or log record of a request. @param {'0' | '2'} signal */
function recordOf(signal, at = 0) {
  const [, hex, json] = lines.filter(([known]) => known === signal)[at];
  let bytes = Buffer.from(hex, 'hex');
  // request → resource_* (1) → scope_* (2) → record (2): each time the last field of its message begins with
  // its tag.
  for (const tag of [0x0a, 0x12, 0x12]) {
    let position = 0;
    for (;;) {
      const found = bytes[position];
      let [length, shift, n] = [0, 0, position + 1];
      for (; bytes[n] > 127; n++, shift += 7) length |= (bytes[n] & 127) << shift;
      length |= bytes[n] << shift;
      if (found === tag) {
        bytes = bytes.subarray(n + 1, n + 1 + length);
        break;
      }
      position = n + 1 + length;
    }
  }
  const { resourceSpans, resourceLogs } = JSON.parse(json);
  return {
    bytes,
    json: resourceSpans?.[0].scopeSpans[0].spans[0] ?? resourceLogs[0].scopeLogs[0].logRecords[0],
  };
}

test('a hook sees a record, changes it, or wants it out', () => {
  for (const signal of /** @type {const} */ (['0', '2'])) {
    for (let at = 0; at < 50; at++) {
      const { bytes, json } = recordOf(signal, at);
      const name = SIGNALS[Number(signal)];
      assert.equal(inspect({ encode }, name, bytes), bytes, 'untouched it stays the same bytes');
      assert.equal(inspect({ encode, redact: () => false }, name, bytes), undefined);
      const errors = console.error;
      console.error = () => {};
      const thrown = inspect(
        {
          encode,
          redact: () => {
            throw new Error('no');
          },
        },
        name,
        bytes,
      );
      console.error = errors;
      assert.equal(thrown, undefined, 'what could not be looked at does not leave');
      const changed = inspect(
        {
          encode,
          redact: (record) => {
            assert.equal(record.name, signal === '0' ? json.name : json.eventName);
            assert.equal(record.traceId || undefined, json.traceId || undefined);
            record.name = 'other';
            record.attributes = { left: [1, 'two', { three: true }] };
            if (signal === '2') record.body = 'said';
          },
        },
        name,
        bytes,
      );
      const tag = signal === '0' ? 'resourceSpans' : 'resourceLogs';
      const wrapped = wrap(wrap(wrap(/** @type {Uint8Array} */ (changed), 0x12), 0x12), 0x0a);
      const read = JSON.parse(text.decode(transcode.request(name, wrapped)))[tag][0];
      const record = read.scopeSpans?.[0].spans[0] ?? read.scopeLogs[0].logRecords[0];
      assert.equal(record.name ?? record.eventName, 'other');
      assert.deepEqual(record.attributes, [
        {
          key: 'left',
          value: {
            arrayValue: {
              values: [
                { intValue: '1' },
                { stringValue: 'two' },
                { kvlistValue: { values: [{ key: 'three', value: { boolValue: true } }] } },
              ],
            },
          },
        },
      ]);
      if (signal === '2') assert.deepEqual(record.body, { stringValue: 'said' });
      assert.equal(
        record.startTimeUnixNano ?? record.timeUnixNano,
        json.startTimeUnixNano ?? json.timeUnixNano,
      );
    }
  }
});

test('a log record is echoed at its level', () => {
  const { bytes, json } = recordOf('2');
  const said = [];
  const before = { info: console.info, error: console.error };
  Object.assign(console, {
    info: (...args) => said.push(['info', ...args]),
    error: (...args) => said.push(['error', ...args]),
  });
  inspect({ encode, echo: true }, 'logs', bytes);
  Object.assign(console, before);
  assert.equal(said.length, 1);
  assert.deepEqual(said[0].slice(0, 2), [json.severityNumber === 17 ? 'error' : 'info', 'event.name']);
});

test('what an attribute is called hides it from no hook', () => {
  const secret = JSON.parse('{ "__proto__": "secret", "map": { "__proto__": { "a": 1 } } }');
  /** @type {any} */
  let seen;
  const hooks = { encode, redact: (/** @type {any} */ record) => void (seen = record.attributes) };
  const record = encodeAs(0x32, secret);
  assert.equal(inspect(hooks, 'logs', record), record);
  assert.equal(JSON.stringify(seen), JSON.stringify(secret));
});

test('what is damaged is no request, and does not leave', () => {
  const [, hex] = lines.find(([signal]) => signal === '0') ?? [];
  const body = Buffer.from(String(hex), 'hex');
  assert.throws(() => transcode.request('traces', body.subarray(0, -1)), /The body is no whole request/);
  const { error } = console;
  /** @type {any[]} */
  const errors = [];
  console.error = (thrown) => errors.push(thrown);
  try {
    const { bytes } = recordOf('0');
    assert.equal(inspect({ encode, redact: () => {} }, 'traces', bytes.subarray(0, -1)), undefined);
  } finally {
    console.error = error;
  }
  assert.match(String(errors), /TypeError: A record could not be read/);
});

test('the module is fetched once, and again where it could not be had', async () => {
  // @ts-expect-error an instance of the script of its own
  const script = await import('../../pkg/dist/records.js?fetched');
  const { fetch } = globalThis;
  /** @type {string[]} */
  const asked = [];
  const file = readFileSync(new URL('pkg/dist/tonearm_records_bg.wasm', root));
  const replies = [
    () => new Response('', { status: 404 }),
    () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    () => new Response(file, { headers: { 'content-type': 'application/wasm' } }),
  ];
  globalThis.fetch = async (url) => {
    asked.push(new URL(String(url)).pathname.split('/').at(-1) ?? '');
    return /** @type {() => Response} */ (replies.shift())();
  };
  try {
    for (let n = 0; n < 2; n++) await assert.rejects(script.load(), { name: 'NetworkError' });
    await Promise.all([script.load(), script.load()]);
    await script.load();
  } finally {
    globalThis.fetch = fetch;
  }
  assert.deepEqual(asked, Array(3).fill('tonearm_records_bg.wasm'));
  assert.equal(text.decode(script.transcode.request('logs', new Uint8Array())), '{}');
});

test('a user is an HMAC', async () => {
  // RFC 4231, test case 2.
  assert.equal(
    await hmac('Jefe', 'what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

/** A message as a field. @param {Uint8Array} bytes @param {number} tag */
function wrap(bytes, tag) {
  const length = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Uint8Array.of(tag, ...length, rest, ...bytes);
}
