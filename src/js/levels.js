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
 * A fade between two factors, with the one before it.
 * @typedef {{ from: number, to: number, start: number, seconds: number, before?: Fade }} Fade
 */

/**
 * The factor at a time. The power is linear in time, so that of two curves that cross each other it stays what
 * it is, and a part of a curve is such a curve.
 * @param {Fade} fade
 * @param {number} time
 * @returns {number}
 */
export function levelAt({ from, to, start, seconds, before }, time) {
  if (time < start && before) return levelAt(before, time);
  const part = seconds > 0 ? Math.min(1, Math.max(0, (time - start) / seconds)) : 1;
  return Math.sqrt(from ** 2 + (to ** 2 - from ** 2) * part);
}

/** The curve of a fade, for an `AudioParam`. @param {Fade} fade */
export const curveOf = (fade) =>
  Float32Array.from({ length: 33 }, (_, n) => levelAt(fade, fade.start + (fade.seconds * n) / 32));
