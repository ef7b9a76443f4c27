// What the system shows and offers of the music: the lock screen, the keys of a keyboard, a headset's button
// (Media Session). A script of its own (`tonearm/media-session`).
//
// Browsers offer them to pages with a media element that plays; Web Audio alone is not enough. So a silent
// one plays beside.

import type { Player } from './types/index.js';
import type { Queue } from './queue.js';

/** Seconds of silence: below five Chromium takes it for a sound effect. */
const SECONDS = 10;
/** Hertz of the silence, at a byte a sample. */
const RATE = 8000;
/** Seconds that a seek of the system's goes, where it does not say. */
const STEP = 10;

/** A WAVE file of silence. */
function silence() {
  const bytes = new DataView(new ArrayBuffer(44 + RATE * SECONDS));
  const text = (at: number, letters: string) =>
    [...letters].forEach((letter, n) => bytes.setUint8(at + n, letter.charCodeAt(0)));
  const number = (at: number, value: number) => bytes.setUint32(at, value, true);
  text(0, 'RIFF');
  number(4, 36 + RATE * SECONDS);
  text(8, 'WAVEfmt ');
  number(16, 16);
  // PCM, one channel; the rate twice; one byte of eight bits.
  number(20, 1 | (1 << 16));
  number(24, RATE);
  number(28, RATE);
  number(32, 1 | (8 << 16));
  text(36, 'data');
  number(40, RATE * SECONDS);
  // The middle of eight bits without a sign.
  new Uint8Array(bytes.buffer, 44).fill(128);
  return new Blob([bytes.buffer], { type: 'audio/wav' });
}

/**
 * Shows a player or a queue on the lock screen and in the system's controls, and obeys these, until the
 * signal aborts. Title, artist, album and cover are the file's own (`player.metadata`), under what `metadata`
 * gives. Does nothing where there is no Media Session.
 */
export function mediaSession(
  music: Player | Queue,
  { signal, metadata }: { signal?: AbortSignal; metadata?: () => MediaMetadataInit | undefined } = {},
) {
  const session = navigator.mediaSession;
  if (!session) return;
  const queue = 'next' in music ? music : undefined;
  const player = () => queue?.player ?? (music as Player);
  const beside = new Audio(URL.createObjectURL(silence()));
  beside.loop = true;
  // Where there is a say in it: music that goes on with a locked screen, and alone (Audio Session).
  const { audioSession } = navigator as unknown as { audioSession?: { type: string } };
  if (audioSession) audioSession.type = 'playback';
  let artwork: string | undefined;

  const show = () => {
    const { title, artist, album, artwork: cover } = player().metadata;
    if (artwork) URL.revokeObjectURL(artwork);
    artwork = cover && URL.createObjectURL(cover);
    const own = { title, artist, album, artwork: artwork ? [{ src: artwork, type: cover?.type }] : [] };
    session.metadata = new MediaMetadata({ ...own, ...metadata?.() });
  };
  const place = () => {
    const { duration, currentTime, playbackRate } = player();
    if (duration > 0 && Number.isFinite(duration)) {
      session.setPositionState({
        duration,
        playbackRate,
        position: Math.min(Math.max(0, currentTime), duration),
      });
    }
  };
  const state = () => {
    const paused = player().paused;
    session.playbackState = paused ? 'paused' : 'playing';
    if (paused) beside.pause();
    else beside.play().catch(() => {});
    place();
  };
  const listen = (names: string[], listener: () => void) => {
    for (const name of names) music.addEventListener(name, listener, { signal });
  };
  listen(['metadatachange', 'trackchange', 'loadedmetadata', 'emptied'], show);
  listen(['play', 'playing', 'pause', 'ended', 'statechange'], state);
  listen(['durationchange', 'seeked', 'ratechange', 'trackchange'], place);

  const seek = (seconds: number) => (player().currentTime = Math.max(0, seconds));
  const actions: Partial<Record<MediaSessionAction, MediaSessionActionHandler>> = {
    play: () => void music.play().catch(() => {}),
    pause: () => music.pause(),
    stop: () => player().stop(),
    seekto: ({ seekTime }) => seek(seekTime ?? 0),
    seekforward: ({ seekOffset }) => seek(player().currentTime + (seekOffset ?? STEP)),
    seekbackward: ({ seekOffset }) => seek(player().currentTime - (seekOffset ?? STEP)),
    ...(queue && {
      nexttrack: () => void queue.next().catch(() => {}),
      previoustrack: () => void queue.previous().catch(() => {}),
    }),
  };
  const obey = (obeys: boolean) => {
    for (const [action, handler] of Object.entries(actions)) {
      try {
        session.setActionHandler(action as MediaSessionAction, obeys ? handler : null);
      } catch {
        // An action that this browser does not know.
      }
    }
  };
  obey(true);
  show();
  state();
  signal?.addEventListener(
    'abort',
    () => {
      obey(false);
      beside.pause();
      URL.revokeObjectURL(beside.src);
      beside.removeAttribute('src');
      if (artwork) URL.revokeObjectURL(artwork);
      [session.metadata, session.playbackState] = [null, 'none'];
    },
    { once: true },
  );
}
