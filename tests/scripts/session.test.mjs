// The session of a tab: how long it is kept, and what is none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepSession, lastSession } from '../../target/modules/host/session.js';

/** @type {Map<string, string>} */
const stored = new Map();
/** @type {any} */ (globalThis).sessionStorage = {
  getItem: (/** @type {string} */ key) => stored.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => stored.set(key, value),
  removeItem: (/** @type {string} */ key) => stored.delete(key),
};
const KEY = 'tonearm.session.app';
const id = 'a'.repeat(32);
const other = 'b'.repeat(32);
const MINUTE = 60_000;
/** The id of the last session, how long ago it began and was kept, and whether it was counted. */
const last = () => Object.values(lastSession('app') ?? {});

test('a session is kept from page to page, with how long ago it began and was kept', (t) => {
  let now = 1_800_000_000_000;
  t.mock.method(Date, 'now', () => now);
  assert.equal(lastSession('app'), undefined);
  keepSession('app', id, true);
  now += 29 * MINUTE;
  keepSession('app', id, false);
  now += 30 * MINUTE - 1;
  assert.deepEqual(last(), [id, 59 * MINUTE - 1, 30 * MINUTE - 1, false]);
  assert.equal(lastSession('other'), undefined);
  // Another one begins anew; without an id nothing is kept.
  keepSession('app', other, true);
  assert.deepEqual(last(), [other, 0, 0, true]);
  keepSession('app');
  assert.equal(stored.has(KEY), false);
});

test('what is no session is none, and what an app keeps under that key stays', (t) => {
  const now = 1_800_000_000_000;
  t.mock.method(Date, 'now', () => now);
  const session = { id, began: now - 1, active: now - 1 };
  stored.set(KEY, JSON.stringify(session));
  assert.deepEqual(last(), [id, 1, 1, false]);
  for (const wrong of [
    'no JSON',
    'null',
    '7',
    JSON.stringify({ ...session, id: id.slice(1) }),
    JSON.stringify({ ...session, id: `${id}0` }),
    JSON.stringify({ ...session, id: 'A'.repeat(32) }),
    JSON.stringify({ ...session, began: now + 1 }),
    JSON.stringify({ ...session, active: now + 1 }),
  ]) {
    stored.set(KEY, wrong);
    assert.equal(lastSession('app'), undefined, wrong);
    keepSession('app');
    assert.equal(stored.get(KEY), wrong);
  }
});
