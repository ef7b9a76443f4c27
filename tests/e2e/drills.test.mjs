// Drills: a Worker, an output or a server fails in each way that was thought of. Of each: what the promise
// does, by which name, within which time, and that the next play is well.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { descendants } from './processes.mjs';
import { startBackend, startBrowser } from './harness.mjs';

/** The longest that a loss may go unnoticed, in milliseconds. */
const NOTICED = 2000;

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
/** Takes connections and answers none. @type {import('node:http').Server} */
let silent;
let silentOrigin = '';
before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
  silent = createServer(() => {});
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', () => resolve(undefined)));
  silentOrigin = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (silent.address()).port}`;
});
after(async () => {
  await browser?.close();
  backend?.stop();
  silent?.closeAllConnections();
  silent?.close();
});

/**
 * @param {{ worker?: string }} [places] @param {(page: import('playwright-core').Page) => Promise<void>}
 * [prepare]
 */
async function drillPage(places = {}, prepare = async () => {}) {
  const page = await browser.newPage();
  await prepare(page);
  await page.addInitScript(() => {
    globalThis.nodes = [];
    globalThis.AudioWorkletNode = class extends AudioWorkletNode {
      /** @param {ConstructorParameters<typeof AudioWorkletNode>} of */
      constructor(...of) {
        super(...of);
        globalThis.nodes.push(this);
        globalThis.onNode?.(this);
      }
    };
  });
  await page.goto(`${backend.gateway}/e2e/blank.html`);
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate(
    ([cdn, places]) => {
      const { createPlayer, createTelemetry, init } = globalThis.tonearm;
      init(places).catch(() => {});
      globalThis.telemetry = createTelemetry({ serviceName: 'drills' });
      globalThis.player = createPlayer({ telemetry: globalThis.telemetry });
      globalThis.track = `${cdn}/tracks/night-bus.mp3`;
      /** How a promise settles, and when; the player's own error with it. */
      globalThis.outcome = async (promise) => {
        const begin = performance.now();
        const name = await promise.then(
          () => 'fulfilled',
          (error) => error.name,
        );
        return {
          name,
          millis: performance.now() - begin,
          message: player.error?.message,
          engine: player.engine,
        };
      };
      /** When the player fails. */
      globalThis.failure = () => {
        const begin = performance.now();
        return new Promise((resolve) =>
          player.addEventListener(
            'error',
            () =>
              resolve({
                name: player.error.name,
                message: player.error.message,
                millis: performance.now() - begin,
              }),
            { once: true },
          ),
        );
      };
      /** Whether what plays is heard: its position moves, and its output is not silent. */
      globalThis.isHeard = async () => {
        const from = player.currentTime;
        const samples = new Float32Array(2048);
        for (let n = 0; n < 100; n++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          player.analyser.getFloatTimeDomainData(samples);
          if (player.currentTime > from + 0.2 && samples.some((sample) => sample !== 0)) return true;
        }
        return false;
      };
    },
    [backend.cdn, places],
  );
  return page;
}

/**
 * The next play goes on with ours, and is heard. @param {import('playwright-core').Page} page @param {number}
 * [from]
 */
async function playsAgain(page, from = 0) {
  const again = await page.evaluate(async () => ({
    ...(await globalThis.outcome(player.play())),
    position: player.currentTime,
    state: player.state,
    heard: await globalThis.isHeard(),
  }));
  assert.deepEqual(
    [again.name, again.engine, again.state, again.heard],
    ['fulfilled', 'stream', 'playing', true],
    JSON.stringify(again),
  );
  assert.ok(again.position >= from, `goes on at ${again.position}, not ${from}`);
}

/** @param {import('playwright-core').Page} page @param {any} [source] */
const begin = (page, source) =>
  page.evaluate(async (more) => {
    await player.load(
      more === 'resolve' ? { resolve: () => globalThis.track } : { src: globalThis.track, ...more },
    );
    await player.play();
    for (let n = 0; n < 500 && player.currentTime < 0.5; n++)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }, source);

/** Ends the Worker in a way. @type {Record<string, [() => void, RegExp]>} */
const WAYS = {
  'closes itself': [() => self.close(), /does not answer/],
  'loops for ever': [
    () =>
      setTimeout(() => {
        for (;;);
      }),
    /does not answer/,
  ],
  throws: [
    () =>
      setTimeout(() => {
        throw new Error('thrown by the drill');
      }),
    /by a fault/,
  ],
};

/** @type {[string, any][]} */
const SOURCES = [
  ['a URL', {}],
  ['headers', { headers: { 'x-listener': '17' } }],
  ['a resolve hook', 'resolve'],
];

for (const [what, [end, message]] of Object.entries(WAYS)) {
  for (const [kind, source] of SOURCES) {
    test(`a Worker that ${what}, with ${kind}`, async (t) => {
      const page = await drillPage();
      await begin(page, source);
      const failed = page.evaluate(() => globalThis.failure());
      await page.workers()[0].evaluate(end);
      const { name, millis, message: text } = await failed;
      assert.equal(name, 'OperationError');
      assert.match(text, message);
      t.diagnostic(`noticed after ${Math.round(millis)} ms`);
      assert.ok(millis <= NOTICED, `noticed after ${millis} ms`);
      await playsAgain(page, 0.4);
      // One in an endless loop is ended by force, which takes the browser a while.
      for (let n = 0; n < 100 && page.workers().length > 1; n++) await page.waitForTimeout(100);
      assert.equal(page.workers().length, 1, 'the lost one is gone');
      await page.close();
    });
  }
}

test('a Worker that is lost before the play, and one whose wait is a seek', async (t) => {
  const page = await drillPage();
  await page.evaluate(() => player.load(globalThis.track));
  await page.waitForFunction(() =>
    performance.getEntriesByType('resource').some((e) => /worker\.js/.test(e.name)),
  );
  await page.workers()[0].evaluate(() => self.close());
  const first = await page.evaluate(() => globalThis.outcome(player.play()));
  assert.equal(first.name, 'OperationError');
  t.diagnostic(`noticed after ${Math.round(first.millis)} ms`);
  assert.ok(first.millis <= NOTICED, `noticed after ${first.millis} ms`);
  await playsAgain(page);
  await page.workers()[0].evaluate(() => self.close());
  const failed = await page.evaluate(() => {
    const failed = globalThis.failure();
    player.currentTime = 40;
    return failed;
  });
  assert.equal(failed.name, 'OperationError');
  t.diagnostic(`noticed after ${Math.round(failed.millis)} ms`);
  assert.ok(failed.millis <= NOTICED, `noticed after ${failed.millis} ms`);
  await playsAgain(page, 40);
  await page.close();
});

for (const [what, body] of [
  ['closes itself', 'self.close()'],
  ['loops for ever', 'for (;;);'],
]) {
  test(`a Worker whose script ${what} at once`, async () => {
    let broken = true;
    const page = await drillPage({}, (page) =>
      page.route('**/worker.js', (route) =>
        broken ? route.fulfill({ contentType: 'text/javascript', body }) : route.continue(),
      ),
    );
    const first = await page.evaluate(async () => {
      await player.load(globalThis.track);
      return globalThis.outcome(player.play());
    });
    assert.equal(first.name, 'OperationError', JSON.stringify(first));
    // From the script's arrival on.
    assert.ok(first.millis <= NOTICED + 1000, `noticed after ${first.millis} ms`);
    broken = false;
    await playsAgain(page);
    await page.close();
  });
}

test('a Worker that died before its script ran, with a URL and with headers', async (t) => {
  const page = await drillPage({}, (page) =>
    page.addInitScript(() => {
      const { Worker } = globalThis;
      globalThis.dead = true;
      globalThis.Worker = class extends EventTarget {
        /** @param {ConstructorParameters<typeof Worker>} of */
        constructor(...of) {
          super();
          if (!globalThis.dead) return new Worker(...of);
        }
        postMessage() {}
        terminate() {}
      };
    }),
  );
  for (const headers of [undefined, { 'x-listener': '17' }]) {
    const first = await page.evaluate(async (headers) => {
      globalThis.dead = true;
      globalThis.player.destroy();
      globalThis.player = globalThis.tonearm.createPlayer();
      await player.load({ src: globalThis.track, headers });
      return globalThis.outcome(player.play());
    }, headers);
    assert.equal(first.name, 'OperationError', JSON.stringify(first));
    assert.match(first.message, /does not answer/);
    t.diagnostic(`noticed after ${Math.round(first.millis)} ms`);
    assert.ok(first.millis <= NOTICED, `noticed after ${first.millis} ms`);
    await page.evaluate(() => (globalThis.dead = false));
    await playsAgain(page);
  }
  await page.close();
});

/** Longer than any loss may go unnoticed. */
const SLOW = 2 * NOTICED;

test('files of the package that are slow are waited for', { timeout: 60_000 }, async () => {
  for (const file of ['worker.js', 'tonearm_media_bg.wasm', 'tonearm_mp3_bg.wasm']) {
    const page = await drillPage({}, (page) =>
      page.route(`**/${file}`, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, SLOW));
        await route.continue();
      }),
    );
    const first = await page.evaluate(async () => {
      await player.load(globalThis.track);
      return globalThis.outcome(player.play());
    });
    assert.deepEqual(
      [first.name, first.engine],
      ['fulfilled', 'stream'],
      `${file}: ${JSON.stringify(first)}`,
    );
    assert.ok(first.millis > SLOW / 2, `${file}: it was not slow`);
    await page.close();
  }
});

test('a worklet that never comes, and the next play is well', async () => {
  const page = await drillPage(/** @type {any} */ ({ worklet: `${silentOrigin}/worklet.js` }));
  const first = await page.evaluate(async () => {
    await player.load({ src: globalThis.track, headers: { 'x-listener': '17' }, firstByteTimeout: 1 });
    return globalThis.outcome(player.play());
  });
  assert.equal(first.name, 'NetworkError', JSON.stringify(first));
  assert.match(first.message, /file of the player/);
  assert.ok(first.millis > 900 && first.millis < 10_000, `${first.millis} ms`);
  await page.evaluate(() => globalThis.tonearm.init({ worklet: '/pkg/worklet.js' }));
  await playsAgain(page);
  await page.close();
});

test('a wasm file whose head or body never comes ends the play by name', { timeout: 90_000 }, async () => {
  const bytes = await (await fetch(`${backend.gateway}/pkg/tonearm_bg.wasm`)).arrayBuffer();
  const stalling = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/wasm', 'access-control-allow-origin': '*' });
    response.write(Buffer.from(bytes).subarray(0, bytes.byteLength / 2));
  });
  await new Promise((resolve) => stalling.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (stalling.address());
  const places = [`${silentOrigin}/core.wasm`, `http://127.0.0.1:${port}/core.wasm`];
  const seen = await Promise.all(
    places.map(async (wasm) => {
      const page = await drillPage(/** @type {any} */ ({ wasm }));
      const outcome = await page.evaluate(async () => {
        player.load(globalThis.track).catch(() => {});
        return globalThis.outcome(player.play());
      });
      await page.close();
      return outcome;
    }),
  );
  stalling.closeAllConnections();
  stalling.close();
  for (const { name, message, millis } of seen) {
    assert.equal(name, 'NetworkError', message);
    assert.match(message, /core\.wasm could not be loaded/);
    assert.ok(millis > 28_000 && millis < 45_000, `${millis} ms`);
  }
});

test('a module of a format that never comes: the element plays', { timeout: 60_000 }, async () => {
  let hangs = true;
  const page = await drillPage({}, (page) =>
    page.route('**/tonearm_mp3_bg.wasm', (route) => (hangs ? undefined : route.continue())),
  );
  const first = await page.evaluate(async () => {
    await player.load(globalThis.track.replace('night-bus', 'short'));
    return globalThis.outcome(player.play());
  });
  assert.deepEqual([first.name, first.engine], ['fulfilled', 'element'], JSON.stringify(first));
  assert.ok(first.millis > 9000 && first.millis < 20_000, `${first.millis} ms`);
  hangs = false;
  await page.evaluate(() => player.load(globalThis.track));
  await playsAgain(page);
  await page.close();
});

test('the audio service is killed', async (t) => {
  const page = await drillPage();
  await begin(page);
  const services = descendants(process.pid).filter(({ command }) =>
    /audio\.mojom\.AudioService/.test(command),
  );
  assert.ok(services.length > 0, 'no audio service');
  // The page listens before the service is gone.
  await page.evaluate(() => void (globalThis.failed = globalThis.failure()));
  for (const { pid } of services) process.kill(pid, 'SIGKILL');
  const { name, millis, message } = await page.evaluate(() => globalThis.failed);
  assert.equal(name, 'OperationError');
  assert.match(message, /audio output/);
  t.diagnostic(`noticed after ${Math.round(millis)} ms`);
  assert.ok(millis <= NOTICED, `noticed after ${millis} ms`);
  await playsAgain(page, 0.4);
  await page.close();
});

test('a context that stops rendering while it says "running"', async (t) => {
  const page = await drillPage();
  await begin(page);
  // The reports of the worklet stay away, as those of a device that hangs.
  const failed = await page.evaluate(() => {
    const failed = globalThis.failure();
    for (const { port } of globalThis.nodes) port.onmessage = null;
    return failed;
  });
  assert.equal(failed.name, 'OperationError');
  t.diagnostic(`noticed after ${Math.round(failed.millis)} ms`);
  assert.ok(failed.millis <= NOTICED, `noticed after ${failed.millis} ms`);
  // From the last position that was reported.
  await playsAgain(page);
  await page.close();
});

test('a worklet that throws', async (t) => {
  const page = await drillPage();
  // The first processor throws after two seconds of samples.
  await page.evaluate(async () => {
    const script = await (await fetch('/pkg/worklet.js')).text();
    const throwing = `
      let made = 0;
      ((registerProcessor) => {${script}
      })((name, Processor) =>
        globalThis.registerProcessor(name, class extends Processor {
          nth = made++;
          heard = 0;
          process(...io) {
            const open = super.process(...io);
            if (io[1][0][0][0] !== 0) this.heard++;
            if (this.nth === 0 && this.heard * 128 > 2 * sampleRate) throw new Error('thrown by the drill');
            return open;
          }
        }));`;
    globalThis.tonearm.init({
      worklet: URL.createObjectURL(new Blob([throwing], { type: 'text/javascript' })),
    });
    // Chromium dispatches `error` in the place of `processorerror` (156).
    globalThis.thrown = new Promise((resolve) => {
      globalThis.onNode = (node) => {
        for (const name of ['processorerror', 'error'])
          node.addEventListener(name, () => resolve(performance.now()));
      };
    });
  });
  await begin(page);
  const failed = await page.evaluate(async () => {
    const [{ name, message }, thrown] = await Promise.all([globalThis.failure(), globalThis.thrown]);
    return { name, message, millis: performance.now() - thrown };
  });
  assert.equal(failed.name, 'OperationError');
  assert.match(failed.message, /audio output/);
  t.diagnostic(`noticed after ${Math.round(failed.millis)} ms`);
  assert.ok(failed.millis <= NOTICED, `noticed after ${failed.millis} ms`);
  await playsAgain(page, 0.4);
  await page.close();
});

test('a server that hangs, one that refuses, and a file that states 1 Hz', { timeout: 60_000 }, async () => {
  const page = await drillPage();
  const [hanging, refusing, hertz] = await page.evaluate(async (silent) => {
    await player.load(`${silent}/track.mp3`);
    const hanging = await globalThis.outcome(player.play());
    // A port on which nothing listens.
    await player.load('http://127.0.0.1:9/track.mp3');
    const refusing = await globalThis.outcome(player.play());
    // STREAMINFO: 1 Hz in 20 bits, stereo, 16 bits a sample, 44,100 samples.
    const header = [0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34, 0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    const info = [0x00, 0x00, 0x12, 0xf0, 0, 0, 0xac, 0x44, ...Array(16).fill(0)];
    await player.load(new Blob([Uint8Array.from([...header, ...info, ...Array(1024).fill(0)])]));
    const hertz = await globalThis.outcome(player.play());
    return [hanging, refusing, hertz];
  }, silentOrigin);
  assert.deepEqual([hanging.name, refusing.name], ['NetworkError', 'NetworkError']);
  assert.ok(hanging.millis > 19_000 && hanging.millis < 21_000, `${hanging.millis} ms`);
  assert.match(hanging.message, /within the time limit/);
  assert.ok(refusing.millis < NOTICED, `${refusing.millis} ms`);
  assert.match(refusing.message, /The network failed/);
  assert.ok(['NotSupportedError', 'EncodingError'].includes(hertz.name), hertz.name);
  assert.ok(hertz.millis < 5000, `${hertz.millis} ms`);
  await page.evaluate(() => player.load(globalThis.track));
  await playsAgain(page);
  // One click is one play, and one failure.
  const counts = await page.evaluate(async () => {
    await telemetry.forceFlush();
    return telemetry.stats().traces;
  });
  assert.ok(counts.exported > 0);
  await page.close();
});

/** The most that 300 players may take while they are only made, in bytes: one took 3 MiB once. */
const MAX_MADE = 16 << 20;

test('300 players that are only made have no Worker and little memory, and one that loads has one', async (t) => {
  const page = await drillPage({}, (page) =>
    page.addInitScript(() => {
      const { instantiateStreaming } = WebAssembly;
      WebAssembly.instantiateStreaming = async (...args) => {
        const source = await instantiateStreaming(...args);
        globalThis.memory = source.instance.exports.memory;
        return source;
      };
    }),
  );
  const session = await page.context().newCDPSession(page);
  const memory = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize + (await page.evaluate(() => globalThis.memory.buffer.byteLength));
  };
  await page.evaluate(() => globalThis.tonearm.init());
  const before = await memory();
  const nodes = await page.evaluate(async () => {
    globalThis.players = Array.from({ length: 300 }, () => globalThis.tonearm.createPlayer());
    await globalThis.tonearm.init();
    return globalThis.nodes.length;
  });
  assert.deepEqual([page.workers().length, nodes], [0, 0]);
  const made = (await memory()) - before;
  t.diagnostic(`300 players: ${(made / 2 ** 20).toFixed(2)} MiB of heap and wasm`);
  assert.ok(made < MAX_MADE, `${made} bytes`);
  await page.evaluate(() => player.load(globalThis.track));
  await playsAgain(page);
  assert.equal(page.workers().length, 1);
  await page.close();
});
