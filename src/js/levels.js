// Levels: what a file's loudness makes of them, and how one goes over into another.

/** What the loudness that a file states makes of its level, without its loudest sample going over full scale.
 *  @param {import('./types').ReplayGain} mode @param {number[]} gains track and its peak, album and its peak; NaN where not stated */
export function loudness(mode, [track = NaN, trackPeak = NaN, album = NaN, albumPeak = NaN]) {
  if (mode === 'off') return 1;
  const ofAlbum = mode === 'album' && !Number.isNaN(album);
  const [gain, peak] = ofAlbum ? [album, albumPeak] : [track, trackPeak];
  return Number.isNaN(gain) ? 1 : Math.min(10 ** (gain / 20), 1 / (peak || 1));
}

/**
 * From one factor to another so that of two curves that cross each other the power stays what it is.
 * @param {number} from
 * @param {number} to
 */
export const powerCurve = (from, to) =>
  Float32Array.from({ length: 33 }, (_, n) => Math.sqrt(from ** 2 + ((to ** 2 - from ** 2) * n) / 32));
