// What the tests of load and of killed Collectors hold sums against: a sum that is wrong in either direction
// is found.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beyondRepeats, differences } from '../backends/load.mjs';

const attributes = { outcome: 'started', 'cdn.node': 'fra-1' };
const script = [
  { name: 'track.play.attempts', attributes, sum: 10, count: 10 },
  { name: 'track.play.latency', attributes: {}, sum: 2.5, count: 10 },
];
const at = ['track_play_attempts[["cdn_node","fra-1"],["outcome","started"]]', 'track_play_latency[]'];
/** @param {number} plays @param {number} [seconds] @param {number} [count] */
const totals = (plays, seconds = 2.5, count = 10) =>
  new Map([
    [at[0], { sum: plays, count: 0 }],
    [at[1], { sum: seconds, count }],
  ]);

test('a sum, a count or a series that differs is a difference', () => {
  assert.deepEqual(differences(totals(10), script), []);
  for (const wrong of [totals(9), totals(11), totals(10, 2.6), totals(10, 2.5, 11), totals(NaN)])
    assert.equal(differences(wrong, script).length, 1);
  assert.equal(differences(new Map(), script).length, 2);
});

test('after a kill, what was sent twice may count twice, and nothing else', () => {
  const unsureTotals = [{ name: 'track.play.attempts', attributes, sum: 2, count: 1 }];
  const report = { script, unsureTotals };
  for (const plays of [10, 11, 12]) assert.deepEqual(beyondRepeats(totals(plays), report), []);
  for (const wrong of [
    totals(9),
    totals(13),
    totals(20),
    totals(10, 5, 20),
    totals(10, 2.5, 11),
    totals(NaN),
  ])
    assert.equal(beyondRepeats(wrong, report).length, 1);
  assert.equal(beyondRepeats(new Map(), report).length, 2);
});
