// Levels: what a file's loudness makes of them, and how one goes over into another.

import type { ReplayGain } from './types/index.js';

/**
 * What the loudness that a file states makes of its level, without its loudest sample going over full scale.
 * @param gains track and its peak, album and its peak; NaN where not stated
 */
export function loudness(
  mode: ReplayGain,
  [track = NaN, trackPeak = NaN, album = NaN, albumPeak = NaN]: number[],
) {
  if (mode === 'off') return 1;
  const ofAlbum = mode === 'album' && !Number.isNaN(album);
  const [gain, peak] = ofAlbum ? [album, albumPeak] : [track, trackPeak];
  return Number.isNaN(gain) ? 1 : Math.min(10 ** (gain / 20), 1 / (peak || 1));
}

/** A fade between two factors, with the one before it. */
export type Fade = { from: number; to: number; start: number; seconds: number; before?: Fade };

/**
 * The factor at a time. The power is linear in time, so that of two curves that cross each other it stays
 * what it is, and a part of a curve is such a curve.
 */
export function levelAt({ from, to, start, seconds, before }: Fade, time: number): number {
  if (time < start && before) return levelAt(before, time);
  const part = seconds > 0 ? Math.min(1, Math.max(0, (time - start) / seconds)) : 1;
  return Math.sqrt(from ** 2 + (to ** 2 - from ** 2) * part);
}

/** The curve of a fade, for an `AudioParam`. */
export const curveOf = (fade: Fade) =>
  Float32Array.from({ length: 33 }, (_, n) => levelAt(fade, fade.start + (fade.seconds * n) / 32));
