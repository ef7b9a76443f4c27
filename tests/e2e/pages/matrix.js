// Plays a file through a player into a tape, and holds what was heard against ffmpeg's decode of it.

export const waitFor = (/** @type {EventTarget} */ target, /** @type {string} */ name, millis = 30_000) =>
  new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, { once: true });
    setTimeout(() => reject(new Error(`no ${name} in ${millis} ms`)), millis);
  });

/**
 * Where in `tape` the reference begins: by a window of it that is loud.
 * @param {Float32Array} tape
 * @param {Float32Array} want
 */
export function align(tape, want) {
  const length = 512;
  let at = 0;
  // The loudest of a few places.
  let best = 0;
  for (let from = 0; from + length < want.length; from += Math.max(length, want.length >> 5)) {
    let power = 0;
    for (let n = 0; n < length; n++) power += want[from + n] ** 2;
    if (power > best) [best, at] = [power, from];
  }
  let [least, offset] = [Infinity, 0];
  for (let from = 0; from + length <= tape.length; from++) {
    let noise = 0;
    for (let n = 0; n < length && noise < least; n++) noise += (tape[from + n] - want[at + n]) ** 2;
    if (noise < least) [least, offset] = [noise, from - at];
  }
  // A lossy codec's noise may hide one frame within a window: the whole tells.
  const coarse = offset;
  least = Infinity;
  for (let shift = coarse - 4; shift <= coarse + 4; shift++) {
    let noise = 0;
    for (let n = 0; n < want.length; n++) noise += ((tape[shift + n] ?? 0) - want[n]) ** 2;
    if (noise < least) [least, offset] = [noise, shift];
  }
  return offset;
}

/**
 * A tape, and what reads it. Its output is silence: Firefox renders only what leads to one.
 * @param {AudioContext} context
 */
export async function openTape(context) {
  await context.audioWorklet.addModule('/e2e/tape.js');
  const tape = new AudioWorkletNode(context, 'tape', {
    channelCount: 1,
    channelCountMode: 'explicit',
    channelInterpretation: 'discrete',
  });
  tape.connect(context.destination);
  const read = async () => {
    const blocks = await new Promise((resolve) => {
      tape.port.onmessage = ({ data }) => resolve(data);
      tape.port.postMessage('read');
    });
    const sound = new Float32Array(blocks.length * 128);
    blocks.forEach((/** @type {Float32Array} */ block, /** @type {number} */ n) => sound.set(block, n * 128));
    return sound;
  };
  return { tape, read };
}

/** @param {string} file @param {{ rate: number, channels: number, shift?: number, frames?: number }} of
 *  @param {(player: any) => Promise<void>} [during] */
export async function heard(file, { rate, channels, shift = 0, frames }, during) {
  const { createPlayer } = await import('/pkg/index.js');
  const context = new AudioContext({ sampleRate: rate });
  const { tape, read } = await openTape(context);
  const player = createPlayer({ destination: tape });
  try {
    await player.load(`/formats/${file}`);
    const ended = waitFor(player, 'ended');
    await player.play();
    await during?.(player);
    await ended;
    const sound = await read();
    const all = new Float32Array(await (await fetch(`/formats/${file}.f32`)).arrayBuffer());
    const want = all.filter((_, n) => n % channels === 0).subarray(Math.max(0, -shift));
    const length = frames ?? want.length + Math.max(0, shift);
    const start = align(sound, want) - Math.max(0, shift);
    let [signal, noise, behind] = [0, 0, 0];
    for (let n = Math.max(0, shift); n < length; n++) {
      const value = want[n - Math.max(0, shift)] ?? 0;
      signal += value ** 2;
      noise += (value - (sound[start + n] ?? 0)) ** 2;
    }
    for (let n = start + length; n < sound.length; n++) if (sound[n] !== 0) behind++;
    for (let n = 0; n < start; n++) if (sound[n] !== 0) behind++;
    return {
      snr: noise === 0 ? 999 : 10 * Math.log10(signal / noise),
      behind,
      duration: player.duration * rate,
      length,
      failures: player.stats().decodeFailures,
    };
  } finally {
    player.destroy();
    await context.close();
  }
}

/**
 * Plays two halves through a queue, and holds what was heard against the whole.
 * @param {string} extension
 * @param {number} rate
 */
export async function joined(extension, rate) {
  const { createQueue } = await import('/pkg/queue.js');
  const context = new AudioContext({ sampleRate: rate });
  const { tape, read } = await openTape(context);
  const queue = createQueue({ destination: tape });
  queue.add(`/formats/half-one.${extension}`, `/formats/half-two.${extension}`);
  const ended = waitFor(queue, 'queueended');
  await queue.play();
  await ended;
  const sound = await read();
  queue.destroy();
  // The source: 16 bits and two channels behind a head that ffmpeg writes.
  const bytes = await (
    await fetch(rate === 48000 ? '/formats/fast.source.wav' : '/formats/music.source.wav')
  ).arrayBuffer();
  const data = new TextDecoder('latin1').decode(bytes.slice(0, 200)).indexOf('data') + 8;
  const want = Float32Array.from(
    new Int16Array(bytes.slice(data)).filter((_, n) => n % 2 === 0),
    (value) => value / 32768,
  );
  await context.close();
  const start = align(sound, want);
  const ratio = (/** @type {number} */ from, /** @type {number} */ to) => {
    let [signal, noise] = [0, 0];
    for (let n = from; n < to; n++) {
      signal += want[n] ** 2;
      noise += (want[n] - (sound[start + n] ?? 0)) ** 2;
    }
    return noise === 0 ? 999 : 10 * Math.log10(signal / noise);
  };
  let outside = 0;
  for (let n = 0; n < sound.length; n++)
    if (sound[n] !== 0 && (n < start || n >= start + want.length)) outside++;
  const join = rate === 48000 ? 167_500 : 154_000;
  let zeros = 0;
  for (let n = join - 256; n < join + 256; n++) zeros += sound[start + n] === 0 && want[n] !== 0 ? 1 : 0;
  const edge = Math.round(rate / 50);
  // One frame too many or too few at the join, and the half behind it would be off by that: its best
  // alignment says so.
  const half = align(sound.subarray(start + join), want.subarray(join));
  return {
    outside,
    shifted: half,
    snr: ratio(0, want.length),
    across: ratio(join - edge, join + edge),
    zeros,
  };
}
