// Fetches a wasm file of the package, and says why it cannot be had.

import { nativeFetch } from './native_fetch.js';

/** Milliseconds before each further attempt. */
const DELAYS = [250, 500, 1000];

/** @param {unknown} cause */
const isTransient = (cause) =>
  typeof cause === 'number'
    ? cause >= 500 || cause === 408 || cause === 429
    : cause instanceof TypeError || isTimeout(cause);

/** Whether the time limit of the file ended its request. @param {any} cause */
const isTimeout = (cause) => cause?.name === 'TimeoutError';

/** @param {'NetworkError' | 'NotSupportedError'} name @param {string} message @param {unknown} [cause] */
const failure = (name, message, cause) =>
  Object.defineProperty(new DOMException(message, name), 'cause', { value: cause });

/** @param {unknown} cause @param {string} what @returns {DOMException} */
export const unavailable = (cause, what) => failure('NetworkError', `${what} could not be loaded.`, cause);

/** Whether a later attempt may succeed. @param {unknown} error what `fetchWasm` threw */
export const mayRecover = (error) =>
  error instanceof DOMException &&
  error.name === 'NetworkError' &&
  isTransient(/** @type {any} */ (error).cause);

/**
 * Fetches a file; asks three times more, within two seconds, where the network fails or the server is busy.
 * @param {string | URL} url @param {AbortSignal} signal @returns {Promise<Response>}
 */
export async function fetchWasm(url, signal) {
  for (let attempt = 0; ; attempt++) {
    /** @type {unknown} */
    let cause;
    try {
      const response = await nativeFetch(url, { signal });
      if (response.ok) return response;
      cause = response.status;
    } catch (error) {
      cause = error;
    }
    if (attempt === DELAYS.length || signal.aborted || !isTransient(cause))
      throw unavailable(cause, String(url));
    await new Promise((resolve) => setTimeout(resolve, DELAYS[attempt]));
  }
}

/** @param {Response} response @param {unknown} [cause] */
function notWasm({ url, headers }, cause) {
  const type = headers.get('content-type')?.split(';', 1)[0].slice(0, 60) || 'another kind of file';
  return failure(
    'NetworkError',
    `Expected wasm, got ${type} at ${url}. Development servers answer with a page where they have no such file: ` +
      "keep the package out of their pre-bundling (Vite: optimizeDeps.exclude: ['tonearm']), or name the file's place " +
      'with init({ wasm }).',
    cause,
  );
}

/** Throws where the server says that the file is a page. @param {Response} response */
export function expectWasm(response) {
  if (/^text\/html|xhtml/.test(response.headers.get('content-type') ?? '')) throw notWasm(response);
}

/** Why a file that was loaded is no module that runs here. @param {any} cause @param {Response} response */
export function explainFailure(cause, response) {
  if (cause?.name === 'EvalError' || /unsafe-eval|content security policy|\bcsp\b/i.test(cause?.message)) {
    const message =
      "The page does not let WebAssembly run: its content security policy needs 'wasm-unsafe-eval' in script-src.";
    return failure('NotSupportedError', message, cause);
  }
  if (cause instanceof WebAssembly.CompileError && /magic|version/i.test(cause.message))
    return notWasm(response, cause);
  if (cause instanceof RangeError)
    return failure('NotSupportedError', 'There is not enough memory for WebAssembly.', cause);
  return failure(
    'NetworkError',
    `${response.url} is damaged, or of another version than the package's script.`,
    cause,
  );
}
