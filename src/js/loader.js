// Brings the wasm core, once it is asked for, and keeps what is called before it is there.
// Importing this touches nothing: no window, no network, no clock.

import load, { Core } from './tonearm.js';

/** Calls that may wait for the core. Beyond them the oldest promise is to be kept: new ones are refused by name. */
const MAX_WAITING = 1024;

/** @type {Core | undefined} */
let core;
/** @type {Promise<void> | undefined} */
let loading;
/** @type {{ call: (core: Core) => void, refuse?: (error: DOMException) => void }[]} */
let waiting = [];
/** @type {import('./types').InitOptions} */
let places = {};

/** @param {unknown} cause @param {string} what @returns {DOMException} */
export function unavailable(cause, what) {
  const error = new DOMException(`${what} could not be loaded.`, 'NetworkError');
  Object.defineProperty(error, 'cause', { value: cause });
  return error;
}

/** @returns {Promise<void>} */
async function start() {
  if (typeof WebAssembly === 'undefined') throw new DOMException('WebAssembly is not available.', 'NotSupportedError');
  const url = places.wasm ?? new URL('./tonearm_bg.wasm', import.meta.url);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw unavailable(cause, String(url));
  }
  if (!response.ok) throw unavailable(response.status, String(url));
  try {
    await load({ module_or_path: response });
  } catch (cause) {
    const error = new DOMException('The page does not let WebAssembly run.', 'NotSupportedError');
    throw Object.defineProperty(error, 'cause', { value: cause });
  }
  const seed = crypto.getRandomValues(new BigUint64Array(2));
  core = new Core(performance.timeOrigin, seed[0], seed[1]);
}

/**
 * Loads the core, now, from where the options say. Without it the first `createTelemetry()` or `createPlayer()` does.
 * Rejects with `NetworkError` or `NotSupportedError`; a later call tries again.
 * @param {import('./types').InitOptions} [options]
 * @returns {Promise<void>}
 */
export function init(options) {
  if (options) places = { ...places, ...options };
  loading ??= start().then(
    () => {
      // One call that fails must not take those behind it along.
      for (const { call, refuse } of waiting.splice(0)) {
        try {
          call(/** @type {Core} */ (core));
        } catch (error) {
          refuse?.(/** @type {DOMException} */ (error));
        }
      }
    },
    (error) => {
      loading = undefined;
      // Who waits for an answer is refused; what only sets things up waits for the next attempt.
      const refused = waiting.filter(({ refuse }) => refuse);
      waiting = waiting.filter(({ refuse }) => !refuse);
      for (const { refuse } of refused) refuse?.(error);
      throw error;
    },
  );
  return loading;
}

/** Where the app says that a file of the package is, if it does. @param {'worker' | 'worklet'} name */
export const placeOf = (name) => places[name];

/** The core, if it is there. */
export const currentCore = () => core;

/**
 * Calls the core now, or once it is there.
 * @param {(core: Core) => void} call
 * @param {(error: DOMException) => void} [refuse] called instead where it can't be had
 */
export function withCore(call, refuse) {
  if (core) {
    call(core);
    return;
  }
  if (waiting.length >= MAX_WAITING) {
    refuse?.(new DOMException('Too many calls wait for the player.', 'QuotaExceededError'));
    return;
  }
  waiting.push({ call, refuse });
  init().catch(() => {});
}
