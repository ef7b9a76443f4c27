// The listener's gestures: what lets a page make a sound, and when a play was asked for.

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

/** When and by whom a play was asked for. @param {{ trigger?: 'user' | 'auto' | 'api' }} options */
export function askedFor({ trigger }) {
  const now = performance.now();
  const event = globalThis.event;
  const clicked = event?.isTrusted && GESTURES.has(event.type) && now - event.timeStamp < OLDEST_CLICK;
  const active = Boolean(navigator.userActivation?.isActive || clicked);
  return {
    at: clicked ? Math.min(event.timeStamp, now) : now,
    trigger: ['user', 'auto'].indexOf(trigger ?? (active ? 'user' : 'api')) >>> 0,
    activation: active || Boolean(navigator.userActivation?.hasBeenActive),
  };
}

/**
 * Fulfils with the listener's next gesture; rejects where the source is not wanted any more.
 * @param {AbortSignal} signal
 */
export const nextGesture = (signal) =>
  new Promise((/** @type {(event: Event) => void} */ resolve, reject) => {
    // Of a tap only its end lets a page make a sound.
    for (const name of ['pointerup', 'keydown', 'click', 'touchend'])
      addEventListener(name, resolve, { once: true, capture: true, signal });
    signal.addEventListener(
      'abort',
      () => reject(new DOMException('Another source was loaded.', 'AbortError')),
      { once: true },
    );
  });
