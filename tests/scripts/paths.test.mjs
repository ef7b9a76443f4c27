// What is remembered of a path: whether requests to it carry a context.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  mayBeRefused,
  mayCarry,
  rememberAccepted,
  rememberRedirected,
  rememberRefused,
} from '../../target/modules/header_memory.js';

const page = 'https://app.example';
/** @param {string} path */
const own = (path) => ({ href: `${page}${path}`, origin: page, foreign: false });
/** @param {boolean} redirected @param {string} url */
const response = (redirected, url) => /** @type {Response} */ ({ redirected, url });

test('a path of the own origin that has accepted a context gets it again, whatever the method', () => {
  const target = own('/accepts');
  assert.deepEqual(
    [mayCarry(target, true), mayCarry(target, false), mayBeRefused(target)],
    [true, true, true],
  );
  rememberAccepted(target);
  assert.deepEqual(
    [mayCarry(target, true), mayCarry(target, false), mayBeRefused(target)],
    [true, true, false],
  );
});

test('a path that redirects carries none, with any query, until it has accepted one', () => {
  rememberRedirected(own('/redirects?a=1'));
  for (const query of ['', '?b=2', '#c', '?d#e']) {
    assert.equal(mayCarry(own(`/redirects${query}`), true), false, query);
    assert.equal(mayBeRefused(own(`/redirects${query}`)), false, query);
  }
  assert.equal(mayCarry(own('/redirects/below'), true), true);
  rememberAccepted(own('/redirects'));
  assert.equal(mayCarry(own('/redirects'), true), true);
});

test('a refusal at the own origin is one where it redirects to another origin; else it was the network', () => {
  for (const [path, redirected, url, carries] of /** @type {const} */ ([
    ['/network', false, `${page}/network`, true],
    ['/within', true, `${page}/elsewhere`, true],
    ['/away', true, 'https://other.example/away', false],
  ])) {
    rememberRefused(own(path), response(redirected, url));
    assert.equal(mayCarry(own(path), true), carries, path);
  }
});

test('another origin that has accepted it once stays accepted, and a path of it that redirects carries none', () => {
  const origin = 'https://api.example';
  const target = { href: `${origin}/a`, origin, foreign: true };
  rememberAccepted(target);
  rememberAccepted(target);
  assert.equal(mayCarry({ ...target, href: `${origin}/b` }, false), true);
  rememberRefused(target, response(true, 'https://other.example/a'));
  assert.equal(Boolean(mayCarry(target, true)), false);
  assert.equal(Boolean(mayCarry({ ...target, href: `${origin}/b` }, false)), true);
});

test('512 paths are remembered, and the oldest is forgotten first', () => {
  for (let n = 0; n < 512; n++) rememberRedirected(own(`/many/${n}`));
  assert.equal(mayCarry(own('/many/0'), true), false);
  rememberRedirected(own('/many/512'));
  assert.deepEqual(
    ['/many/0', '/many/1', '/many/512'].map((path) => mayCarry(own(path), true)),
    [true, false, false],
  );
});
