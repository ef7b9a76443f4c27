// What goes wrong, by name: the promise, the error, the span, and that the next load() plays.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser, waitForTrace } from './harness.mjs';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').Browser} */
let strict;
before(async () => {
  backend = await startBackend();
  [browser, strict] = await Promise.all([startBrowser(), startBrowser({ autoplay: false })]);
});
after(async () => {
  await Promise.all([browser?.close(), strict?.close()]);
  backend?.stop();
});

/**
 * A page with a player that tells.
 * @param {import('playwright-core').Browser} [where]
 * @param {(page: import('playwright-core').Page) => Promise<void>} [prepare]
 */
async function playerPage(where = browser, prepare = async () => {}, places = {}) {
  const page = await where.newPage();
  await prepare(page);
  await page.goto(`${backend.gateway}/e2e/blank.html`);
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate(
    ([cdn, places]) => {
      const { createPlayer, createTelemetry, init } = globalThis.tonearm;
      init(places).catch(() => {});
      globalThis.telemetry = createTelemetry({
        serviceName: 'failures',
        scheduledDelayMillis: 100,
        propagateTo: [cdn],
      });
      globalThis.player = createPlayer({ telemetry: globalThis.telemetry, engine: 'stream' });
      globalThis.media = (name, faults = '') => `${cdn}/tracks/${name}.mp3?n=${Math.random()}&${faults}`;
      globalThis.attempt = async (url, options) => {
        try {
          await player.load(url, options);
          await player.play();
          return { state: player.state };
        } catch (error) {
          return {
            name: error.name,
            message: error.message,
            is: error instanceof DOMException,
            error: player.error?.name,
            state: player.state,
          };
        }
      };
      globalThis.until = (state, ms = 15000) =>
        new Promise((resolve, reject) => {
          const check = () => player.state === state && resolve(player.state);
          player.addEventListener('statechange', check);
          setTimeout(() => reject(new Error(`${player.state}, not ${state}`)), ms);
          check();
        });
    },
    [backend.cdn, places],
  );
  return page;
}

const trace = async (
  /** @type {import('playwright-core').Page} */ page,
  /** @type {(spans: any[]) => boolean} */ done,
) => waitForTrace(backend.gateway, (await page.evaluate(() => player.traceparent)).slice(3, 35), done);
const named = (/** @type {any[]} */ spans, /** @type {string} */ name) =>
  spans.find((span) => span.name === name);
const ours = (/** @type {any[]} */ spans) => spans.filter(({ service }) => service === 'failures');
const hasRoot = (/** @type {any[]} */ spans) => Boolean(named(ours(spans), 'track.play'));

/** The next load plays. @param {import('playwright-core').Page} page */
async function playsAgain(page) {
  const outcome = await page.evaluate(() => attempt(media('short')));
  assert.deepEqual(outcome, { state: 'playing' });
}

test('404', async () => {
  const page = await playerPage();
  const outcome = await page.evaluate(() => attempt(media('no-such-file')));
  assert.deepEqual(
    [outcome.name, outcome.is, outcome.error, outcome.state],
    ['NetworkError', true, 'NetworkError', 'failed'],
  );
  assert.match(outcome.message, /404/);
  const spans = ours(await trace(page, (spans) => hasRoot(spans) && Boolean(named(ours(spans), 'GET'))));
  for (const name of ['GET', 'track.play']) {
    assert.equal(named(spans, name).attributes['error.type'], '404');
    assert.equal(named(spans, name).status, 2);
  }
  // The same failure in a log line and in a metric, both of that trace.
  const id = named(spans, 'track.play').traceId;
  await page.evaluate(() => globalThis.telemetry.forceFlush());
  const told = async (/** @type {string} */ what) =>
    (await fetch(`${backend.gateway}/api/traces/${id}/${what}`)).json();
  const attempt = await until(async () =>
    (await told('metrics')).find((/** @type {any} */ point) => point.name === 'track.play.attempts'),
  );
  assert.deepEqual(attempt.attributes, {
    outcome: 'failed',
    'error.class': 'technical',
    'cdn.node': 'demo-edge-1',
  });
  const line = await until(async () =>
    (await told('logs')).find((/** @type {any} */ log) => log.event === 'track.play_failed'),
  );
  assert.deepEqual([line.severity, line.attributes['error.type']], ['ERROR', '404']);
  await playsAgain(page);
  await page.close();
});

test('bytes that are no music', async () => {
  const page = await playerPage();
  const outcome = await page.evaluate(() => attempt(new URL('/e2e/blank.html', location.href).href));
  assert.deepEqual([outcome.name, outcome.error], ['NotSupportedError', 'NotSupportedError']);
  const spans = ours(await trace(page, hasRoot));
  assert.equal(named(spans, 'audio.decode').attributes['error.type'], 'unsupported_format');
  assert.equal(named(spans, 'track.play').attributes['error.type'], 'unsupported_format');
  await playsAgain(page);
  await page.close();
});

test('a file that was cut before it was uploaded is heard to its last byte, and has ended', async () => {
  const page = await playerPage();
  assert.deepEqual(await page.evaluate(() => attempt(media('short', 'truncate=40'))), { state: 'playing' });
  await page.evaluate(() => until('ended'));
  const { error, played, duration } = await page.evaluate(() => ({
    error: player.error?.name,
    played: player.stats().playTime,
    duration: player.duration,
  }));
  assert.equal(error, undefined);
  assert.ok(played > 1.8 && played < 2.2, `heard ${played} s`);
  assert.ok(Math.abs(duration - played) < 0.1, `a duration of ${duration} s`);
  await playsAgain(page);
  await page.close();
});

test('a connection cut at half recovers by a range, and nobody hears it', async () => {
  const page = await playerPage();
  assert.deepEqual(await page.evaluate(() => attempt(media('short', 'cut=50'))), { state: 'playing' });
  await page.evaluate(() => until('ended'));
  const stats = await page.evaluate(() => ({ ...player.stats(), duration: player.duration }));
  assert.deepEqual([stats.stalls, stats.decodeFailures], [0, 0]);
  assert.ok(Math.abs(stats.playTime - stats.duration) < 0.01, `${stats.playTime} of ${stats.duration}`);
  const spans = ours(
    await trace(
      page,
      (spans) =>
        ours(spans).filter(({ name }) => name === 'GET').length === 2 &&
        Boolean(named(spans, 'track.recover')),
    ),
  );
  const [first, second] = spans
    .filter(({ name }) => name === 'GET')
    .sort((a, b) => Number(BigInt(a.start) - BigInt(b.start)));
  assert.equal(first.attributes['error.type'], 'network');
  assert.match(second.attributes['http.request.header.range'], /^bytes=\d+-$/);
  assert.equal(second.attributes['http.response.status_code'], 206);
  assert.equal(second.parentSpanId, named(spans, 'track.recover').spanId);
  await playsAgain(page);
  await page.close();
});

test('autoplay refused, and the click after it plays', async () => {
  const page = await strict.newPage();
  // The page tries by itself and tells on its console: whatever a driver evaluates would count as a gesture.
  const told = page.waitForEvent('console', {
    predicate: (message) => message.text().startsWith('{'),
    timeout: 10_000,
  });
  await page.goto(`${backend.gateway}/e2e/autoplay.html`);
  const outcome = JSON.parse((await told).text());
  assert.deepEqual([outcome.name, outcome.state, outcome.error], ['NotAllowedError', 'ready', null]);
  assert.ok(outcome.millis < 1000, `refused after ${outcome.millis} ms`);
  const spans = await waitForTrace(backend.gateway, outcome.traceparent.slice(3, 35), (spans) =>
    spans.some(({ name }) => name === 'track.play'),
  );
  const root = spans.find(({ name }) => name === 'track.play');
  assert.equal(root.attributes['error.type'], 'autoplay_refused');
  assert.equal(root.attributes['track.play.trigger'], 'api');
  await page.click('button');
  await page.waitForFunction(() => player.state === 'playing');
  await page.close();
});

test('a signal that aborts', async () => {
  const page = await playerPage();
  const outcome = await page.evaluate(async () => {
    const controller = new AbortController();
    const playing = attempt(media('short', 'latency=2000'), { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    return playing;
  });
  assert.deepEqual([outcome.name, outcome.error, outcome.state], ['AbortError', undefined, 'ready']);
  const spans = ours(await trace(page, hasRoot));
  assert.equal(named(spans, 'track.play').attributes['track.play.outcome'], 'exited_before_start');
  assert.ok(
    spans.every(({ status }) => status !== 2),
    "a listener's abort is no error",
  );
  const reason = await page.evaluate(async () => {
    const controller = new AbortController();
    controller.abort(new Error('mine'));
    return (await attempt(media('short'), { signal: controller.signal })).message;
  });
  assert.equal(reason, 'mine');
  // Between the load and its promise, and between that and the play: neither lets the source be heard.
  const late = await page.evaluate(async () => {
    const [early, between] = [new AbortController(), new AbortController()];
    const loading = player.load(media('short'), { signal: early.signal });
    early.abort(new Error('early'));
    const first = await loading.catch((error) => error.message);
    await player.load(media('short'), { signal: between.signal });
    between.abort(new Error('between'));
    return [first, await player.play().catch((error) => error.message), player.state];
  });
  assert.deepEqual(late, ['early', 'between', 'ready']);
  await playsAgain(page);
  await page.close();
});

for (const [what, pattern] of /** @type {const} */ ([
  ['the control plane', '**/tonearm_bg.wasm'],
  ['the media plane', '**/tonearm_media_bg.wasm'],
  ['the worker', '**/worker.js'],
  // A worklet's request passes by the driver's interception: it is asked for where there is none.
  ['the worklet', '**/nowhere.js'],
])) {
  test(`a missing file: ${what}`, async () => {
    let missing = true;
    const page = await playerPage(
      browser,
      (page) =>
        page.route(pattern, (route) =>
          missing ? route.fulfill({ status: 404, body: '' }) : route.continue(),
        ),
      pattern === '**/nowhere.js' ? { worklet: '/nowhere.js' } : {},
    );
    const outcome = await page.evaluate(() => attempt(media('short')));
    assert.deepEqual(
      [outcome.name, outcome.is, outcome.error],
      ['NetworkError', true, 'NetworkError'],
      JSON.stringify(outcome),
    );
    if (pattern !== '**/tonearm_bg.wasm') {
      const spans = ours(await trace(page, hasRoot));
      assert.equal(named(spans, 'track.play').attributes['error.type'], 'unavailable');
    }
    missing = false;
    if (pattern === '**/nowhere.js')
      await page.evaluate(() => globalThis.tonearm.init({ worklet: '/pkg/worklet.js' }));
    await playsAgain(page);
    if (pattern === '**/tonearm_bg.wasm') {
      // Nothing could record it then; it was kept until something could.
      const told = await until(async () => {
        const spans = await (await fetch(`${backend.gateway}/api/spans`)).json();
        return spans.find(
          (/** @type {any} */ span) => span.service === 'failures' && span.name === 'track.load',
        );
      });
      assert.equal(told.attributes['error.type'], 'unavailable');
    }
    await page.close();
  });
}

test('without the worklet the element plays, where the app has not ruled it out', async () => {
  const page = await playerPage(browser, undefined, { worklet: '/nowhere.js' });
  const outcome = await page.evaluate(async () => {
    const player = globalThis.tonearm.createPlayer();
    let errors = 0;
    player.addEventListener('error', () => errors++);
    await player.load(media('short'));
    await player.play();
    return [player.engine, player.state, errors];
  });
  assert.deepEqual(outcome, ['element', 'playing', 0]);
  await page.close();
});

/** What `look` finds, once it does. @template T @param {() => Promise<T>} look */
async function until(look, tries = 80) {
  for (let n = 0; n < tries; n++) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it never came to be');
}

test('a context that is closed is replaced, and the next play goes on from there', async () => {
  const page = await playerPage();
  const [name, before, after, same, idle] = await page.evaluate(async () => {
    const url = media('first-light');
    await attempt(url);
    while (player.currentTime < 1) await new Promise((resolve) => setTimeout(resolve, 50));
    const { context } = player.analyser;
    await context.close();
    await until('failed');
    const [name, before] = [player.error.name, player.currentTime];
    await player.play();
    const after = player.currentTime;
    player.pause();
    // One that goes while nothing plays is no failure.
    await player.load(url);
    await player.analyser.context.close();
    await player.play();
    return [name, before, after, player.analyser.context === context, player.state];
  });
  assert.deepEqual([name, same, idle], ['OperationError', false, 'playing']);
  assert.ok(before >= 1 && Math.abs(after - before) < 0.2, `${before} ${after}`);
  await page.close();
});

test('ten damaged files are played to their end, at their length', async () => {
  const page = await playerPage();
  const results = await page.evaluate(async () => {
    const players = Array.from({ length: 10 }, () =>
      globalThis.tonearm.createPlayer({ telemetry: globalThis.telemetry }),
    );
    // Each holds its first seconds before any of them plays: ten starts at once on a busy machine stall.
    await Promise.all(
      players.map(async (player, seed) => {
        await player.load(media('short', `corrupt=10&seed=${seed}`));
        const held = new Promise((resolve) => player.addEventListener('canplay', resolve, { once: true }));
        player.prepare();
        await held;
      }),
    );
    const ends = players.map(
      (player) =>
        new Promise((resolve, reject) => {
          player.addEventListener('ended', resolve);
          player.addEventListener('error', () => reject(player.error));
        }),
    );
    for (const player of players) await player.play();
    await Promise.all(ends);
    const results = players.map((player) => ({ ...player.stats(), duration: player.duration }));
    for (const player of players) player.destroy();
    return results;
  });
  for (const { duration, playTime, stalls, decodeFailures } of results) {
    assert.equal(Math.round(duration * 44100), 5 * 44100);
    assert.ok(Math.abs(playTime - duration) < 1e-3, `${playTime} of ${duration}`);
    assert.equal(stalls, 0);
    assert.ok(decodeFailures > 0);
  }
  await page.close();
});

test('a listener that calls back into the player during dispatch', async () => {
  const page = await playerPage();
  const states = await page.evaluate(async () => {
    const states = [];
    player.addEventListener('playing', () => {
      player.pause();
      states.push(player.state);
    });
    await player.load(media('short'));
    await player.play().catch(() => {});
    await until('paused');
    return states;
  });
  assert.deepEqual(states, ['paused']);
  await page.close();
});

test('options that are wrong are named', async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const messages = await page.evaluate(async () => {
    const { createPlayer, createTelemetry, init } = globalThis.tonearm;
    await init();
    const message = (make) => {
      try {
        make();
      } catch (error) {
        return `${error.name}: ${error.message}`;
      }
    };
    return [
      message(() => createTelemetry()),
      message(() => createTelemetry({})),
      message(() => createTelemetry({ serviceName: 5 })),
      message(() => createTelemetry({ serviceName: 'x', headers: { a: 1 } })),
      message(() => createTelemetry({ serviceName: 'x', maxExportBatchSize: 0.5 })),
      message(() => createTelemetry({ serviceName: 'x', endpont: 'y' })),
      await createPlayer()
        .load(5)
        .catch((error) => `${error.name}: ${error.message}`),
      await createPlayer()
        .play()
        .catch((error) => error.name),
    ];
  });
  assert.deepEqual(messages, [
    'TypeError: createTelemetry: expected an object, got undefined',
    'TypeError: createTelemetry: option "serviceName": expected a string that is not empty, got undefined',
    'TypeError: createTelemetry: option "serviceName": expected a string that is not empty, got the number 5',
    'TypeError: createTelemetry: option "headers": expected an object of strings, or a function that gives one, got object',
    'TypeError: createTelemetry: option "maxExportBatchSize": expected a whole number from 1 to 10000, got the number 0.5',
    'TypeError: createTelemetry: option "endpont": is not known',
    'TypeError: load: option "source": expected a URL, a Blob, or an object with "src" (one of these) or "resolve" (a function), got number',
    'InvalidStateError',
  ]);
  await page.close();
});
