// Figures of a player: its stats, as the core numbers them, and what its levels are.

/** By their number in the core (`State` of `playback/state.rs`). @type {import('./types').PlayerState[]} */
export const STATES = [
  'idle', 'loading', 'ready', 'starting', 'playing', 'rebuffering', 'paused', 'seeking', 'ended', 'failed', 'recovering',
];

/** @param {number[]} figures behind those of the position @returns {import('./types').PlayerStats} */
export function statsOf([playTime = 0, stallTime = 0, stalls = 0, decodeFailures = 0, latency = NaN, ...phases]) {
  const [metadata = 0, connect = 0, firstByte = 0, decode = 0, output = 0] = phases;
  return {
    playTime, stallTime, stalls, decodeFailures, latency,
    phases: { metadata, connect, firstByte, decode, output },
  };
}

/** What the loudness that a file states makes of its level, without its loudest sample going over full scale.
 *  @param {import('./types').ReplayGain} mode @param {number[]} gains track and its peak, album and its peak; NaN where not stated */
export function loudness(mode, [track = NaN, trackPeak = NaN, album = NaN, albumPeak = NaN]) {
  if (mode === 'off') return 1;
  const ofAlbum = mode === 'album' && !Number.isNaN(album);
  const [gain, peak] = ofAlbum ? [album, albumPeak] : [track, trackPeak];
  return Number.isNaN(gain) ? 1 : Math.min(10 ** (gain / 20), 1 / (peak || 1));
}

/** From one factor to another so that of two curves that cross each other the power stays what it is. @param {number} from @param {number} to */
export const powerCurve = (from, to) => Float32Array.from({ length: 33 }, (_, n) => Math.sqrt(from ** 2 + ((to ** 2 - from ** 2) * n) / 32));
