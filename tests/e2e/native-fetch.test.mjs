// A traced fetch is the browser's own in all that a page can observe: each call is made both ways in a real
// page, and what the page and the server see of it is compared.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from './harness.mjs';
import { startOtlpServer } from './otlp_server.mjs';
import { startPageServer } from './page_server.mjs';

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/**
 * A server of another origin that answers simple CORS requests alone. @type {Awaited<ReturnType<typeof
 * startPageServer>>}
 */
let simple;
/** @type {Awaited<ReturnType<typeof startOtlpServer>>} */
let otlp;
/** @type {import('playwright-core').Browser} */
let browser;
/** Requests that the simple server was asked. @type {string[]} */
let simpleAsked = [];
/** Whether the server cuts connections. */
let cuts = false;
/** Of each of its requests, whether it carried the header. @type {boolean[]} */
let traced = [];

before(async () => {
  otlp = await startOtlpServer();
  simple = await startPageServer({
    data: (request, response) => {
      simpleAsked.push(`${request.method} ${request.headers.traceparent ? 'traced' : 'plain'}`);
      if (request.method === 'OPTIONS') return response.writeHead(405).end();
      return response.setHeader('access-control-allow-origin', '*').end('simple');
    },
  });
  server = await startPageServer({
    cut: (request, response) => {
      traced.push('traceparent' in request.headers);
      if (cuts) request.socket.destroy();
      else response.end('here');
    },
  });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  server?.stop();
  simple?.stop();
  otlp?.stop();
});

let services = 0;
/** @param {{ instrument?: boolean, loaded?: boolean }} [options] */
async function open({ instrument = false, loaded = true } = {}) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => globalThis.tonearm);
  const name = `native-${++services}`;
  await page.evaluate(async ([name, endpoint, instrument, loaded]) => {
    globalThis.nativeFetch = globalThis.fetch;
    globalThis.telemetry = globalThis.tonearm.createTelemetry({
      serviceName: name,
      endpoint,
      scheduledDelayMillis: 50,
      storage: false,
    });
    await globalThis.tonearm.init();
    if (loaded) await (await globalThis.telemetry.fetch('/echo')).text();
    if (instrument) globalThis.undo = globalThis.telemetry.instrumentFetch();
  }, /** @type {[string, string, boolean, boolean]} */ ([name, otlp.url, instrument, loaded]));
  return { page, name };
}

/** Calls by name; each gets the fetch that it is to use. */
const CALLS = /** @type {Record<string, (fetch: any) => Promise<any>>} */ ({
  'no arguments': (fetch) => fetch(),
  'an init of null': (fetch) => fetch('/echo', null),
  'an init of undefined': (fetch) => fetch('/echo', undefined),
  'an init that is a number': (fetch) => fetch('/echo', 5),
  'an init that is a string': (fetch) => fetch('/echo', 'GET'),
  'undefined as the input': (fetch) => fetch(undefined),
  'null as the input': (fetch) => fetch(null),
  'a Symbol as the input': (fetch) => fetch(Symbol('x')),
  'an object without a prototype as the input': (fetch) => fetch(Object.create(null)),
  'an input whose toString throws': (fetch) =>
    fetch({
      toString() {
        throw new RangeError('mine');
      },
    }),
  'an object with a toString': (fetch) => fetch({ toString: () => '/echo?object' }),
  'a thenable as the input': (fetch) =>
    fetch({ then: (resolve) => resolve('/echo'), toString: () => '/echo' }),
  'a URL': (fetch) => fetch(new URL('/echo?url', location.href)),
  'a String object': (fetch) => fetch(new String('/echo?string')),
  'a URL that is none': (fetch) => fetch('http://'),
  'a URL with credentials': (fetch) => fetch('http://user:secret@127.0.0.1/'),
  'an unknown scheme': (fetch) => fetch('nothing:here'),
  'a data URL': (fetch) => fetch('data:text/plain,here'),
  'a header name that is none': (fetch) => fetch('/echo', { headers: { 'a b': '1' } }),
  'a header value that is none': (fetch) => fetch('/echo', { headers: { a: 'ü\u0100' } }),
  'headers of null': (fetch) => fetch('/echo', { headers: null }),
  'headers as pairs': (fetch) => fetch('/echo', { headers: [['x-a', '1'], ['x-a', '2']] }), // prettier-ignore
  'headers that are iterated': (fetch) => fetch('/echo', { headers: new Map([['x-a', '1']]) }),
  'a method that is none': (fetch) => fetch('/echo', { method: 'a b' }),
  'a forbidden method': (fetch) => fetch('/echo', { method: 'TRACE' }),
  'a method that is a Symbol': (fetch) => fetch('/echo', { method: Symbol('x') }),
  'a method of an object': (fetch) => fetch('/echo', { method: { toString: () => 'PUT' } }),
  'a lower-case method': (fetch) => fetch('/echo', { method: 'delete' }),
  'a method of the app’s own': (fetch) => fetch('/echo', { method: 'PURGE' }),
  'a body with GET': (fetch) => fetch('/echo', { body: 'x' }),
  'a body of text': (fetch) => fetch('/echo', { method: 'POST', body: 'ü' }),
  'a body of parameters': (fetch) =>
    fetch('/echo', { method: 'POST', body: new URLSearchParams({ a: '1' }) }),
  'a body of bytes': (fetch) => fetch('/echo', { method: 'POST', body: new Uint8Array([65, 66]) }),
  'a Blob as the body': (fetch) =>
    fetch('/echo', { method: 'POST', body: new Blob(['x'], { type: 'text/x' }) }),
  'a stream without duplex': (fetch) => fetch('/echo', { method: 'POST', body: new Blob(['x']).stream() }),
  'a mode that is none': (fetch) => fetch('/echo', { mode: 'x' }),
  'a signal that is none': (fetch) => fetch('/echo', { signal: {} }),
  'a signal of null beside a request with one': (fetch) =>
    fetch(new Request('/echo', { signal: AbortSignal.abort(new Error('mine')) }), { signal: null }),
  'a signal that has aborted with a reason': (fetch) =>
    fetch('/echo', { signal: AbortSignal.abort(new Error('mine')) }),
  'a signal that has aborted without one': (fetch) => fetch('/echo', { signal: AbortSignal.abort() }),
  'a request whose signal aborts later': (fetch) => {
    const controller = new AbortController();
    const promise = fetch(new Request('/echo', { signal: controller.signal }));
    controller.abort('later');
    return promise;
  },
  'a request': (fetch) => fetch(new Request('/echo', { headers: { 'x-a': '1' } })),
  'a request with a body': (fetch) => fetch(new Request('/echo', { method: 'POST', body: 'x' })),
  'a request whose body was read': async (fetch) => {
    const request = new Request('/echo', { method: 'POST', body: 'x' });
    await request.text();
    return fetch(request);
  },
  'a request without a referrer': (fetch) => fetch(new Request('/echo', { referrerPolicy: 'no-referrer' })),
  'a request with another referrer': (fetch) => fetch(new Request('/echo', { referrer: '/another' })),
  'a request with the origin as referrer': (fetch) =>
    fetch(new Request('/echo', { referrerPolicy: 'origin' })),
  'a request and an init': (fetch) =>
    fetch(new Request('/echo', { referrerPolicy: 'no-referrer' }), { cache: 'no-store' }),
  'a request and an empty init': (fetch) =>
    fetch(new Request('/echo', { referrerPolicy: 'no-referrer' }), {}),
  'a request and an init with headers': (fetch) =>
    fetch(new Request('/echo', { headers: { 'x-a': '1' } }), { headers: { 'x-b': '2' } }),
  'a request that follows no redirect': (fetch) =>
    fetch(new Request('/redirect?to=/echo', { redirect: 'error' })),
  'a request that shows a redirect': (fetch) =>
    fetch(new Request('/redirect?to=/echo', { redirect: 'manual' })),
  'a redirect': (fetch) => fetch('/redirect?to=/echo'),
  'a request with integrity that fails': (fetch) =>
    fetch(new Request('/echo', { integrity: 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' })),
  'a request from a cache that has none': (fetch) =>
    fetch(new Request('/echo?none', { cache: 'only-if-cached', mode: 'same-origin' })),
  'a request that keeps alive': (fetch) => fetch(new Request('/echo', { keepalive: true })),
  'an init that is a request': (fetch) =>
    fetch('/echo', new Request('/other', { method: 'PUT', headers: { 'x-a': '1' } })),
  'an init of a class with getters': (fetch) => {
    class Init {
      #method = 'PATCH';
      get method() {
        return this.#method;
      }
      get headers() {
        return { 'x-a': '1' };
      }
    }
    return fetch('/echo', new Init());
  },
  'an init that inherits': (fetch) => fetch('/echo', Object.create({ method: 'PUT' })),
  'a frozen init': (fetch) => fetch('/echo', Object.freeze({ headers: Object.freeze({ 'x-a': '1' }) })),
  'a getter that throws': (fetch) =>
    fetch('/echo', {
      get method() {
        throw new RangeError('mine');
      },
    }),
  'a response that is no JSON': async (fetch) => (await fetch('/blank')).json(),
  'a receiver of another kind': (fetch) => fetch.call({}, '/echo'),
  'a receiver of null': (fetch) => fetch.call(null, '/echo'),
  'a server that is not there': (fetch) => fetch('http://127.0.0.1:1/', { method: 'POST' }),
});

const FIRST_CALLS =
  /arguments|of null|Symbol|URL that|none$|Blob|parameters|without a referrer|later|reason|throws/;

/**
 * What a page sees of a call, and what the server saw.
 * @param {import('playwright-core').Page} page @param {string} call @param {string} how the fetch to use
 */
const outcome = (page, call, how) =>
  page.evaluate(async ([call, how]) => {
    const fetch = {
      native: () => globalThis.nativeFetch,
      replaced: () => globalThis.fetch,
      telemetry: () =>
        function (...args) {
          return globalThis.telemetry.fetch(...args);
        },
    }[how]();
    let returned;
    try {
      returned = (0, eval)(`(${call})`)(fetch);
      const isPromise = returned instanceof Promise;
      const response = await returned;
      if (!(response instanceof Response)) return { isPromise, value: response };
      const { ok, redirected, status, statusText, type, url } = response;
      const text = await response.text();
      const echo = text.startsWith('{') ? JSON.parse(text) : text;
      // The only difference that is meant.
      if (echo.headers) delete echo.headers.traceparent;
      const tag = Object.prototype.toString.call(response);
      const { bodyUsed } = response;
      return { isPromise, ok, redirected, status, statusText, type, url, echo, tag, bodyUsed };
    } catch (error) {
      const { name, message } = Object(error);
      return { isPromise: returned instanceof Promise, name, message, value: String(error) };
    }
  }, /** @type {[string, string]} */ ([call, how]));

for (const how of /** @type {const} */ (['replaced', 'telemetry'])) {
  test(`a page sees of each call what it sees without us: ${how}`, async () => {
    const { page } = await open({ instrument: how === 'replaced' });
    for (const [name, call] of Object.entries(CALLS)) {
      if (how === 'telemetry' && name.startsWith('a receiver')) continue;
      const native = await outcome(page, String(call), 'native');
      const traced = await outcome(page, String(call), how);
      assert.deepEqual(traced, native, name);
    }
    await page.close();
  });
}

test('a page sees the same of its very first call, before the script that traces is there', async () => {
  const calls = Object.entries(CALLS).filter(([name]) => !name.startsWith('a receiver'));
  // Each needs a page of its own: those that differ from one another most.
  for (const [name, call] of calls.filter(([name]) => FIRST_CALLS.test(name))) {
    const { page } = await open({ loaded: false });
    const native = await outcome(page, String(call), 'native');
    const traced = await outcome(page, String(call), 'telemetry');
    assert.deepEqual(traced, native, name);
    await page.close();
  }
});

test('members of an init are read once, in the order of Web IDL', async () => {
  const { page } = await open({ instrument: true });
  const [native, traced] = await page.evaluate(async () => {
    const reads = async (/** @type {any} */ fetch) => {
      /** @type {string[]} */
      const names = [];
      const init = { method: 'POST', headers: { 'x-a': '1' }, body: 'x', mode: 'cors', cache: 'no-store' };
      const proxy = new Proxy(init, {
        get(target, name) {
          if (name in target) names.push(String(name));
          return Reflect.get(target, name);
        },
      });
      await (await fetch('/echo', proxy)).text();
      return names;
    };
    return [await reads(globalThis.nativeFetch), await reads(globalThis.fetch)];
  });
  assert.deepEqual(traced, native);
  assert.deepEqual(traced, ['body', 'cache', 'headers', 'method', 'mode']);
  await page.close();
});

test('a request of another realm is sent as it is', async () => {
  const { page } = await open({ instrument: true });
  const seen = await page.evaluate(async () => {
    const frame = document.body.appendChild(document.createElement('iframe'));
    const { Request: Other, URL: OtherURL } = /** @type {any} */ (frame.contentWindow);
    const url = `${location.origin}/echo?realm`;
    const post = new Other(url, { method: 'POST', headers: { 'x-a': '1' }, body: 'theirs' });
    const get = new Other(url, { referrerPolicy: 'no-referrer' });
    return [
      await (await fetch(post)).json(),
      await (await fetch(get)).json(),
      await (await fetch(new OtherURL(url))).json(),
    ];
  });
  assert.deepEqual(
    seen.map(({ method, body, headers }) => [method, body, headers['x-a'], Boolean(headers.traceparent)]),
    [
      ['POST', 'theirs', '1', true],
      ['GET', '', undefined, true],
      ['GET', '', undefined, true],
    ],
  );
  assert.equal(seen[1].headers.referer, undefined);
  await page.close();
});

test('the replaced fetch has the name, length and text of the browser’s, and is put back', async () => {
  const { page } = await open({ instrument: true });
  const [before, now, after] = await page.evaluate(() => {
    const look = (/** @type {any} */ fetch) => ({
      name: fetch.name,
      length: fetch.length,
      text: String(fetch),
      keys: Reflect.ownKeys(fetch),
      type: Object.prototype.toString.call(fetch),
      construct: (() => {
        try {
          return new fetch('/');
        } catch (error) {
          return /** @type {Error} */ (error).name;
        }
      })(),
      enumerable: Object.getOwnPropertyDescriptor(globalThis, 'fetch')?.enumerable,
    });
    const seen = [look(globalThis.nativeFetch), look(globalThis.fetch)];
    globalThis.undo();
    globalThis.undo();
    return [...seen, globalThis.fetch === globalThis.nativeFetch];
  });
  assert.deepEqual(now, before);
  assert.equal(after, true);
  await page.close();
});

test('what a page does with a response is as without us: its members, and a rejection that nobody handles', async () => {
  const { page } = await open({ instrument: true });
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.name));
  // In a script of the page's own: what a driver evaluates has no unhandled rejections.
  const look = async (/** @type {any} */ fetch) => {
    /** @type {any[]} */
    const unhandled = [];
    const note = (/** @type {PromiseRejectionEvent} */ event) => {
      unhandled.push(String(event.reason?.name));
      event.preventDefault();
    };
    addEventListener('unhandledrejection', note);
    const response = await fetch('/blank');
    const members = [];
    for (const name in response) members.push(name);
    const copy = await response.clone().text();
    const names = ['json', 'text', 'blob', 'arrayBuffer'].map((name) => [
      response[name].name,
      response[name].length,
    ]);
    const stream = [];
    for await (const chunk of response.body) stream.push(chunk.length);
    // Nobody handles these.
    void (await fetch('/blank')).json();
    void fetch('http://127.0.0.1:1/');
    for (let n = 0; n < 200 && unhandled.length < 1; n++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    removeEventListener('unhandledrejection', note);
    return {
      members: members.sort(),
      copied: copy.length,
      read: stream.reduce((a, b) => a + b, 0),
      names,
      unhandled: unhandled.sort(),
      constructor: response.constructor === Response,
      keys: Object.keys(response),
    };
  };
  await page.addScriptTag({ content: `globalThis.look = ${look}` });
  const seen = await page.evaluate(async () => {
    const { look } = /** @type {any} */ (globalThis);
    return [await look(globalThis.nativeFetch), await look(globalThis.fetch)];
  });
  assert.deepEqual(seen[0].unhandled, ['TypeError']);
  // Chromium reports that of `json()` to its console alone: once for each.
  assert.equal(errors.length, 2);
  assert.deepEqual(seen[1], seen[0]);
  await page.close();
});

test('a path that redirects to a server with simple CORS is asked once more, and known from then on', async () => {
  const { page } = await open({ instrument: true });
  simpleAsked = [];
  const to = `/redirect?to=${encodeURIComponent(`${simple.origin}/data`)}`;
  const get = (/** @type {string} */ path) =>
    page.evaluate(async (path) => {
      const response = await fetch(path);
      return [await response.text(), response.redirected, response.type];
    }, path);
  assert.deepEqual(await get(to), ['simple', true, 'cors']);
  // The header stops at the redirect: the other server is asked once, without a preflight.
  assert.deepEqual(simpleAsked, ['GET plain']);
  simpleAsked = [];
  assert.deepEqual(await get(`${to}&again`), ['simple', true, 'cors']);
  assert.deepEqual(simpleAsked, ['GET plain']);
  // Other paths of the page's own origin carry the header as before.
  const echo = await page.evaluate(async () => (await fetch('/echo?still')).json());
  assert.ok(echo.headers.traceparent);
  // What is not safe to repeat is not repeated.
  const posted = await page.evaluate(
    (to) =>
      fetch(to.replace('/redirect', '/redirect/post'), { method: 'POST', body: 'x' }).then(
        () => 'sent',
        (error) => error.message,
      ),
    to,
  );
  assert.equal(posted, 'Failed to fetch');
  await page.close();
});

test('a connection that is cut fails the request where the header was accepted before, and the next carries it', async () => {
  const { page } = await open({ instrument: true });
  traced = [];
  cuts = false;
  const get = () =>
    page.evaluate(() =>
      fetch('/cut')
        .then((response) => response.text())
        .catch((error) => error.message),
    );
  assert.equal(await get(), 'here');
  cuts = true;
  assert.equal(await get(), 'Failed to fetch');
  cuts = false;
  assert.equal(await get(), 'here');
  assert.ok(traced.length >= 3 && traced.every(Boolean), String(traced));
  await page.close();
});

test('an instrumented page that instruments again, by another copy of the package too, traces each request once', async () => {
  const { page, name } = await open({ instrument: true });
  const second = `${name}-copy`;
  const seen = await page.evaluate(
    async ([name, endpoint]) => {
      const { telemetry } = /** @type {any} */ (globalThis);
      telemetry.instrumentFetch();
      const replaced = globalThis.fetch;
      const url = '/pkg/index.js?copy';
      const copy = await import(url);
      const other = copy.createTelemetry({
        serviceName: name,
        endpoint,
        scheduledDelayMillis: 50,
        storage: false,
      });
      await copy.init();
      await (await other.fetch('/echo?warm')).text();
      const undo = other.instrumentFetch();
      other.instrumentFetch();
      const same = globalThis.fetch === replaced;
      const { headers } = await (await fetch('/echo?both=1')).json();
      undo();
      const back = await (await fetch('/echo?first')).json();
      await Promise.all([telemetry.forceFlush(), other.forceFlush()]);
      globalThis.undo();
      const bare = await (await fetch('/echo?bare')).json();
      return {
        same,
        both: headers.traceparent,
        back: back.headers.traceparent,
        bare: bare.headers.traceparent,
        native: globalThis.fetch === globalThis.nativeFetch,
      };
    },
    [second, otlp.url],
  );
  assert.deepEqual([seen.same, seen.bare, seen.native], [true, undefined, true]);
  const spansOf = async (/** @type {string} */ service, /** @type {string} */ query) =>
    (await otlp.of(service, ({ spans }) => spans.length > 0)).spans.filter(
      (/** @type {any} */ { own }) => own['url.full']?.includes(query), // prettier-ignore
    );
  const spans = [...(await spansOf(name, 'both=')), ...(await spansOf(second, 'both='))];
  assert.deepEqual(
    spans.map(({ spanId }) => spanId),
    [seen.both.slice(36, 52)],
  );
  assert.equal(seen.back.length, 55);
  // Exports of one copy are no requests of the page to the other.
  const exported = (await otlp.of(name, () => true)).spans.filter((/** @type {any} */ { own }) =>
    own['url.full']?.includes('/v1/'),
  );
  assert.deepEqual(exported, []);
  await page.close();
});

test('a page that adds an enumerable property to all objects sends and sees the same', async () => {
  const { page } = await open({ instrument: true });
  const seen = await page.evaluate(async () => {
    /** @type {any} */ (Object.prototype).polluted = 'yes';
    const { method, headers } = await (
      await fetch('/echo', { method: 'POST', headers: { 'x-a': '1' } })
    ).json();
    return [method, headers['x-a'], Boolean(headers.traceparent)];
  });
  assert.deepEqual(seen, ['POST', '1', true]);
  await page.close();
});
