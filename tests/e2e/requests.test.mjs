// The span of a traced request is true: it ends when the response does, whatever the page makes of it, says
// why it failed, and is counted from its start. Each case is a page's own request against a server that
// answers as the case wants.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from './harness.mjs';
import { startOtlpServer } from './otlp_server.mjs';
import { startPageServer } from './page_server.mjs';

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** @type {Awaited<ReturnType<typeof startOtlpServer>>} */
let otlp;
/** @type {import('playwright-core').Browser} */
let browser;
/** Answers that the server owes. @type {import('node:http').ServerResponse[]} */
let open = [];
/**
 * What the server of another origin does next with a request. @type {(response:
 * import('node:http').ServerResponse) => unknown}
 */
let next = (response) => response.end('here');
/** Whether each request to it carried the header. @type {string[]} */
let carried = [];

before(async () => {
  otlp = await startOtlpServer();
  server = await startPageServer({
    here: (_, response) => response.end('here'),
    created: (_, response) => response.writeHead(201).end(),
    hangs: (_, response) => open.push(response),
    begins: (_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('some');
      open.push(response);
    },
    breaks: (request, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('some', () => setTimeout(() => request.socket.destroy(), 50));
    },
    foreign: (request, response) => {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', 'traceparent, content-type');
      response.setHeader('access-control-max-age', 600);
      if (request.method === 'OPTIONS') return response.writeHead(204).end();
      carried.push(`${request.method} ${request.headers.traceparent ? 'traced' : 'plain'}`);
      return next(response);
    },
  });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  server?.stop();
  otlp?.stop();
});

let services = 0;
/** A page with a pipeline whose script for traced requests is there. @param {object} [options] */
async function openPage(options = {}) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => 'tonearm' in globalThis);
  const name = `requests-${++services}`;
  await page.evaluate(
    async (config) => {
      const { tonearm } = /** @type {any} */ (globalThis);
      const telemetry = tonearm.createTelemetry(config);
      Object.assign(globalThis, { telemetry });
      await tonearm.init();
      await (await telemetry.fetch('/here?first=1')).text();
      await telemetry.forceFlush();
    },
    {
      serviceName: name,
      endpoint: otlp.url,
      scheduledDelayMillis: 50,
      metricIntervalMillis: 300,
      storage: false,
      ...options,
    },
  );
  open = [];
  return { page, name };
}

/**
 * The spans of a service's requests for a path, once there are so many. @param {string} name @param {string}
 * path @param {number} count
 */
async function spansOf(name, path, count = 1) {
  const of = (/** @type {any} */ { spans }) =>
    spans.filter((/** @type {any} */ { own }) => new URL(own['url.full']).pathname === path);
  return of(await otlp.of(name, (received) => of(received).length >= count));
}

/** How long a span took, in milliseconds. @param {any} span */
const lengthOf = ({ startTimeUnixNano, endTimeUnixNano }) =>
  Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;

test('a response whose body nobody reads ends with its last byte or its head, though the page keeps it', async () => {
  const { page, name } = await openPage();
  const longest = await page.evaluate(async () => {
    const took = [];
    const kept = (globalThis.kept = /** @type {any[]} */ ([]));
    for (const [path, init] of /** @type {[string, RequestInit][]} */ ([
      ['/created', { method: 'POST' }],
      ['/here', { method: 'POST' }],
      ['/here', {}],
      ['/begins', {}],
    ])) {
      const began = performance.now();
      const response = await globalThis.telemetry.fetch(path, init);
      if (path === '/here' && !init.method) globalThis.body = response.body;
      kept.push(response);
      took.push(performance.now() - began);
    }
    return Math.max(...took);
  });
  const spans = [
    ...(await spansOf(name, '/created')),
    ...(await spansOf(name, '/here', 3)),
    ...(await spansOf(name, '/begins')),
  ];
  assert.equal(spans.length, 5);
  // What was read first aside, none lasts as long as the page waited before it looked: half a second.
  for (const span of spans)
    assert.ok(lengthOf(span) < longest + 250, `${span.own['url.full']} ${lengthOf(span)}`);
  await page.close();
});

test('a body that is read late, by a clone or by a pipe ends where its last byte came', async () => {
  const { page, name } = await openPage();
  await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const late = await telemetry.fetch('/here/late');
    const cloned = await telemetry.fetch('/here/clone');
    const piped = await telemetry.fetch('/here/pipe');
    const iterated = await telemetry.fetch('/here/iterated');
    await cloned.clone().text();
    await new Response(piped.body.pipeThrough(new TransformStream())).text();
    for await (const chunk of iterated.body) if (chunk.length === 0) throw new Error('empty');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    if ((await late.text()) !== 'here') throw new Error('another body');
  });
  for (const path of ['/here/late', '/here/clone', '/here/pipe', '/here/iterated']) {
    const [span] = await spansOf(name, path);
    assert.ok(lengthOf(span) < 1400, `${path} ${lengthOf(span)}`);
    assert.equal(span.status?.code, undefined);
  }
  await page.close();
});

test('twenty responses that nobody reads arrive when the page is left', async () => {
  const { page, name } = await openPage({ scheduledDelayMillis: 60_000 });
  const stats = await page.evaluate(async () => {
    const kept = (globalThis.kept = /** @type {any[]} */ ([]));
    for (let n = 0; n < 20; n++) kept.push(await globalThis.telemetry.fetch('/here', { method: 'POST' }));
    return globalThis.telemetry.stats().traces;
  });
  assert.equal(stats.started, 21, JSON.stringify(stats));
  await page.goto('about:blank');
  assert.equal((await spansOf(name, '/here', 21)).length, 21);
  await page.close();
});

test('a request is counted from its start', async () => {
  const { page } = await openPage();
  const counts = await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const figures = () => {
      const { started, exported, pending, dropped } = telemetry.stats().traces;
      return [
        started,
        pending,
        started - exported - pending - Object.values(dropped).reduce((a, b) => a + b),
      ];
    };
    const before = figures();
    const controller = new AbortController();
    const hanging = telemetry.fetch('/hangs', { signal: controller.signal }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve));
    const during = figures();
    controller.abort();
    await hanging;
    await telemetry.forceFlush();
    return [before, during, figures()];
  });
  assert.deepEqual(counts, [
    [1, 0, 0],
    [2, 1, 0],
    [2, 0, 0],
  ]);
  await page.close();
});

test('a time-out and a connection that breaks are errors, before the head and in the body; an abort is none', async () => {
  const { page, name } = await openPage();
  await page.evaluate(async () => {
    const { telemetry } = globalThis;
    const tries = /** @type {[string, RequestInit, (response: any) => Promise<unknown>][]} */ ([
      ['/hangs/timeout', { signal: AbortSignal.timeout(100) }, (response) => response.text()],
      ['/begins/timeout', { signal: AbortSignal.timeout(300) }, (response) => response.text()],
      ['/breaks/text', {}, (response) => response.text()],
      ['/breaks/reader', {}, async (response) => {
        const reader = response.body.getReader();
        while (!(await reader.read()).done);
      }],
      ['/breaks/pipe', {}, (response) => response.body.pipeTo(new WritableStream())],
      ['/begins/abort', { signal: AbortSignal.abort() }, (response) => response.text()],
      ['/here/json', {}, (response) => response.json()],
    ]); // prettier-ignore
    for (const [path, init, read] of tries)
      await telemetry
        .fetch(path, init)
        .then(read, () => {})
        .catch(() => {});
    const controller = new AbortController();
    const response = await telemetry.fetch('/begins/later', { signal: controller.signal });
    const text = response.text().catch(() => {});
    controller.abort(new Error('mine'));
    await text;
    await telemetry.forceFlush();
  });
  for (const [path, type] of Object.entries({
    '/hangs/timeout': 'timeout',
    '/begins/timeout': 'timeout',
    '/breaks/text': 'network',
    '/breaks/reader': 'network',
    '/breaks/pipe': 'network',
    '/begins/abort': undefined,
    '/begins/later': undefined,
    '/here/json': undefined,
  })) {
    const [{ own, status }] = await spansOf(name, path);
    assert.deepEqual([own['error.type'], status?.code], [type, type && 2], path);
  }
  const { metrics } = await otlp.of(name, ({ metrics }) =>
    metrics.some((/** @type {any} */ { name }) => name === 'http.client.request.duration'),
  );
  const types = metrics.flatMap((/** @type {any} */ { exponentialHistogram: of }) =>
    (of?.dataPoints ?? []).map(
      (/** @type {any} */ { attributes }) =>
        attributes.find((/** @type {any} */ { key }) => key === 'error.type')?.value.stringValue,
    ),
  );
  assert.deepEqual([...new Set(types)].sort(), ['network', 'timeout', undefined]);
  await page.close();
});

test('requests that are under way when the page navigates away are no network errors, and arrive', async () => {
  const { page, name } = await openPage();
  await page.evaluate(() => {
    addEventListener('pagehide', () => {
      globalThis.telemetry.fetch('/here/beacon', { method: 'POST', keepalive: true });
    });
    for (let n = 0; n < 3; n++) globalThis.telemetry.fetch('/hangs').catch(() => {});
    globalThis.telemetry.fetch('/begins').then((/** @type {Response} */ response) => response.text());
  });
  await page.waitForFunction(() => performance.now() > 0);
  while (open.length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  await page.goto('about:blank');
  const spans = [
    ...(await spansOf(name, '/hangs', 3)),
    ...(await spansOf(name, '/begins')),
    ...(await spansOf(name, '/here/beacon')),
  ];
  assert.deepEqual(
    spans.map(({ own, status }) => [own['error.type'], status?.code]),
    Array(5).fill([undefined, undefined]),
  );
  const { metrics } = await otlp.of(name, () => true);
  const failed = JSON.stringify(metrics).includes('"network"');
  assert.equal(failed, false);
  await page.close();
});

test('methods that are not known are _OTHER, by the case in which they are sent', async () => {
  const { page, name } = await openPage();
  await page.evaluate(async () => {
    for (const method of ['get', 'delete', 'PATCH', 'patch', 'PURGE', 'M-SEARCH'])
      await (await globalThis.telemetry.fetch(`/here/${method}`, { method })).text();
    await globalThis.telemetry.forceFlush();
  });
  for (const [sent, expected] of /** @type {[string, unknown[]][]} */ ([
    ['get', ['GET', 'GET', undefined]],
    ['delete', ['DELETE', 'DELETE', undefined]],
    ['PATCH', ['PATCH', 'PATCH', undefined]],
    ['patch', ['HTTP', '_OTHER', 'patch']],
    ['PURGE', ['HTTP', '_OTHER', 'PURGE']],
    ['M-SEARCH', ['HTTP', '_OTHER', 'M-SEARCH']],
  ])) {
    const [span] = await spansOf(name, `/here/${sent}`);
    const { own } = span;
    assert.deepEqual(
      [span.name, own['http.request.method'], own['http.request.method_original']],
      expected,
      sent,
    );
  }
  await page.close();
});

test('one cut connection at an origin that had accepted the header turns nothing off and sends nothing twice', async () => {
  const { page } = await openPage({ propagateTo: [server.other] });
  carried = [];
  next = (response) => response.end('here');
  const get = (/** @type {string} */ method) =>
    page.evaluate(
      ([url, method]) =>
        globalThis.telemetry
          .fetch(url, { method })
          .then((/** @type {Response} */ response) => response.text())
          .catch((/** @type {Error} */ error) => error.message),
      [`${server.other}/foreign`, method],
    );
  assert.equal(await get('GET'), 'here');
  next = (response) => response.destroy();
  assert.equal(await get('GET'), 'Failed to fetch');
  next = (response) => response.end('here');
  assert.equal(await get('GET'), 'here');
  // Chromium itself sends a GET again whose reused connection was cut.
  assert.ok(carried.length >= 3 && carried.every((line) => line === 'GET traced'), carried.join());
  await page.close();
});

test('a method that is not safe carries the header where the app vouches for the origin', async () => {
  const vouched = await openPage({ propagateTo: [{ origin: server.other, methods: 'all' }] });
  const listed = await openPage({ propagateTo: [server.other] });
  next = (response) => response.end('here');
  for (const [{ page }, expected] of /** @type {[any, string[]][]} */ ([
    [vouched, ['POST traced', 'GET traced']],
    [listed, ['POST plain', 'GET traced']],
  ])) {
    carried = [];
    await page.evaluate(async (/** @type {string} */ url) => {
      await (await globalThis.telemetry.fetch(url, { method: 'POST', body: 'x' })).text();
      await (await globalThis.telemetry.fetch(url)).text();
    }, `${server.other}/foreign`);
    assert.deepEqual(carried, expected);
    await page.close();
  }
  const refused = await browser.newPage();
  await refused.goto(`${server.origin}/blank`);
  await refused.waitForFunction(() => 'tonearm' in globalThis);
  const errors = await refused.evaluate(() =>
    [
      [{ origin: 'https://a.example' }],
      [{ origin: 'https://a.example', methods: 'safe' }],
      [{ origin: 'a', methods: 'all' }],
    ].map((propagateTo) => {
      try {
        /** @type {any} */ (globalThis).tonearm.createTelemetry({ serviceName: 'x', propagateTo });
        return '';
      } catch (error) {
        return /** @type {Error} */ (error).name;
      }
    }),
  );
  assert.deepEqual(errors, Array(3).fill('TypeError'));
  await refused.close();
});
