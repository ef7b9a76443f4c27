// Headers that any third party may send: what is read of them, and that their length costs no more than their
// length.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_HEADER,
  MAX_METRICS,
  descriptions,
  serverTiming,
} from '../../target/modules/host/server_timing.js';
import { contextOf } from '../../target/modules/before/context.js';

/** @param {string} header */
const read = (header) => Object.fromEntries(descriptions(header));

test('descriptions of Server-Timing are read as the grammar has them', () => {
  assert.deepEqual(read('cdn-node;desc="edge 1", cdn-cache;desc=HIT;dur=3, db;dur=53'), {
    'cdn-node': 'edge 1',
    'cdn-cache': 'HIT',
  });
  assert.deepEqual(read(' Cache ; dur = 5 ; DESC = "a, b; c=d" , x'), { cache: 'a, b; c=d' });
  assert.deepEqual(read('a;desc=1, a;desc=2'), { a: '2' });
  assert.deepEqual(read('a;desc="open'), { a: 'open' });
  assert.deepEqual(read(';desc=1,,=,a"b;desc=2,c;desc'), { a: '2' });
  assert.deepEqual(read('constructor;desc=1, __proto__;desc=2'), JSON.parse('{"constructor":"1","__proto__":"2"}')); // prettier-ignore
  const [node, cache, traceId] = serverTiming(
    new Headers({
      'server-timing':
        'cdn-node;desc="n\u00fc", traceparent;desc="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"',
      'x-cache': 'HIT '.repeat(100),
    }),
  );
  assert.deepEqual([node, cache?.length, traceId], ['n?', 128, '0af7651916cd43dd8448eb211c80319c']);
});

test('what is beyond the bounds is not read', () => {
  const metric = 'a;desc=1';
  assert.deepEqual(read(`${' '.repeat(MAX_HEADER - metric.length)}${metric}`), { a: '1' });
  assert.deepEqual(read(`${' '.repeat(MAX_HEADER)}${metric}`), {});
  assert.deepEqual(read(`${'x,'.repeat(MAX_METRICS - 1)}${metric}`), { a: '1' });
  assert.deepEqual(read(`${'x,'.repeat(MAX_METRICS)}${metric}`), {});
  assert.deepEqual(read(`a;desc=${'x'.repeat(128)}`), { a: 'x'.repeat(128) });
  assert.deepEqual(read(`a;desc=${'x'.repeat(129)}`), {});
});

/** Parts of headers that made parsers take the square of their length. */
const PARTS = [
  'a',
  ';',
  ';a',
  ';a=',
  'a;',
  ';desc',
  ';desc=',
  '"',
  ';a"',
  ' ',
  ',',
  '=',
  ';a="";',
  'a;desc;',
];

/**
 * Characters and pieces that a parser takes of a text: counted, since time differs by machine.
 * @param {(text: string) => unknown} parse @param {string} text
 */
function steps(parse, text) {
  let count = 0;
  const { exec, test } = RegExp.prototype;
  const { indexOf, slice } = String.prototype;
  RegExp.prototype.exec = function (text) {
    const from = this.global ? this.lastIndex : 0;
    const found = exec.call(this, text);
    count += 1 + (found ? found.index + found[0].length : text.length) - from;
    return found;
  };
  RegExp.prototype.test = function (text) {
    count += text.length;
    return test.call(this, text);
  };
  String.prototype.indexOf = function (part, from = 0) {
    const found = indexOf.call(this, part, from);
    count += (found < 0 ? this.length : found) - from;
    return found;
  };
  String.prototype.slice = function (from, to) {
    const part = slice.call(this, from, to);
    count += part.length;
    return part;
  };
  try {
    parse(text);
  } finally {
    Object.assign(RegExp.prototype, { exec, test });
    Object.assign(String.prototype, { indexOf, slice });
  }
  return count;
}

test('a header of twice the length takes at most twice the steps, and one of 100 KiB no more than the bound', () => {
  for (const part of PARTS) {
    const header = (/** @type {number} */ length) => part.repeat(Math.ceil(length / part.length));
    const counts = [1024, 2048, 4096, 8192].map((length) => steps(descriptions, header(length)));
    for (let n = 1; n < counts.length; n++)
      assert.ok(counts[n] <= 2.2 * counts[n - 1] + 200, `${part}: ${counts}`);
    const long = steps(descriptions, header(100 << 10));
    assert.ok(long <= counts[3] + MAX_HEADER, `${part}: ${long} after ${counts}`);
  }
});

test('a traceparent and a tracestate of 100 KiB are read in one pass, and are none', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  for (const part of [...PARTS, 'a=b,', '0', '-', 'a='.repeat(3)]) {
    const long = part.repeat((100 << 10) / part.length);
    assert.equal(contextOf(long), undefined);
    assert.equal(contextOf(`${traceparent}${long}`), undefined);
    assert.equal(contextOf({ traceparent, tracestate: long })?.state, part === ' ' || part === ',' ? '' : '');
    const counts = [1, 2, 4].map((times) =>
      steps(
        (text) => contextOf({ traceparent, tracestate: text }),
        part.repeat((times * 8192) / part.length),
      ),
    );
    assert.ok(counts[2] <= 5 * counts[0] + 2000, `${part}: ${counts}`);
  }
});
