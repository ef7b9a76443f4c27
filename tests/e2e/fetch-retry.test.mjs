// A traced request that leads to a server which takes no trace header is sent once more, as the app's own in
// all but that header: credentials, referrer policy and signal are those of the call.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startBrowser } from './harness.mjs';
import { startPageServer } from './page_server.mjs';

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/**
 * Takes simple requests alone: it refuses each preflight. @type {Awaited<ReturnType<typeof startPageServer>>}
 */
let simple;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;
/** The plain requests that came. @type {import('node:http').IncomingHttpHeaders[]} */
let plain = [];
/** Called with each of them. */
let arrived = /** @type {(request: import('node:http').IncomingMessage) => void} */ (() => {});

before(async () => {
  simple = await startPageServer({
    data: (request, response) => {
      if (request.method === 'OPTIONS') return response.writeHead(405).end();
      plain.push(request.headers);
      arrived(request);
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader('access-control-allow-credentials', 'true');
      if (request.url?.includes('hangs')) return undefined;
      return response.end(request.headers.cookie ?? '');
    },
  });
  server = await startPageServer();
  browser = await startBrowser();
  page = await browser.newPage();
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate(async () => {
    document.cookie = 'listener=17';
    globalThis.telemetry = globalThis.tonearm.createTelemetry({ serviceName: 'retry', storage: false });
    await (await globalThis.telemetry.fetch('/echo')).text();
  });
});
after(async () => {
  await browser?.close();
  server?.stop();
  simple?.stop();
});
beforeEach(() => {
  [plain, arrived] = [[], () => {}];
});

let paths = 0;
/**
 * A path of the page's own origin that nothing is remembered of, and that redirects to the other. @param
 * {string} [query]
 */
const redirecting = (query = '') =>
  `/redirect/${++paths}?to=${encodeURIComponent(`${simple.origin}/data?${query}`)}`;

for (const [credentials, cookie] of /** @type {[RequestCredentials, string | undefined][]} */ ([
  ['include', 'listener=17'],
  ['same-origin', undefined],
  ['omit', undefined],
])) {
  for (const isRequest of [false, true]) {
    test(`credentials: ${credentials}, of ${isRequest ? 'a Request' : 'an init'}`, async () => {
      const text = await page.evaluate(async ([url, credentials, isRequest]) => {
        const init = { credentials, referrerPolicy: /** @type {ReferrerPolicy} */ ('no-referrer') };
        const { telemetry } = globalThis;
        const response = await (isRequest
          ? telemetry.fetch(new Request(url, init))
          : telemetry.fetch(url, init));
        return response.text();
      }, /** @type {[string, RequestCredentials, boolean]} */ ([redirecting(), credentials, isRequest]));
      assert.equal(plain.length, 1);
      assert.deepEqual(
        [text, plain[0]?.cookie, plain[0]?.referer, plain[0]?.traceparent],
        [cookie ?? '', cookie, undefined, undefined],
      );
    });
  }
}

for (const isRequest of [false, true]) {
  test(`a signal ends the second request as the first, of ${isRequest ? 'a Request' : 'an init'}`, async () => {
    const closed = new Promise((resolve) => {
      arrived = (request) => {
        request.socket.on('close', resolve);
        page.evaluate(() => globalThis.controller.abort(new DOMException('mine', 'DataError')));
      };
    });
    const seen = await page.evaluate(
      ([url, isRequest]) => {
        const { telemetry } = globalThis;
        const { signal } = (globalThis.controller = new AbortController());
        const sent = isRequest
          ? telemetry.fetch(new Request(url, { signal }))
          : telemetry.fetch(url, { signal });
        return sent.then(
          () => 'fulfilled',
          (/** @type {DOMException} */ error) => `${error.name}: ${error.message}`,
        );
      },
      /** @type {[string, boolean]} */ ([redirecting('hangs'), isRequest]),
    );
    assert.equal(seen, 'DataError: mine');
    await closed;
    assert.equal(plain.length, 1);
  });
}

test('a signal that has aborted sends nothing', async () => {
  const seen = await page.evaluate(async (url) => {
    const { telemetry } = globalThis;
    return telemetry
      .fetch(url, { signal: AbortSignal.abort() })
      .catch((/** @type {Error} */ error) => error.name);
  }, redirecting());
  assert.deepEqual([seen, plain.length], ['AbortError', 0]);
});
