// Plays a file after its bytes were changed, as a file of the user's, and says what became of it.

import { waitFor } from '/e2e/matrix.js';

/** Bytes that are no frame of anything. @param {number} length */
function noise(length) {
  let state = 1;
  return Uint8Array.from(
    { length },
    () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24,
  );
}

/**
 * @param {string} url
 * @param {{ keep?: number, damage?: number, seek?: number, rate: number }} how the part of the bytes that is
 * kept, bytes of noise in the middle, a position to go to once it plays, the rate of the output in Hz
 */
export async function playChanged(url, { keep = 1, damage = 0, seek, rate }) {
  const { createPlayer } = await import('/pkg/index.js');
  const all = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const bytes = all.slice(0, Math.floor(all.length * keep));
  if (damage) bytes.set(noise(damage), Math.floor(bytes.length / 4));
  const context = new AudioContext({ sampleRate: rate });
  const player = createPlayer({ destination: context.destination });
  try {
    await player.load(new Blob([bytes]));
    const over = Promise.race(['ended', 'error'].map((name) => waitFor(player, name, 60_000)));
    await player.play();
    const published = player.duration;
    if (seek) player.currentTime = seek;
    await over;
    const { decodeFailures } = player.stats();
    const { duration, currentTime, error } = player;
    return { published, duration, currentTime, error: error?.name, failures: decodeFailures };
  } finally {
    player.destroy();
    await context.close();
  }
}
