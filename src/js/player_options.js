// The options of a player and of its methods, converted; and where a player can be.

import { throwIfAborted } from '../browser/abort.js';
import { currentCore } from './loader.js';
import { abortSignal, double, enumeration, knownOptions, mismatch, platformObject } from './webidl.js';

/** @typedef {import('./types').PlayerOptions} PlayerOptions */

/**
 * A pipeline of this copy of the package: another copy's has another core.
 * @param {any} telemetry @returns {import('./telemetry.js').Telemetry | undefined}
 */
function telemetryOf(telemetry) {
  if (telemetry === undefined || telemetry === null) return undefined;
  if (telemetry.tools?.currentCore === currentCore) return telemetry;
  throw mismatch(
    'createPlayer: option "telemetry"',
    'what createTelemetry() of the same copy of the package returns',
    telemetry,
  );
}

/** @param {PlayerOptions | undefined} options */
export function playerOptions(options) {
  if (typeof document === 'undefined' || typeof AudioContext === 'undefined') {
    throw new DOMException(
      'createPlayer: a player needs a document and Web Audio. Create it in the page, not in a Worker or on a server.',
      'NotSupportedError',
    );
  }
  const name = (/** @type {string} */ option) => `createPlayer: option "${option}"`;
  const { destination, engine, replayGain, telemetry } = knownOptions('createPlayer', options, [
    'telemetry',
    'destination',
    'engine',
    'replayGain',
  ]);
  return {
    telemetry: telemetryOf(telemetry),
    destination:
      destination === undefined || destination === null
        ? undefined
        : platformObject(name('destination'), destination, [AudioNode, 'context', 'an AudioNode']),
    engine: enumeration(
      name('engine'),
      engine ?? 'auto',
      /** @type {const} */ (['auto', 'stream', 'element']),
    ),
    replayGain: enumeration(
      name('replayGain'),
      replayGain ?? 'off',
      /** @type {const} */ (['off', 'track', 'album']),
    ),
  };
}

/** @param {import('./types').LoadOptions | null | undefined} options */
export const loadOptions = (options) => ({
  signal: abortSignal('load: option "signal"', knownOptions('load', options, ['signal']).signal),
});

/** @param {import('./types').PlayOptions | undefined} options */
export function playOptions(options) {
  const { onGesture, trigger } = knownOptions('play', options, ['onGesture', 'trigger']);
  return {
    onGesture,
    trigger:
      trigger === undefined
        ? trigger
        : enumeration('play: option "trigger"', trigger, /** @type {const} */ (['user', 'auto', 'api'])),
  };
}

/** Throws where its signal has aborted. @param {{ crossfade?: number, signal?: AbortSignal } | undefined} options */
export function followOptions(options) {
  const { crossfade = 0, signal: given } = knownOptions('follow', options, ['crossfade', 'signal']);
  const signal = abortSignal('follow: option "signal"', given);
  throwIfAborted(signal);
  return { crossfade: double('follow: option "crossfade"', crossfade), signal };
}
