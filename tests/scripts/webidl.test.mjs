// Values that an app hands over are converted as Web IDL has it, or refused by name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  copyAttributes,
  dictionary,
  double,
  enumeration,
  safeNumber,
  safeString,
  sequence,
  slot,
  string,
  unrestrictedDouble,
  unsignedLong,
  usvString,
} from '../../target/modules/host/webidl.js';

const none = () => Object.create(null);
const throwing = () => ({
  valueOf() {
    throw new RangeError('mine');
  },
  toString() {
    throw new RangeError('mine');
  },
});

test('numbers are converted as by the setters of HTMLMediaElement', () => {
  for (const [value, expected] of /** @type {[any, number][]} */ ([
    [2, 2],
    ['2', 2],
    [' 0.5 ', 0.5],
    ['', 0],
    [null, 0],
    [true, 1],
    [[], 0],
    [['3'], 3],
    [{ valueOf: () => 4 }, 4],
    [new Date(5), 5],
    [-0, -0],
  ])) {
    assert.equal(double('x', value), expected);
    assert.equal(unrestrictedDouble('x', value), expected);
  }
  for (const value of [NaN, Infinity, -Infinity, 'x', undefined, {}, () => {}]) {
    assert.throws(() => double('volume', value), /^TypeError: volume: expected a finite number, got /);
    assert.equal(Number.isFinite(unrestrictedDouble('x', value)), false);
  }
  for (const value of [2n, Symbol('x'), none(), { valueOf: () => 1n }]) {
    assert.throws(() => double('volume', value), /^TypeError: volume: expected a finite number, got /);
    assert.throws(() => unrestrictedDouble('volume', value), /^TypeError: volume: expected a number, got /);
  }
  // What the app's own code throws is the app's.
  assert.throws(() => double('volume', throwing()), /^RangeError: mine$/);
});

test('whole numbers are within their range', () => {
  assert.deepEqual(
    [unsignedLong('x', 1.9), unsignedLong('x', '2'), unsignedLong('x', -0.5), unsignedLong('x', null)],
    [1, 2, 0, 0],
  );
  assert.equal(unsignedLong('x', 2 ** 32 - 1), 2 ** 32 - 1);
  for (const value of [-1, 2 ** 32, NaN, 2n, Symbol('x'), none()])
    assert.throws(() => unsignedLong('at', value), /^TypeError: at: expected /);
  assert.throws(
    () => unsignedLong('at', 5, 4),
    /^TypeError: at: expected a whole number from 0 to 4, got the number 5$/,
  );
});

test('texts, enumerations and sequences', () => {
  assert.deepEqual([string('x', null), string('x', 5), string('x', 5n), string('x', {})], ['null', '5', '5', '[object Object]']); // prettier-ignore
  for (const value of [Symbol('x'), none()])
    assert.throws(() => string('id', value), /^TypeError: id: expected a string, got /);
  assert.throws(() => string('id', throwing()), /^RangeError: mine$/);
  assert.equal(usvString('x', 'a\ud800b😀'), 'a\ufffdb😀');
  assert.equal(usvString('x', '\ufeffa'), '\ufeffa');
  assert.equal(enumeration('x', { toString: () => 'a' }, ['a', 'b']), 'a');
  for (const value of ['constructor', 'toString', '__proto__', undefined, 1n])
    assert.throws(
      () => enumeration('engine', value, ['a', 'b']),
      /^TypeError: engine: expected one of a, b, got /,
    );
  assert.deepEqual(sequence('x', new Set([1, 2])), [1, 2]);
  for (const value of [5, 'ab', null, {}, Symbol('x'), 1n])
    assert.throws(() => sequence('bounds', value), /^TypeError: bounds: expected an array, got /);
});

test('a dictionary that is not given has no members, whatever a page adds to all objects', () => {
  Object.assign(Object.prototype, { signal: 'polluted' });
  try {
    assert.equal(dictionary('x', undefined).signal, undefined);
    assert.equal(dictionary('x', null).signal, undefined);
  } finally {
    delete (/** @type {any} */ (Object.prototype).signal);
  }
  for (const value of [5, 'x', true, Symbol('x'), 1n])
    assert.throws(
      () => dictionary('play: options', value),
      /^TypeError: play: options: expected an object, got /,
    );
});

test('telemetry gets a number, a text and attributes of anything, and throws nothing', () => {
  assert.deepEqual([safeNumber('5'), safeNumber(null), safeNumber(true)], [5, 0, 1]);
  for (const value of [10n, Symbol('x'), none(), throwing(), undefined, {}])
    assert.ok(Number.isNaN(safeNumber(value)));
  assert.deepEqual(
    [safeString('x'), safeString(Symbol('x')), safeString(none()), safeString(throwing()), safeString(5n)],
    ['x', 'Symbol(x)', 'object', 'object', '5'],
  );
  const errors = /** @type {unknown[]} */ ([]);
  const { error } = console;
  console.error = (thrown) => errors.push(thrown);
  try {
    const copy = copyAttributes({
      a: 1,
      get b() {
        throw new Error('mine');
      },
      c: 3,
    });
    assert.deepEqual(copy, { a: 1, c: 3 });
    const proxy = new Proxy({}, { ownKeys: () => { throw new Error('mine'); } }); // prettier-ignore
    assert.deepEqual(copyAttributes(proxy), {});
    assert.equal(errors.length, 2);
  } finally {
    console.error = error;
  }
  for (const value of [null, undefined, 5, Symbol('x'), 1n]) assert.deepEqual(copyAttributes(value), {});
});

test('a slot is read of the real thing alone', () => {
  const url = new URL('http://a/b');
  assert.equal(slot(URL, 'href', url), 'http://a/b');
  for (const value of [{ href: 'http://a' }, Object.create(url), new Proxy(url, {}), null, 'x', Symbol('x')])
    assert.equal(slot(URL, 'href', value), undefined);
  assert.equal(slot(undefined, 'href', url), undefined);
});
