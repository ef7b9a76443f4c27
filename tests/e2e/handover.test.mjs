// Nothing that an app hands over stops the music or ends the telemetry: every public setter, method and
// option is given values that no program should hand over, and after each the music plays on and a record
// arrives.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from './harness.mjs';
import { attributesOf, startOtlpServer } from './otlp_server.mjs';
import { startPageServer } from './page_server.mjs';

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** @type {Awaited<ReturnType<typeof startOtlpServer>>} */
let otlp;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  [server, otlp, browser] = await Promise.all([startPageServer(), startOtlpServer(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  server?.stop();
  otlp?.stop();
});

let services = 0;

/**
 * A page with a player that plays in a loop, a pipeline, and what measures both.
 * @param {object} [options] of the pipeline
 */
async function open(options = {}) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => globalThis.tonearm);
  const service = `handover-${++services}`;
  await page.evaluate(async ([service, endpoint, options]) => {
    const { createPlayer, createTelemetry } = globalThis.tonearm;
    const telemetry = createTelemetry({
      serviceName: service,
      endpoint,
      scheduledDelayMillis: 50,
      storage: false,
      .../** @type {any} */ (options),
    });
    const player = createPlayer({ telemetry });
    await player.load('/tracks/short.mp3');
    player.loop = true;
    await player.play();
    const context = player.analyser.context;
    await context.audioWorklet.addModule('/pages/recorder.js');
    const recorder = new AudioWorkletNode(context, 'recorder');
    player.analyser.connect(recorder);
    /** Frames that are not silent since the last call, once there are some. */
    const sounding = async () => {
      recorder.port.postMessage('arm');
      for (let n = 0; n < 300; n++) {
        const heard = await new Promise((resolve) => {
          recorder.port.onmessage = ({ data }) => 'heard' in data && resolve(data.heard);
          recorder.port.postMessage('read');
        });
        if (heard > 1000) return heard;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return 0;
    };
    Object.assign(globalThis, { telemetry, player, sounding });
  }, /** @type {[string, string, object]} */ ([service, otlp.url, options]));
  return { page, service, errors };
}

/** Values that no program should hand over, as source text: each use makes new ones. */
const HOSTILE = [
  ...['undefined', 'null', 'true', '""', '"x"', '"2"', '0', '-1', '-0', '0.5', '1e308', 'NaN', 'Infinity'],
  ...['2n', 'Symbol("x")', 'Object.create(null)', '{}', '[]', '() => {}', 'new Date(NaN)', 'document.body'],
  '{ valueOf() { throw new RangeError("mine") }, toString() { throw new RangeError("mine") } }',
  '{ valueOf: () => 1n, toString: () => ({}) }',
  'new Proxy({}, { get() { throw new RangeError("mine") }, ownKeys() { throw new RangeError("mine") } })',
  'Object.freeze({ a: Object.freeze([1]) })',
  '(() => { const a = { list: [] }; a.self = a; a.list.push(a); return a; })()',
  '{ get a() { throw new RangeError("mine") }, get signal() { throw new RangeError("mine") }, get parent() { throw new RangeError("mine") } }',
  '{ constructor: 1, toString: 2, ["__proto__"]: 3, [Symbol("x")]: 4 }',
  '"\\ud800"',
  'new Array(3)',
];

/** Uses of a value, by what is shown: `value` is the hostile one. */
const USES = {
  player: [
    ...['currentTime', 'playbackRate', 'volume', 'muted', 'preload', 'loop', 'preservesPitch'].map(
      (name) => `other.${name} = value`,
    ),
    'other.setLoop(value, value)',
    'other.setLoop(0, value)',
    'other.fade(value, value, value)',
    'other.fade(1, value)',
    'other.play(value)',
    'other.play({ trigger: value, onGesture: value })',
    'other.load(value)',
    'other.load({ src: value })',
    'other.load([value, "/tracks/short.mp3"])',
    'other.load({ src: "/tracks/short.mp3", headers: value })',
    'other.load({ src: "/tracks/short.mp3", headers: { "x-a": value } })',
    'other.load({ src: "/tracks/short.mp3", fetch: value, renew: value })',
    'other.load({ src: "/tracks/short.mp3", trackId: value, playlistId: value })',
    'other.load({ src: "/tracks/short.mp3", parent: value })',
    'other.load({ src: "/tracks/short.mp3", credentials: value, firstByteTimeout: value })',
    'other.load({ resolve: () => value })',
    'other.load({ resolve: value })',
    'other.load("/tracks/short.mp3", value)',
    'other.load("/tracks/short.mp3", { signal: value })',
    'other.follow(value)',
    'other.follow(player, { crossfade: value, signal: AbortSignal.abort() })',
    'other.follow(player, value && { signal: value })',
    'other.setSinkId(value)',
    'other.canPlayType(value)',
    'other.addEventListener(value, () => {})',
    'other.addEventListener("timeupdate", value)',
    'tonearm.createPlayer(value).destroy()',
    ...['engine', 'replayGain', 'telemetry', 'destination'].map(
      (name) => `tonearm.createPlayer({ ${name}: value }).destroy()`,
    ),
    'tonearm.init(value)',
    'tonearm.canPlayType(value)',
  ],
  telemetry: [
    'tonearm.createTelemetry(value)',
    ...[
      'serviceVersion',
      'resource',
      'endpoints',
      'headers',
      'storage',
      'propagateTo',
      'scrubUrl',
      'logLevel',
    ],
    ...['allowQuery', 'temporality', 'maxQueueSize', 'compression', 'protocol', 'userKey', 'constructor'],
  ].map((use) =>
    use.includes('(')
      ? use
      : `tonearm.createTelemetry({ serviceName: "x", ${use}: value, storage: false }).shutdown({ forget: true })`,
  ),
  records: [
    'telemetry.startSpan(value, value).end()',
    'telemetry.startSpan("x", { parent: value, attributes: value, links: value }).end()',
    'telemetry.startSpan("x", { links: [value, { span: value, attributes: value }] }).end()',
    'telemetry.startSpan("x", { attributes: { a: value, [value]: 1 } }).end()',
    'telemetry.startSpan("x").setAttribute(value, value).setAttribute("a", value).end(value)',
    'telemetry.startSpan("x").setError(value).addLink(value, value).end()',
    'telemetry.log(value)',
    'telemetry.log({ eventName: value, severity: value, body: value, attributes: value, span: value })',
    'telemetry.log({ eventName: "x", body: { a: value }, attributes: { a: value } })',
    'telemetry.setContext(value)',
    'telemetry.setContext({ a: value })',
    'telemetry.setBaggage(value)',
    'telemetry.setBaggage({ a: value })',
    'telemetry.setUser(value, value)',
    'telemetry.setUser(value, { plain: true })',
    'telemetry.setConsent(value)',
    'telemetry.inject(value)',
    'telemetry.extract(value)',
    'telemetry.extract({ traceparent: value, baggage: value })',
    'telemetry.recordSearch(value)',
    'telemetry.forceFlush(value && { timeoutMillis: value })',
    'telemetry.fetch(value, value, value)',
    'telemetry.fetch("/echo", value).then((response) => response.text())',
    'telemetry.fetch("/echo", { headers: value, method: value })',
    'telemetry.fetch("/echo", {}, { parent: value }).then((response) => response.text())',
  ],
  instruments: [
    'telemetry.createCounter(value, value)',
    'telemetry.createHistogram("h", { unit: value })',
    'telemetry.createHistogram("h", { attributes: value })',
    'telemetry.createHistogram("h", { bounds: value })',
    'telemetry.createHistogram("h", { bounds: [value] })',
    'counter.add(value, value, value)',
    'counter.add(1, { a: value })',
    'counter.add(1, { a: "x" }, value)',
    'counter.bind(value).add(value, value)',
    'gauge.record(value, { a: value })',
    'telemetry.createObservableGauge("o" + Math.random().toString(36).slice(2), {}, value)',
    'telemetry.createObservableGauge("o" + Math.random().toString(36).slice(2), { attributes: ["a"] }, ({ observe }) => observe(value, { a: value }))',
    'telemetry.createObservableGauge("o" + Math.random().toString(36).slice(2), {}, () => { throw value; })',
  ],
  queue: [
    'createQueue(value).destroy()',
    ...['repeat', 'shuffle', 'crossfade'].map((name) => `createQueue({ ${name}: value }).destroy()`),
    ...['repeat', 'shuffle', 'crossfade', 'volume', 'muted'].map((name) => `queue.${name} = value`),
    'queue.add(value)',
    'queue.insert(value, "/tracks/short.mp3")',
    'queue.remove(value)',
    'queue.move(value, value)',
    'queue.play(value)',
    'queue.sleepTimer(value)',
    'queue.sleepTimer({ after: value, fade: value, atEnd: value })',
    'queue.sleepTimer(null)',
    'mediaSession(value)',
    'mediaSession(queue, value)',
    'mediaSession(queue, { signal: AbortSignal.abort(), metadata: () => value })',
  ],
};

for (const [group, uses] of Object.entries(USES)) {
  test(`hostile values stop neither the music nor the records: ${group}`, async () => {
    const { page, service } = await open();
    await page.evaluate(async () => {
      const { telemetry, tonearm } = /** @type {any} */ (globalThis);
      const [{ createQueue }, { mediaSession }] = await Promise.all(
        ['/pkg/queue.js', '/pkg/media-session.js'].map((url) => import(url)),
      );
      Object.assign(globalThis, {
        other: tonearm.createPlayer({ telemetry }),
        queue: createQueue(),
        counter: telemetry.createCounter('c', { attributes: ['a'] }),
        gauge: telemetry.createGauge('g', { attributes: ['a'] }),
        createQueue,
        mediaSession,
      });
    });
    for (const use of uses) {
      const stopped = await page.evaluate(async ([use, values]) => {
        const { player } = /** @type {any} */ (globalThis);
        for (const source of values) {
          /** @type {any} */
          let returned;
          try {
            returned = (0, eval)(`((value) => ${use})`)((0, eval)(`(${source})`));
          } catch (error) {
            // What is thrown is the app's own, or a named one of the platform's kinds.
            const { name } = Object(error);
            if (!/^(TypeError|RangeError|IndexSizeError|NotSupportedError|InvalidStateError)$/.test(name))
              return `${source}: threw ${String(error)}`;
          }
          // What is refused is refused at once; what plays may take its time.
          Promise.resolve(returned).catch(() => {});
          await null;
          if (player.state !== 'playing') return `${source}: ${player.state}`;
        }
        return undefined;
      }, /** @type {[string, string[]]} */ ([use, HOSTILE]));
      assert.equal(stopped, undefined, use);
      const heard = await page.evaluate(() => /** @type {any} */ (globalThis).sounding());
      assert.ok(heard > 0, `${use}: silence`);
      const arrived = await page.evaluate(async (use) => {
        const { telemetry } = /** @type {any} */ (globalThis);
        telemetry.startSpan(`after ${use}`).end();
        return telemetry.forceFlush();
      }, use);
      assert.equal(arrived, true, `${use}: records do not arrive`);
    }
    const { spans, logs } = await otlp.of(service, ({ spans }) =>
      spans.some((/** @type {any} */ { name }) => name === `after ${uses.at(-1)}`),
    );
    const names = new Set(spans.map((/** @type {any} */ { name }) => name));
    assert.deepEqual(
      uses.filter((use) => !names.has(`after ${use}`)),
      [],
    );
    assert.deepEqual(
      logs.filter((/** @type {any} */ { eventName }) => eventName === 'sdk.panicked').map(attributesOf),
      [],
    );
    await page.close();
  });
}

test('an exception of JavaScript within a call of the core ends nothing', async () => {
  const { page, service } = await open();
  const seen = await page.evaluate(async () => {
    const { player, telemetry, sounding } = /** @type {any} */ (globalThis);
    // Of what the glue calls while it copies a value into the core's memory.
    const { set } = Uint8Array.prototype;
    for (let n = 0; n < 5; n++) {
      Uint8Array.prototype.set = () => {
        throw new Error('mine');
      };
      telemetry.log({ eventName: 'thrown' });
      void player.volume;
      player.currentTime = 1;
      Uint8Array.prototype.set = set;
    }
    const afterThrown = await sounding();
    telemetry.startSpan('after').end();
    return [afterThrown > 0, await telemetry.forceFlush(), telemetry.health().live];
  });
  assert.deepEqual(seen, [true, true, true]);
  const { logs } = await otlp.of(service, ({ spans }) =>
    spans.some((/** @type {any} */ { name }) => name === 'after'),
  );
  const panics = logs.filter((/** @type {any} */ { eventName }) => eventName === 'sdk.panicked');
  assert.equal(panics.length, 0, 'cores ended');
  await page.close();
});
