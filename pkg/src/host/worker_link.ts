// The link to one player's media plane: a Worker that commands go to and facts come from.

import { nativeFetch } from './native_fetch.js';
import { isCrossOrigin, openRefusedWorker } from './script_url.js';
import { baseUrl } from './base_url.js';

function open(place: string | URL | undefined): Worker {
  if (place) return new Worker(place, { type: 'module' });
  // Bundlers find a worker by this very expression.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/** Opens the Worker; undefined where the page may not have one. */
export function openWorker(place: string | URL | undefined) {
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

/** Milliseconds after which the script of a Worker that has sent nothing is asked for once more. */
const PROBE_AFTER = 400;

/**
 * Calls when a Worker's script has been fetched: from then on a Worker that answers nothing is no slow
 * network. The browser reports it (Resource Timing), unless the Worker ended before; so a Worker that stays
 * silent has its script asked for once more, which a cache answers where it is there. A bundler may have
 * given the script another name.
 * @param signal ends that
 */
export function onWorkerFetched(
  worker: Worker,
  place: string | URL | undefined,
  signal: AbortSignal,
  fetched: () => void,
) {
  const script = import.meta.url;
  const url = new URL(place ?? './worker.js', place ? baseUrl() : script).href;
  const finished = new AbortController();
  const finish = () => finished.abort();
  const observer = new PerformanceObserver((list) => {
    const matches = ({ name, initiatorType }: any) =>
      place ? name === url : initiatorType === 'other' && /worker[^/]*\.m?js$/i.test(name);
    if (list.getEntries().some(matches)) succeed();
  });
  const succeed = () => {
    if (finished.signal.aborted) return;
    finish();
    fetched();
  };
  const probe = async () => {
    // On a slow link the script itself may still be on its way: everything else goes first.
    const response = await nativeFetch(url, { signal: finished.signal, priority: 'low' });
    if (response.ok && (await response.arrayBuffer()).byteLength > 0) succeed();
  };
  const timer = setTimeout(() => probe().catch(() => {}), PROBE_AFTER);
  finished.signal.addEventListener('abort', () => {
    clearTimeout(timer);
    observer.disconnect();
  });
  signal.addEventListener('abort', finish, { signal: finished.signal });
  // Its first message says as much.
  worker.addEventListener('message', succeed, { signal: finished.signal });
  observer.observe({ type: 'resource' });
}

/** Samples go from the Worker to the worklet by themselves. */
export function connect(worker: Worker, node: AudioWorkletNode) {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ port: port1 }, [port1]);
  node.port.postMessage({ port: port2 }, [port2]);
}
