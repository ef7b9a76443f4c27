// Plays a file of `tests/media` to its end, and says what was heard of it on both sides.

import { openTape, waitFor } from '/e2e/matrix.js';

/** A sample that is heard. */
const AUDIBLE = 0.001;

/** @param {Float32Array} tape */
function describe(tape) {
  let [first, last, power] = [-1, -1, 0];
  tape.forEach((sample, n) => {
    if (Math.abs(sample) > AUDIBLE) [first, last] = [first < 0 ? n : first, n];
    power += sample ** 2;
  });
  const span = last - first + 1;
  return { span, level: 10 * Math.log10(power / span) };
}

/** @param {string} file @param {number} rate of the output, in Hz */
export async function heard(file, rate) {
  const { createPlayer } = await import('/pkg/index.js');
  const context = new AudioContext({ sampleRate: rate });
  const splitter = context.createChannelSplitter(2);
  const tapes = await Promise.all([0, 1].map(() => openTape(context)));
  tapes.forEach(({ tape }, side) => splitter.connect(tape, side));
  const player = createPlayer({ destination: splitter });
  try {
    await player.load(`/foreign/${file}`);
    const ended = waitFor(player, 'ended', 60_000);
    const failed = waitFor(player, 'error', 60_000).then(() => Promise.reject(player.error));
    failed.catch(() => {});
    await player.play();
    const published = player.duration;
    await Promise.race([ended, failed]);
    const { decodeFailures, underflows } = player.stats();
    const [left, right] = await Promise.all(tapes.map(({ read }) => read()));
    // Each side is read in its own time: one may have a block more at its end.
    const both = Math.min(left.length, right.length);
    const difference = left.subarray(0, both).map((sample, n) => sample - right[n]);
    return {
      published,
      duration: player.duration,
      left: describe(left),
      right: describe(right),
      difference: describe(difference),
      failures: decodeFailures,
      underflows,
    };
  } finally {
    player.destroy();
    await context.close();
  }
}
