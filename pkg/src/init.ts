// Says when the core is loaded, and from where.

import { FILES, configure, loadCore } from './core/loader.js';
import { knownOptions } from './host/webidl.js';
import type { InitOptions } from './types/index.js';

/**
 * Loads the core now. Without it the first `createTelemetry()` or `createPlayer()` does; both may be used
 * before it is there. Rejects with a `DOMException`: `NetworkError` (a file is missing, or something else
 * came in its place: it says what) or `NotSupportedError` (no WebAssembly, no browser, or a content security
 * policy without `'wasm-unsafe-eval'`). A busy server and a network that fails are asked three times more,
 * within two seconds; a later call tries again.
 */
export function init(options?: InitOptions): Promise<void> {
  try {
    configure(knownOptions('init', options, [...FILES, 'full']));
  } catch (error) {
    return Promise.reject(error);
  }
  return loadCore();
}
