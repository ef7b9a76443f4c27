// The link to one player's media plane: a Worker that commands go to and facts come from.

/** @param {string | URL | undefined} place @returns {Worker} */
export function openWorker(place) {
  // Bundlers find a worker by the very expression of the second line.
  if (place) return new Worker(place, { type: 'module' });
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/**
 * Samples go from the Worker to the worklet by themselves.
 * @param {Worker} worker
 * @param {AudioWorkletNode} node
 */
export function connect(worker, node) {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ port: port1 }, [port1]);
  node.port.postMessage({ port: port2 }, [port2]);
}
