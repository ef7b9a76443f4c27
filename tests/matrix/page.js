// One cell of the matrix, in a page: a file is played, something is done to it meanwhile, and what was taped
// is held, frame by frame, against ffmpeg's decode of the file.

import { align, openTape, waitFor } from '/e2e/matrix.js';

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {any} player @param {number} seconds */
async function reaches(player, seconds) {
  for (const end = performance.now() + 15_000; player.currentTime < seconds; await pause(20)) {
    if (player.state === 'failed' || performance.now() > end)
      throw new Error(`${player.state} at ${player.currentTime} s`);
  }
}

/** @param {Promise<any>} what @param {string} name */
const soon = (what, name) =>
  Promise.race([what, pause(15_000).then(() => Promise.reject(new Error(`no ${name} in 15 s`)))]);

/**
 * What is done, and from which second on the music goes on.
 * @type {Record<string, (player: any) => Promise<number | undefined>>}
 */
const operations = {
  end: async () => undefined,
  cut: async () => undefined,
  slow: async () => undefined,
  corrupt: async () => undefined,
  forward: async (player) => {
    await reaches(player, 1);
    player.currentTime = 4;
    return 4;
  },
  back: async (player) => {
    await reaches(player, 2);
    player.currentTime = 0.5;
    return 0.5;
  },
  toTheEnd: async (player) => {
    await reaches(player, 1);
    player.currentTime = player.duration;
    return player.duration;
  },
  pause: async (player) => {
    await reaches(player, 1.5);
    player.pause();
    await pause(300);
    await soon(player.play(), 'sound after the pause');
    return undefined;
  },
};

/** The longest run of silence between two that sound: its first frame and the one behind it.
 *  @param {Float32Array} sound @param {number} [first] @param {number} [last] where to look */
function silence(sound, first = sound.findIndex((value) => value !== 0), last = sound.length) {
  let [from, to, start] = [0, 0, -1];
  while (last > 0 && sound[last - 1] === 0) last--;
  for (let n = first; n < last; n++) {
    if (sound[n] !== 0) {
      if (start >= 0 && n - start > to - from) [from, to] = [start, n];
      start = -1;
    } else if (start < 0) start = n;
  }
  return [from, to];
}

/**
 * The first frame from `first` on that is not of the piece that lies at `at`.
 * @param {Float32Array} want @param {Float32Array} sound @param {number} at @param {number} first
 */
function breaksOff(want, sound, at, first) {
  let n = first;
  while (n < sound.length && Math.abs(sound[n] - want[n - at]) < 0.01) n++;
  return n;
}

/** Bytes of the file, those in the middle damaged. @param {string} url */
async function damaged(url) {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  for (let at = Math.floor(bytes.length * 0.48); at < bytes.length * 0.52; at += 37) bytes[at] ^= 0x5a;
  return new Blob([bytes]);
}

/**
 * @param {Float32Array} want
 * @param {Float32Array} sound
 * @param {number} offset
 * @param {number} from
 * @param {number} to
 */
function ratio(want, sound, offset, from, to) {
  let [signal, noise] = [0, 0];
  for (let n = from; n < to; n++) {
    signal += want[n] ** 2;
    noise += (want[n] - (sound[offset + n] ?? 0)) ** 2;
  }
  return noise === 0 ? 999 : 10 * Math.log10(signal / noise);
}

/**
 * @param {{ file: string, rate: number, channels: number, shift?: number, frames?: number, near?: number,
 * lost?: number, host?: string, reference?: string, operation: string, cdn: string }} what `reference`: of
 * which file the samples are; `host`: the codec that the browser alone decodes, and not every one does;
 * `near`: seconds that a seek may be off, where the file has no index; `lost`: frames that damage may take,
 * where nothing counts them
 * @returns {Promise<{ snr: number, frames: string, strays: number, stalls: number, failures: number,
 * unsupported?: boolean }>} least signal to noise of the pieces in dB; what is wrong with the number of
 * frames, or nothing; samples outside the pieces
 */
export async function cell({
  file,
  rate,
  channels,
  shift = 0,
  frames,
  near = 0,
  lost = 0,
  host = '',
  reference = file,
  operation,
  cdn,
}) {
  const { createPlayer } = await import('/pkg/index.js');
  const all = new Float32Array(await (await fetch(`/formats/${reference}.f32`)).arrayBuffer());
  const want = all
    .filter((_, n) => n % channels === 0)
    .subarray(-shift)
    .subarray(0, frames);
  const length = frames ?? want.length;
  const context = new AudioContext({ sampleRate: rate });
  const { tape, read } = await soon(openTape(context), 'worklet');
  const player = createPlayer({ destination: tape });
  try {
    const url = `/formats/${file}`;
    /** @type {Record<string, string>} */
    const links = { cut: 'cut=50&rate=20000', slow: 'rate=250' };
    const source =
      operation === 'corrupt'
        ? await damaged(url)
        : operation in links
          ? `${cdn}/tracks/${file}?${links[operation]}&n=${Math.random()}`
          : url;
    await player.load(source);
    const ended = waitFor(player, 'ended', 25_000);
    ended.catch(() => {});
    const decodes =
      !host ||
      (await AudioDecoder.isConfigSupported({ codec: host, sampleRate: rate, numberOfChannels: channels }))
        .supported;
    const began = soon(player.play(), 'sound');
    if (!decodes) {
      const name = await began.then(
        () => 'nothing',
        (error) => error.name,
      );
      return {
        snr: 999,
        frames:
          name === 'NotSupportedError' || name === 'EncodingError' ? '' : `${name} of what can't be decoded`,
        strays: 0,
        stalls: 0,
        failures: 0,
        unsupported: true,
      };
    }
    await began;
    const goesOn = await operations[operation](player);
    await ended;
    const sound = await soon(read(), 'tape');
    const { stalls, decodeFailures: failures } = player.stats();
    /** @param {number} from @param {number} to */
    const place = (from, to) => align(sound, want.subarray(from, to)) - from;
    const strays = (/** @type {[number, number][]} */ ...pieces) =>
      sound.reduce(
        (count, value, n) =>
          count + (value !== 0 && !pieces.some(([from, to]) => n >= from && n < to) ? 1 : 0),
        0,
      );
    /**
     * @param {number} from
     * @param {number} to whether the reference is silent there: no tape tells such frames from none
     */
    const silent = (from, to) =>
      from <= to + 1 && want.subarray(from, to).every((value) => Math.abs(value) < 1e-4);
    const result = { stalls, failures };
    if (operation === 'end' || operation in links) {
      const at = place(0, length);
      return {
        ...result,
        snr: ratio(want, sound, at, 0, want.length),
        frames: '',
        strays: strays([at, at + length]),
      };
    }
    if (operation === 'corrupt') {
      const [first, second] = [
        [0, Math.floor(length / 3)],
        [Math.floor((length * 2) / 3), want.length],
      ];
      const [one, two] = [place(first[0], first[1]), place(second[0], second[1])];
      const snr = Math.min(
        ratio(want, sound, one, first[0], first[1]),
        ratio(want, sound, two, second[0], second[1]),
      );
      const off = Math.abs(two - one) > lost ? `${two - one} frames off behind the damage` : '';
      return { ...result, snr, frames: off, strays: strays([one, two + length]) };
    }
    const one = place(0, Math.round(rate * 0.9));
    if (operation === 'toTheEnd') {
      let last = sound.length;
      while (last > 0 && sound[last - 1] === 0) last--;
      const end = last;
      // Where the length was an estimate that fell short, what lay behind it was heard.
      if (goesOn !== undefined && player.duration - goesOn > 0.001)
        last = Math.min(last, silence(sound)[0] || last);
      const wrong =
        Math.abs(player.currentTime - player.duration) > 0.001 ? `it ended at ${player.currentTime}` : '';
      return {
        ...result,
        snr: ratio(want, sound, one, 0, last - one),
        frames: wrong,
        strays: strays([one, end]),
      };
    }
    // What is done is done after one second of it; by a slow output's clock up to a second later than by the
    // tape's.
    let [from, to] = silence(sound, one + Math.round(rate * 0.95), one + Math.round(rate * 4.5));
    if (goesOn !== undefined && near) {
      // Without an index a seek lands near: the music goes on from there, in one piece, to the end.
      const two = place(Math.round(5.5 * rate), want.length);
      // The silence between them may be shorter than one of the track's own: it is where the first piece
      // breaks off.
      from = to = breaksOff(want, sound, one, one + Math.round(rate * 0.95));
      while (to < sound.length && sound[to] === 0) to++;
      const begin = to - two;
      const snr = Math.min(
        ratio(want, sound, one, 0, from - one),
        ratio(want, sound, two, begin, want.length),
      );
      const off =
        Math.abs(begin / rate - goesOn) > near
          ? `goes on at ${(begin / rate).toFixed(2)} s, not near ${goesOn}`
          : '';
      // What a decoder without history gives first may have silence behind it, and the end is cut where the
      // estimate has it: two packets.
      return { ...result, snr, frames: off, strays: strays([one, from], [to - 2304, two + length + 2304]) };
    }
    if (goesOn !== undefined) {
      // What was heard before is heard again after a seek back: what lies behind both tells where the second
      // piece is.
      const wanted = Math.round(goesOn * rate);
      to = from = place(Math.max(wanted, Math.round(2.5 * rate)), want.length) + wanted;
      while (from > one && sound[from - 1] === 0) from--;
      const snr = Math.min(
        ratio(want, sound, one, 0, from - one),
        ratio(want, sound, to - wanted, wanted, want.length),
      );
      return { ...result, snr, frames: '', strays: strays([one, from], [to, to + length - wanted]) };
    }
    const two = place(to - one, want.length);
    const [end, begin] = [from - one, to - two];
    const snr = Math.min(ratio(want, sound, one, 0, end), ratio(want, sound, two, begin, want.length));
    return {
      ...result,
      snr,
      frames: silent(end, begin) ? '' : `goes on at ${begin}, not at ${end}`,
      strays: strays([one, from], [to, two + length]),
    };
  } finally {
    player.destroy();
    await context.close();
  }
}
