// The link to one player's media plane: a Worker that commands go to and facts come from.

/** @param {string | URL | undefined} place @returns {Worker} */
export function openWorker(place) {
  // Bundlers find a worker by the very expression of the second line.
  if (place) return new Worker(place, { type: 'module' });
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/**
 * Calls when a Worker's script has been fetched, where the browser reports it (Resource Timing): from then on a
 * Worker that answers nothing is no slow network. A bundler may have given the script another name.
 * @param {string | URL | undefined} place
 * @param {() => void} loaded
 */
export function onWorkerFetched(place, loaded) {
  const url = place && new URL(place, document.baseURI).href;
  const observer = new PerformanceObserver((list) => {
    const matches = (/** @type {any} */ { name, initiatorType }) =>
      url ? name === url : initiatorType === 'other' && /worker[^/]*\.m?js$/i.test(name);
    if (!list.getEntries().some(matches)) return;
    observer.disconnect();
    loaded();
  });
  observer.observe({ type: 'resource' });
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
