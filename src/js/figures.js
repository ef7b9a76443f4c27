// Figures of a player, as the core numbers them.

/** By their number in the core (`State` of `playback/state.rs`). @type {import('./types').PlayerState[]} */
export const STATES = [
  'idle',
  'loading',
  'ready',
  'starting',
  'playing',
  'rebuffering',
  'paused',
  'seeking',
  'ended',
  'failed',
  'recovering',
];

/** @param {number[]} figures behind those of the position @returns {import('./types').PlayerStats} */
export function statsOf([
  playTime = 0,
  stallTime = 0,
  stalls = 0,
  decodeFailures = 0,
  latency = NaN,
  ...phases
]) {
  const [metadata = 0, connect = 0, firstByte = 0, decode = 0, output = 0] = phases;
  return {
    playTime,
    stallTime,
    stalls,
    decodeFailures,
    latency,
    phases: { metadata, connect, firstByte, decode, output },
  };
}
