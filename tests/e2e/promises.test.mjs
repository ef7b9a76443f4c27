// Every promise of a player settles, whatever takes away what it waits for; and what an app sets stays set.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from './harness.mjs';
import { startPageServer } from './page_server.mjs';

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** Lets no page play without a gesture. @type {import('playwright-core').Browser} */
let strict;
before(async () => {
  [server, browser, strict] = await Promise.all([
    startPageServer({
      waiting: (_, response) => response.setHeader('content-type', 'text/html').end(WAITING),
    }),
    startBrowser(),
    startBrowser({ autoplay: false }),
  ]);
});
after(async () => {
  await Promise.all([browser?.close(), strict?.close()]);
  server?.stop();
});

/** A page with the package and a player. */
async function open() {
  const page = await browser.newPage();
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate(() => {
    const { createPlayer } = globalThis.tonearm;
    const [short, steady] = ['/tracks/short.mp3', '/tracks/steady.mp3'];
    /** How a promise settles. */
    const named = (/** @type {Promise<unknown>} */ promise) =>
      promise.then(
        () => 'fulfilled',
        (error) => error?.name ?? String(error),
      );
    /** When an event comes next. */
    const next = (/** @type {EventTarget} */ target, /** @type {string} */ name) =>
      new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
    Object.assign(globalThis, { player: createPlayer(), createPlayer, named, next, short, steady });
  });
  return page;
}

/**
 * What ends the wait of `follow()`: how, and by which name. @type {Record<string, [(page: any) => any,
 * string]>}
 */
const FOLLOWS = {
  'another source': [({ second, short }) => second.load(short), 'AbortError'],
  'another follow()': [({ second, player }) => void second.follow(player).catch(() => {}), 'AbortError'],
  'its own end': [({ second }) => second.destroy(), 'AbortError'],
  "the leader's end": [({ player }) => player.destroy(), 'AbortError'],
  'a signal': [({ controller }) => controller.abort(new DOMException('mine', 'DataError')), 'DataError'],
};

for (const [what, [end, name]] of Object.entries(FOLLOWS)) {
  test(`follow() ends with ${what}`, async () => {
    const page = await open();
    const seen = await page.evaluate(async (end) => {
      const { player, createPlayer, named, steady } = /** @type {any} */ (globalThis);
      const second = createPlayer();
      const controller = new AbortController();
      await Promise.all([player.load(steady), second.load(steady)]);
      await player.play();
      const followed = named(second.follow(player, { signal: controller.signal }));
      await new Function(`return (${end})`)()({ .../** @type {any} */ (globalThis), second, controller });
      return followed;
    }, String(end));
    assert.equal(seen, name);
    await page.close();
  });
}

test('follow() ends with the failure of the leader, by its name', async () => {
  const page = await open();
  await page.evaluate(async () => {
    const { player, createPlayer, named, steady } = /** @type {any} */ (globalThis);
    const second = createPlayer();
    await Promise.all([player.load(steady), second.load('data:,')]);
    await player.play();
    Object.assign(globalThis, { followed: named(second.follow(player)) });
  });
  await page.workers()[0].evaluate(() => self.close());
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).followed), 'OperationError');
  await page.close();
});

test('follow() is refused at once where nothing can follow', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { player, createPlayer, named, short } = /** @type {any} */ (globalThis);
    const [empty, element, ended] = [createPlayer(), createPlayer({ engine: 'element' }), createPlayer()];
    await Promise.all([player.load(short), element.load(short), ended.load(short)]);
    ended.destroy();
    return [
      await named(empty.follow(player)),
      await named(player.follow(empty)),
      await named(element.follow(player)),
      await named(player.follow(element)),
      await named(ended.follow(player)),
      await named(player.follow(ended)),
    ];
  });
  assert.deepEqual(seen, [
    ...['InvalidStateError', 'InvalidStateError', 'NotSupportedError', 'NotSupportedError'],
    ...['AbortError', 'AbortError'],
  ]);
  await page.close();
});

/** Runs in a page that nothing has touched: what drives the browser counts as a gesture. */
const WAITING = `<!doctype html><link rel="icon" href="data:,"><script type="module">
  import { createPlayer } from '/pkg/index.js';
  const [short, steady] = ['/tracks/short.mp3', '/tracks/steady.mp3'];
  const named = (promise) => promise.then(() => 'fulfilled', (error) => error.name);
  const next = (target, name) =>
    new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
  const player = createPlayer();
  await player.load(short);
  // Another source in the very task in which the browser's refusal is known.
  player.addEventListener('pause', () => player.load(steady), { once: true });
  const atOnce = await named(player.play({ onGesture: true }));
  const waits = named(player.play({ onGesture: true }));
  await next(player, 'pause');
  await new Promise((resolve) => setTimeout(resolve));
  await player.load(short);
  const last = named(player.play({ onGesture: true }));
  await next(player, 'pause');
  player.destroy();
  console.log(JSON.stringify([atOnce, await waits, await last]));
</script>`;

test('play() that waits for a gesture ends with a source that was loaded meanwhile, at once too', async () => {
  const page = await strict.newPage();
  const printed = page.waitForEvent('console', { predicate: (message) => message.text().startsWith('[') });
  await page.goto(`${server.origin}/waiting`);
  assert.deepEqual(JSON.parse((await printed).text()), ['AbortError', 'AbortError', 'AbortError']);
  await page.close();
});

test('a destroyed player refuses by name, and opens no Worker', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { player, named, short } = /** @type {any} */ (globalThis);
    player.destroy();
    return [await named(player.load(short)), await named(player.play())];
  });
  assert.deepEqual([seen, page.workers().length], [['InvalidStateError', 'InvalidStateError'], 0]);
  await page.close();
});

test('a source that is none is refused before anything changes', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { player, named, short } = /** @type {any} */ (globalThis);
    await player.load(short);
    const refused = [];
    for (const source of [
      'http://[',
      { src: 'https://host:port' },
      ['/missing.mp3', 'http://['],
      [short, {}],
    ])
      refused.push(await named(player.load(source)));
    const message = await player
      .load({ src: 'http://[' })
      .catch((/** @type {Error} */ error) => error.message);
    await player.play();
    return { refused, message, state: player.state };
  });
  assert.deepEqual(seen, {
    refused: ['TypeError', 'TypeError', 'TypeError', 'TypeError'],
    message: 'load: option "src": expected a URL, got the string "http://["',
    state: 'playing',
  });
  await page.close();
});

test('a queue that meets an item that is no source says so, and plays nothing in its place', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { named, next, short } = /** @type {any} */ (globalThis);
    const { createQueue } = await import(/** @type {any} */ ('/pkg/queue.js'));
    const queue = createQueue();
    queue.add(short, 'http://[', short);
    await queue.play();
    const skipped = await named(queue.next());
    const after = [queue.index, queue.player.paused];
    await queue.play(0);
    // By itself too: at the end of the first, with the next one prepared.
    const failed = next(queue, 'error');
    queue.player.currentTime = 4.5;
    await failed;
    const byItself = [queue.index, queue.player.paused];
    const third = await named(queue.play(2));
    queue.destroy();
    return { skipped, after, byItself, third };
  });
  assert.deepEqual(seen, {
    skipped: 'TypeError',
    after: [1, true],
    byItself: [1, true],
    third: 'fulfilled',
  });
  await page.close();
});

test('a player whose core is on its way is paused until play() is called', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { player, short } = /** @type {any} */ (globalThis);
    const loaded = player.load(short);
    const before = player.paused;
    const playing = player.play();
    const then = player.paused;
    await Promise.all([loaded, playing]);
    return [before, then, player.paused];
  });
  assert.deepEqual(seen, [true, false, false]);
  await page.close();
});

test('the position that is set before the metadata come is where the play begins', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { player, next, steady } = /** @type {any} */ (globalThis);
    player.preload = 'metadata';
    const metadata = next(player, 'loadedmetadata');
    await player.load(steady);
    player.currentTime = 8;
    const set = player.currentTime;
    await metadata;
    const kept = player.currentTime;
    await player.play();
    return { set, kept, state: player.state, played: player.currentTime };
  });
  assert.deepEqual([seen.set, seen.kept, seen.state], [8, 8, 'playing']);
  assert.ok(seen.played >= 8 && seen.played < 12, `plays at ${seen.played}`);
  await page.close();
});

test('rate and loop outlive the core that ended', async () => {
  const page = await browser.newPage();
  // The core's next play traps, once.
  await page.addInitScript(() => {
    const { instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...args) => {
      const { module, instance } = await instantiateStreaming(...args);
      const exports = /** @type {any} */ (instance.exports);
      /** @param {unknown[]} args */
      const play = (...args) => {
        if (!globalThis.trap) return exports.play(...args);
        globalThis.trap = false;
        throw new WebAssembly.RuntimeError('unreachable');
      };
      return /** @type {any} */ ({ module, instance: { exports: { ...exports, play } } });
    };
  });
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => globalThis.tonearm);
  const seen = await page.evaluate(async () => {
    const player = globalThis.tonearm.createPlayer();
    await player.load('/tracks/steady.mp3');
    player.playbackRate = 2;
    player.setLoop(1, 2);
    const failed = new Promise((resolve) => player.addEventListener('error', resolve, { once: true }));
    globalThis.trap = true;
    const refused = await player.play().catch((/** @type {Error} */ error) => error.name);
    await failed;
    await player.play();
    // Through the loop's end, back to its start, by the clock of the page.
    const [begin, from] = [performance.now(), player.currentTime];
    let [last, back] = [from, 0];
    while (back < 2) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (player.currentTime < last - 0.3) back++;
      last = player.currentTime;
    }
    return { refused, rate: player.playbackRate, millis: performance.now() - begin };
  });
  assert.deepEqual([seen.refused, seen.rate], ['OperationError', 2]);
  await page.close();
});

test('a context of the app that it closes ends the play by name, and each play after it', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { createPlayer, named, next, steady } = /** @type {any} */ (globalThis);
    const context = new AudioContext();
    const player = createPlayer({ destination: context.destination });
    await player.load(steady);
    await player.play();
    const failed = next(player, 'error');
    const begin = performance.now();
    await context.close();
    await failed;
    const millis = performance.now() - begin;
    const { name, message } = player.error;
    return { name, message, millis, again: await named(player.play()), then: player.error.message };
  });
  assert.deepEqual([seen.name, seen.again], ['OperationError', 'OperationError']);
  assert.match(seen.message, /audio output/);
  assert.equal(seen.then, seen.message);
  assert.ok(seen.millis < 2000, `${seen.millis} ms`);
  await page.close();
});

test('a context that takes the place of another has its output device and its level', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const { player, next, steady } = /** @type {any} */ (globalThis);
    // There is no other device here.
    const chosen = new WeakMap();
    Object.defineProperties(AudioContext.prototype, {
      setSinkId: {
        /** @param {string} id */
        value(id) {
          chosen.set(this, id);
          return Promise.resolve();
        },
      },
      sinkId: {
        get() {
          return chosen.get(this) ?? '';
        },
      },
    });
    await player.load(steady);
    await player.play();
    await player.setSinkId('headphones');
    player.fade(0, 0);
    const first = player.analyser.context;
    const failed = next(player, 'error');
    await first.close();
    await failed;
    const { context } = player.analyser;
    await player.play();
    const samples = new Float32Array(2048);
    let loudest = 0;
    for (let n = 0; n < 2; n++) {
      await next(player, 'timeupdate');
      player.analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples);
    }
    return { another: context !== first, sink: context.sinkId, state: player.state, loudest };
  });
  assert.deepEqual([seen.another, seen.sink, seen.state], [true, 'headphones', 'playing']);
  assert.ok(seen.loudest < 1e-3, `a sample of ${seen.loudest} behind a fade to 0`);
  await page.close();
});

/** Calls that fill the stack, by what is called at its end. */
const DEEP = [
  'telemetry.log({ eventName: "deep", body: 1 })',
  'counter.add(1)',
  'telemetry.startSpan("deep").end(); telemetry.stats()',
  'player.currentTime = 2',
  'player.pause(), player.play().catch(() => {})',
  'player.stats()',
];

for (const call of DEEP) {
  test(`a stack that overflows in ${call} leaves no promise open, and the next play is well`, async () => {
    const page = await open();
    const seen = await page.evaluate(async (call) => {
      const { player, named, next, steady, tonearm } = /** @type {any} */ (globalThis);
      const telemetry = tonearm.createTelemetry({ serviceName: 'deep', storage: false });
      const counter = telemetry.createCounter('c');
      const use = new Function('player', 'telemetry', 'counter', call);
      let depth = 0;
      /** @type {(left: number, act: () => void) => void} */
      const dive = (left, act) => {
        depth++;
        if (left > 0) dive(left - 1, act);
        else act();
      };
      /** @param {number} left @param {() => void} act @returns whether the stack overflowed */
      const overflows = (left, act) => {
        depth = 0;
        try {
          dive(left, act);
          return false;
        } catch (error) {
          if (error instanceof RangeError) return true;
          throw error;
        }
      };
      await player.load(steady);
      player.loop = true;
      const settled = [];
      let rounds = 0;
      // Until the functions are compiled as they stay: a frame that becomes smaller moves the end of the
      // stack.
      for (let n = 0; n < 100; n++) {
        overflows(Infinity, () => {});
        overflows(1000, () => use(player, telemetry, counter));
      }
      // The call has a little more room in each round: the stack ends at another place in it, until it ends
      // nowhere.
      for (let room = 0, calm = 0; calm < 20 && room < 2000; room += 12) {
        const played = named(player.play());
        overflows(Infinity, () => {});
        const overflowed = overflows(depth - room, () => use(player, telemetry, counter));
        settled.push(await played);
        player.pause();
        if (overflowed) rounds++;
        else calm++;
      }
      await player.play();
      await next(player, 'timeupdate');
      return { settled, overflowed: rounds, state: player.state, live: telemetry.health().live };
    }, call);
    const names = new Set(seen.settled);
    for (const name of ['fulfilled', 'AbortError', 'OperationError']) names.delete(name);
    assert.deepEqual([...names], []);
    assert.deepEqual([seen.state, seen.live], ['playing', true]);
    assert.ok(seen.overflowed > 0, 'the stack never ended');
    await page.close();
  });
}
