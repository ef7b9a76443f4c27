// Severities by their names, and values as a record can hold them, without a page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { severityOf } from '../../target/modules/core/severity.js';
import { exceptionOf, recordable } from '../../target/modules/core/values.js';

test('names of other loggers are the nearest severity, numbers are their own', () => {
  const cases = /** @type {[unknown, number][]} */ ([
    ...Object.entries({ trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 }),
    ...Object.entries({ TRACE: 1, Warn: 13, WARNING: 13, err: 17, ERROR: 17, severe: 17 }),
    ...Object.entries({ crit: 21, Critical: 21, alert: 21, emergency: 21, panic: 21, FATAL: 21 }),
    ...Object.entries({ notice: 10, information: 9, log: 9, verbose: 5, fine: 5, silly: 1, finest: 1 }),
    ...Object.entries({ constructor: 9, toString: 9, '': 9, banana: 9 }),
    [1, 1],
    [24, 24],
    [13.7, 13],
    [0, 9],
    [25, 9],
    [NaN, 9],
    [undefined, 9],
    [null, 9],
    [Symbol('x'), 9],
    [Object.create(null), 9],
  ]);
  for (const [given, expected] of cases)
    assert.equal(
      severityOf(given),
      expected,
      String(given === null || typeof given === 'object' ? typeof given : String(given)),
    );
});

test('a value of any type is recorded as what it says, and none throws', () => {
  const evil = new Proxy({}, { get() { throw new Error('mine'); } }); // prettier-ignore
  /** @type {any} */
  const itself = {};
  itself.toJSON = () => itself;
  const cases = /** @type {[unknown, unknown][]} */ ([
    ['x', 'x'],
    [1.5, 1.5],
    [false, false],
    [undefined, undefined],
    [null, undefined],
    [Symbol('x'), undefined],
    [() => {}, undefined],
    [10n, 10],
    [-(2n ** 64n), String(-(2n ** 64n))],
    [new Date(5), '1970-01-01T00:00:00.005Z'],
    [new Date(NaN), 'Invalid Date'],
    [new URL('https://a.example/'), 'https://a.example/'],
    [new URLSearchParams('a=1'), 'a=1'],
    [/x/i, '/x/i'],
    [new String('x'), 'x'],
    [new TypeError('why'), 'TypeError: why'],
    [new Map([[{}, 1]]), { '[object Object]': 1 }],
    [new Set([1, 2]), [1, 2]],
    [new Uint8Array([1]).buffer, new Uint8Array([1])],
    [new DataView(new Uint8Array([1, 2]).buffer, 1), new Uint8Array([2])],
    [{ toJSON: () => 5n }, '5'],
    [{ [Symbol.toStringTag]: 'Set' }, 'object'],
    [itself, itself],
  ]);
  for (const [given, expected] of cases) assert.deepEqual(recordable(given), expected);
  assert.equal(recordable(evil), 'object');
  const list = [1];
  assert.equal(recordable(list), list, 'a list is not copied');
  assert.ok(recordable(new Set(Array.from({ length: 1e5 }, (_, n) => n))).length < 1100);
  const error = recordable(new RangeError('deep'), false);
  assert.deepEqual([error['exception.type'], error['exception.message']], ['RangeError', 'deep']);
  assert.deepEqual(exceptionOf(5), { 'exception.type': 'Number', 'exception.message': '5' });
});
