// One AudioContext for the page, and one worklet node and one Worker for each player: opened here, since a context must
// be resumed in the very task of the listener's click, before the wasm may be there.

import { placeOf } from './loader.js';

/** @type {AudioContext | undefined} */
let shared;
/** @type {WeakMap<BaseAudioContext, Promise<void>>} */
const modules = new WeakMap();

/** The page's context; a closed one is replaced. */
export function sharedContext() {
  if (!shared || shared.state === 'closed') shared = new AudioContext({ latencyHint: 'interactive' });
  return shared;
}

/** @param {AudioContext} context @returns {Promise<AudioWorkletNode>} */
export async function openOutput(context) {
  let module = modules.get(context);
  if (!module) {
    module = context.audioWorklet.addModule(placeOf('worklet') ?? new URL('./worklet.js', import.meta.url));
    modules.set(context, module);
    // A file that could not be had may be there at the next attempt.
    module.catch(() => modules.delete(context));
  }
  await module;
  return new AudioWorkletNode(context, 'tonearm-output', { numberOfInputs: 0, outputChannelCount: [2] });
}

/** @returns {Worker} */
export function openWorker() {
  const place = placeOf('worker');
  // Bundlers find a worker by the very expression of the second line.
  if (place) return new Worker(place, { type: 'module' });
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/** Samples go from the Worker to the worklet by themselves. @param {Worker} worker @param {AudioWorkletNode} node */
export function connect(worker, node) {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ port: port1 }, [port1]);
  node.port.postMessage({ port: port2 }, [port2]);
}
