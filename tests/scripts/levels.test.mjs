// Levels: what a file's loudness makes of them, and the curves of fades.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curveOf, levelAt, loudness } from '../../target/modules/levels.js';

const near = (/** @type {number} */ actual, /** @type {number} */ expected, /** @type {string} */ what) =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${what}: ${actual}, expected ${expected}`);

test('a gain is in decibels of amplitude, of the album where it is asked for and stated', () => {
  const gains = [-6.0206, NaN, -20, NaN];
  near(loudness('off', gains), 1, 'off');
  near(loudness('track', gains), 0.5, 'track');
  near(loudness('album', gains), 0.1, 'album');
  near(loudness('album', [-6.0206, NaN, NaN, NaN]), 0.5, 'no album');
  near(loudness('track', [NaN, NaN, -20, NaN]), 1, 'no gain of the track');
  near(loudness('track', [0, NaN, NaN, NaN]), 1, 'none');
  near(loudness('album', []), 1, 'nothing');
});

test('the loudest sample stays within full scale', () => {
  near(loudness('track', [6.0206, 0.8, NaN, NaN]), 1.25, 'a peak of the track');
  near(loudness('track', [-6.0206, 0.8, NaN, NaN]), 0.5, 'a gain that does not reach it');
  near(loudness('album', [0, 0.1, 20, 0.5]), 2, 'a peak of the album');
  near(loudness('track', [20, NaN, NaN, NaN]), 1, 'no peak: full scale is taken for one');
  near(loudness('track', [20, 0, NaN, NaN]), 1, 'a peak of nothing');
});

test('the power of a fade is linear in time, and a fade begins at the level of the one before', () => {
  const up = { from: 0, to: 1, start: 10, seconds: 4 };
  for (const [time, level] of [
    [9, 0],
    [10, 0],
    [11, 0.5],
    [12, Math.SQRT1_2],
    [14, 1],
    [99, 1],
  ])
    near(levelAt(up, time), level, `at ${time}`);
  const down = { from: Math.SQRT1_2, to: 0, start: 12, seconds: 2, before: up };
  near(levelAt(down, 11), 0.5, 'before it');
  near(levelAt(down, 12), Math.SQRT1_2, 'at its start');
  near(levelAt(down, 13), 0.5, 'in its midst');
  near(levelAt({ from: 0.2, to: 0.7, start: 5, seconds: 0 }, 5), 0.7, 'without a length');
  const curve = curveOf(up);
  assert.equal(curve.length, 33);
  for (const n of [0, 8, 16, 32]) near(curve[n], Math.sqrt(n / 32), `point ${n}`);
  // Two that cross keep the sum of their powers.
  const out = curveOf({ from: 1, to: 0, start: 0, seconds: 3 });
  curve.forEach((level, n) => near(level ** 2 + out[n] ** 2, 1, `point ${n}`));
});
