// The options of a player, converted; and where a player can be.

import { currentCore } from './loader.js';
import { dictionary, enumeration, mismatch, platformObject } from './webidl.js';

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
  const { destination, engine, replayGain, telemetry } = dictionary('createPlayer: options', options);
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
