// Where a trace header may go, by what origins made of it before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  mayBeRefused,
  mayCarry,
  rememberAccepted,
  rememberRefused,
} from '../../target/modules/header_memory.js';

const MINUTE = 60_000;
const response = /** @type {Response} */ ({ redirected: false, url: '' });
/** @param {string} host */
const target = (host) => ({ href: `https://${host}/a`, origin: `https://${host}`, foreign: true });

test('a refusal is remembered, and forgotten ever more slowly: it may have been a bad moment', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const api = target('a.example');
  assert.deepEqual(
    [mayCarry(api, true), Boolean(mayCarry(api, false)), mayBeRefused(api)],
    [true, false, true],
  );
  for (const wait of [MINUTE, 8 * MINUTE, 64 * MINUTE]) {
    rememberRefused(api, response);
    now += wait - 1;
    assert.equal(Boolean(mayCarry(api, true)), false, String(wait));
    now += 2;
    assert.equal(Boolean(mayCarry(api, true)), true, String(wait));
  }
  // What accepts it once is asked with every method, and a failure there is the network's.
  rememberAccepted(api);
  assert.deepEqual([Boolean(mayCarry(api, false)), mayBeRefused(api)], [true, false]);
});

test('an origin that the app vouches for is asked with every method, unless it refused', () => {
  const api = target('b.example');
  assert.equal(Boolean(mayCarry(api, true)), true);
  rememberRefused(api, response);
  assert.equal(Boolean(mayCarry(api, true)), false);
});
