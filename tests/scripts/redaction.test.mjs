// What of a URL is recorded: no credentials, no value of a query, no token that stands where a key does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf } from '../../target/modules/before/url.js';

/** @param {string} href @param {string[]} [allowQuery] */
const urlOf = (href, allowQuery) => attributesOf(new URL(href), { allowQuery })['url.full'];
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';

test('a query that is a bare token is redacted, alone and among others', () => {
  const at = 'https://a.example/p';
  for (const [query, expected] of Object.entries({
    [TOKEN]: 'REDACTED',
    [`${TOKEN}=`]: 'REDACTED',
    [`${TOKEN}==`]: 'REDACTED',
    [`${TOKEN}=1`]: 'REDACTED',
    [`a=1&${TOKEN}`]: 'a=REDACTED&REDACTED',
    [`${TOKEN}&page=2`]: 'REDACTED&page=2',
    short: 'REDACTED',
    'key=': 'REDACTED',
    page: 'page',
    'a=b=c': 'a=REDACTED',
    '=secret': '=REDACTED',
    'a=1&&b=2': 'a=REDACTED&&b=REDACTED',
    '': '',
  }))
    assert.equal(urlOf(`${at}?${query}`, ['page']), `${at}?${expected}`, query);
  assert.ok(!String(urlOf(`https://user:secret@a.example/?${TOKEN}#${TOKEN}`)).match(/secret|eyJ/));
});
