// What a listener does in an hour, in a page: a queue of every format, and something every ten seconds,
// chosen by a seed.

/** Numbers that are the same in every run. @param {number} seed */
function* numbers(seed) {
  for (;;) {
    seed = (seed + 0x6d2b79f5) | 0;
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    yield ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Faults of the network, each for the requests of some seconds. */
const FAULTS = [
  { cut: 40 },
  { corrupt: 3, seed: 5 },
  { status: 503 },
  { rate: 200 },
  { latency: 1500 },
  { no_ranges: true },
];

/** @param {{ cdn: string, files: string[] }} where */
export async function begin({ cdn, files }) {
  const { createTelemetry } = await import('/pkg/index.js');
  const { createQueue } = await import('/pkg/queue.js');
  const telemetry = createTelemetry({ serviceName: 'soak', propagateTo: [cdn] });
  const queue = createQueue({ telemetry, repeat: 'all' });
  queue.add(...files.map((file) => `${cdn}/tracks/${file}`));
  const random = numbers(1);
  const next = () => /** @type {number} */ (random.next().value);
  /** @type {Record<string, number>} */
  const done = { plays: 0, errors: 0 };
  queue.addEventListener('trackchange', () => done.plays++);
  const faults = (/** @type {object} */ body) =>
    fetch('/api/faults', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** @type {Record<string, () => unknown>} */
  const actions = {
    seek: () => (queue.player.currentTime = next() * (queue.player.duration || 0)),
    nearTheEnd: () => (queue.player.currentTime = Math.max(0, (queue.player.duration || 0) - 8)),
    next: () => queue.next(),
    pause: async () => {
      queue.pause();
      await pause(2000);
      await queue.play();
    },
    rate: () => (queue.player.playbackRate = [1, 1.25, 1, 0.8][Math.floor(next() * 4)]),
    crossfade: () => (queue.crossfade = [0, 2][Math.floor(next() * 2)]),
    fault: async () => {
      await faults(FAULTS[Math.floor(next() * FAULTS.length)]);
      queue.player.currentTime = next() * (queue.player.duration || 0);
      await pause(6000);
      await faults({});
    },
    nothing: () => {},
  };
  const names = Object.keys(actions);
  /** Called once the loop may rest. @type {(() => void) | undefined} */
  let resting;
  let goOn = Promise.resolve();
  (async () => {
    await queue.play();
    for (;;) {
      resting?.();
      await goOn;
      const name = names[Math.floor(next() * names.length)];
      done[name] = (done[name] ?? 0) + 1;
      try {
        await actions[name]();
      } catch {
        done.errors++;
      }
      // What a fault has ended goes on with the next track.
      if (queue.player.state === 'failed') {
        done.failed = (done.failed ?? 0) + 1;
        await queue.next().catch(() => {});
      }
      await pause(8000);
    }
  })();
  return {
    done,
    stats: () => telemetry.stats(),
    state: () => `${queue.index} ${queue.player.state} ${queue.player.currentTime?.toFixed(1)}`,
    /**
     * The same track at the same place, without faults: what is held then can be compared. Gives what lets
     * the listener go on.
     */
    settle: async () => {
      let begin = () => {};
      goOn = new Promise((resolve) => (begin = resolve));
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => (resting = resolve));
      resting = undefined;
      await faults({});
      queue.crossfade = 0;
      await queue.play(0);
      queue.player.playbackRate = 1;
      await telemetry.forceFlush();
      return begin;
    },
  };
}

/** Makes players, lets each be heard, and destroys them. @param {number} count @param {string} url */
export async function makeAndDestroy(count, url) {
  const { createPlayer } = await import('/pkg/index.js');
  for (let n = 0; n < count; n++) {
    const player = createPlayer({ engine: 'stream' });
    await player.load(url);
    await player.play();
    player.destroy();
  }
}
