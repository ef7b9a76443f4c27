// The options of a player and of its methods, converted; and where a player can be.

import { throwIfAborted } from './host/abort.js';
import { currentCore } from './core/loader.js';
import { abortSignal, double, enumeration, knownOptions, mismatch, platformObject } from './host/webidl.js';
import type { Telemetry } from './telemetry.js';
import type { LoadOptions, PlayOptions, PlayerOptions } from './types/index.js';

/** A pipeline of this copy of the package: another copy's has another core. */
function telemetryOf(telemetry: any): Telemetry | undefined {
  if (telemetry === undefined || telemetry === null) return undefined;
  if (telemetry.tools?.currentCore === currentCore) return telemetry;
  throw mismatch(
    'createPlayer: option "telemetry"',
    'what createTelemetry() of the same copy of the package returns',
    telemetry,
  );
}

export function playerOptions(options: PlayerOptions | undefined) {
  if (typeof document === 'undefined' || typeof AudioContext === 'undefined') {
    throw new DOMException(
      'createPlayer: a player needs a document and Web Audio. ' +
        'Create it in the page, not in a Worker or on a server.',
      'NotSupportedError',
    );
  }
  const name = (option: string) => `createPlayer: option "${option}"`;
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
    engine: enumeration(name('engine'), engine ?? 'auto', ['auto', 'stream', 'element'] as const),
    replayGain: enumeration(name('replayGain'), replayGain ?? 'off', ['off', 'track', 'album'] as const),
  };
}

export const loadOptions = (options: LoadOptions | null | undefined) => ({
  signal: abortSignal('load: option "signal"', knownOptions('load', options, ['signal']).signal),
});

export function playOptions(options: PlayOptions | undefined) {
  const { onGesture, trigger } = knownOptions('play', options, ['onGesture', 'trigger']);
  return {
    onGesture,
    trigger:
      trigger === undefined
        ? trigger
        : enumeration('play: option "trigger"', trigger, ['user', 'auto', 'api'] as const),
  };
}

/** Throws where its signal has aborted. */
export function followOptions(options: { crossfade?: number; signal?: AbortSignal } | undefined) {
  const { crossfade = 0, signal: given } = knownOptions('follow', options, ['crossfade', 'signal']);
  const signal = abortSignal('follow: option "signal"', given);
  throwIfAborted(signal);
  return { crossfade: double('follow: option "crossfade"', crossfade), signal };
}
