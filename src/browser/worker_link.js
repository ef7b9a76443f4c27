// The link to one player's media plane: a Worker that commands go to and facts come from.

import { isCrossOrigin, openRefusedWorker } from './script_url.js';
import { baseUrl } from './url.js';

/** @param {string | URL | undefined} place @returns {Worker} */
function open(place) {
  if (place) return new Worker(place, { type: 'module' });
  // Bundlers find a worker by this very expression.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/** Opens the Worker; undefined where the page may not have one. @param {string | URL | undefined} place */
export function openWorker(place) {
  // A name of its own, so that bundlers see one worker.
  const script = import.meta.url;
  try {
    const url = place ? new URL(place, baseUrl()) : new URL('./worker.js', script);
    if (isCrossOrigin(url)) return openRefusedWorker(url);
    try {
      return open(place);
    } catch {
      return openRefusedWorker(url);
    }
  } catch (error) {
    console.error(error);
    return undefined;
  }
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
