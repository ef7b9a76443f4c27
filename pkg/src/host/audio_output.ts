// One AudioContext for the page, and one worklet node for each player: opened here, since a context must be
// resumed in the very task of the listener's click, before the wasm may be there. Maps a context's frame to
// page time.
//
// Where the truth is differs by engine (docs/decisions.md): Chromium's `getOutputTimestamp` is right within 2
// ms; Firefox's is not, its render time plus `outputLatency` is; elsewhere only the rendering is known.

import type { OutputLink } from './links.js';

let shared: AudioContext | undefined;
const modules: WeakMap<BaseAudioContext, Promise<void>> = new WeakMap();

/** The page's context; a closed one is replaced. */
export function sharedContext() {
  if (!shared || shared.state === 'closed') shared = new AudioContext({ latencyHint: 'interactive' });
  return shared;
}

/** A context that failed is no player's any more. */
export function discardContext(context: AudioContext) {
  if (shared === context) shared = undefined;
  if (context.state !== 'closed') context.close().catch(() => {});
}

export async function openOutput(
  context: AudioContext,
  place: string | URL | undefined,
): Promise<AudioWorkletNode> {
  let module = modules.get(context);
  if (!module) {
    module = context.audioWorklet.addModule(place ?? new URL('./worklet.js', import.meta.url));
    modules.set(context, module);
    // A file that could not be had may be there at the next attempt.
    module.catch(() => modules.delete(context));
  }
  await module;
  return new AudioWorkletNode(context, 'tonearm-output', { numberOfInputs: 0, outputChannelCount: [2] });
}

/** Ends an output: an open port with a listener would hold its player for ever. */
export function closeOutput(node: OutputLink | undefined) {
  if (!node) return;
  node.port.postMessage('close');
  node.port.onmessage = null;
  node.port.close();
  node.disconnect();
}

/**
 * Page time at which a frame of the context is heard, in milliseconds, and whether it is more than its
 * rendering.
 */
export function frameToPerformanceTime(context: AudioContext, frame: number): [number, boolean] {
  const seconds = frame / context.sampleRate;
  const gecko = 'mozInnerScreenX' in globalThis;
  const { contextTime, performanceTime = 0 } = context.getOutputTimestamp?.() ?? {};
  if (!gecko && contextTime !== undefined && performanceTime > 0) {
    return [performanceTime + (seconds - contextTime) * 1000, true];
  }
  const latency = gecko ? context.outputLatency : 0;
  return [performance.now() - (context.currentTime - seconds - latency) * 1000, latency > 0];
}
