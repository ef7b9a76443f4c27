// What is exported of a URL, and where a trace header may go: credentials and origins are compared whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const page = 'https://app.example';
Object.assign(globalThis, { location: new URL(page), origin: page, document: { baseURI: `${page}/` } });
const { attributesOf, describe, locate } = await import('../../target/modules/before/url.js');

test('credentials of a URL are not exported, wherever they stand', () => {
  for (const [url, full] of [
    ['https://user:secret@cdn.example/a.mp3', 'https://cdn.example/a.mp3'],
    ['https://secret@cdn.example/', 'https://cdn.example/'],
    ['https://:secret@cdn.example:8443/a?b=c', 'https://cdn.example:8443/a?b=REDACTED'],
    ['http://us%65r:sec%40ret@cdn.example/', 'http://cdn.example/'],
    ['https://a:b@c:secret@cdn.example/', 'https://cdn.example/'],
    // No credentials: a path, a query and a fragment may have the sign too.
    ['https://cdn.example/@artist/a', 'https://cdn.example/@artist/a'],
    ['https://user:secret@cdn.example/@artist?x=@y#z@', 'https://cdn.example/@artist?x=REDACTED'],
  ]) {
    const attributes = attributesOf(new URL(url));
    assert.equal(attributes['url.full'], full, url);
    assert.doesNotMatch(JSON.stringify([attributes, describe(url).attributes]), /secret|us%65r|sec%40ret/);
  }
});

test('a trace header goes to an origin of the list, not to one that begins or ends like it', () => {
  const propagateTo = ['https://api.example.com', 'http://localhost:8000'];
  const propagates = (/** @type {string} */ url) => locate(url, { propagateTo }).propagates;
  assert.ok(propagates('https://api.example.com/a') && propagates('https://API.example.com:443/'));
  assert.ok(propagates('http://localhost:8000/a') && propagates('/own') && propagates(`${page}/own`));
  for (const other of [
    'https://api.example.com.evil.test/',
    'https://api.example.community/',
    'https://api.example.com:8443/',
    'https://api.example.com@evil.test/',
    'http://api.example.com/',
    'https://evil.test/https://api.example.com/',
    'https://sub.api.example.com/',
    'http://localhost:800/',
    'http://localhost/',
    `${page}.evil.test/`,
    '//evil.test/',
    'data:,https://api.example.com',
  ])
    assert.equal(propagates(other), false, other);
  const vouched = (/** @type {any} */ entry) =>
    locate(`https://api.example.com/a`, { propagateTo: [entry] }).vouched;
  assert.equal(vouched({ origin: propagateTo[0], methods: 'all' }), true);
  assert.equal(vouched(propagateTo[0]), false);
});

test('a path of the own origin is not parsed until its URL is asked for: that takes longest', () => {
  const { URL } = globalThis;
  let parsed = 0;
  globalThis.URL = class extends URL {
    /** @param {[string | URL, (string | URL)?]} given */
    constructor(...given) {
      super(...given);
      parsed++;
    }
  };
  try {
    const { url } = locate('/own?a=1');
    assert.equal(parsed, 0);
    assert.equal(url(`${page}/own?a=1`).href, `${page}/own?a=1`);
    assert.equal(parsed, 0, 'what the browser has made of it need not be parsed');
    assert.equal(url().href, `${page}/own?a=1`);
    assert.equal(parsed, 1);
    locate('https://api.example.com/');
    assert.equal(parsed, 2);
  } finally {
    globalThis.URL = URL;
  }
});
