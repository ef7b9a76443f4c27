// The user's gestures: what lets a page make a sound, and when a play was asked for.

import { whenAborted } from './abort.js';

/** Events of a gesture that lets a page make a sound (HTML, "user activation"). */
export const GESTURES = new Set([
  'click',
  'keydown',
  'mousedown',
  'mouseup',
  'pointerdown',
  'pointerup',
  'touchend',
]);
/** A click handled later than this is no measure of the player's start any more, in milliseconds. */
const OLDEST_CLICK = 5000;

/** When and by whom a play was asked for. */
export function askedFor({ trigger }: { trigger?: 'user' | 'auto' | 'api' }) {
  const now = performance.now();
  const event = globalThis.event;
  const clicked = event?.isTrusted && GESTURES.has(event.type) && now - event.timeStamp < OLDEST_CLICK;
  const active = Boolean(navigator.userActivation?.isActive || clicked);
  return {
    at: clicked ? Math.min(event.timeStamp, now) : now,
    trigger: trigger ?? (active ? ('user' as const) : 'api'),
    activation: active || Boolean(navigator.userActivation?.hasBeenActive),
  };
}

/** Fulfils with the user's next gesture; rejects with the signal's reason once, or where, it has aborted. */
export const nextGesture = (signal: AbortSignal) => {
  const gesture = new Promise((resolve: (event: Event) => void) => {
    // Of a tap only its end lets a page make a sound.
    for (const name of ['pointerup', 'keydown', 'click', 'touchend'])
      addEventListener(name, resolve, { once: true, capture: true, signal });
  });
  return Promise.race([gesture, whenAborted(signal)]);
};
