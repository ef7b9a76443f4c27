// Fetches a wasm file of the package, and says why it cannot be had.

import { timedSignal } from './abort.js';
import { nativeFetch } from './native_fetch.js';

/** Milliseconds before each further attempt. */
const DELAYS = [250, 500, 1000];
/** Milliseconds within which a file is to be here. */
const TIMEOUT = 30_000;

const isTransient = (cause: unknown) =>
  typeof cause === 'number'
    ? cause >= 500 || cause === 408 || cause === 429
    : cause instanceof TypeError || isTimeout(cause);

/** Whether the time limit of the file ended its request. */
const isTimeout = (cause: any) => cause?.name === 'TimeoutError';

const failure = (name: 'NetworkError' | 'NotSupportedError', message: string, cause?: unknown) =>
  Object.defineProperty(new DOMException(message, name), 'cause', { value: cause });

const unavailable = (cause: unknown, what: string): DOMException =>
  failure('NetworkError', `${what} could not be loaded.`, cause);

/**
 * Whether a later attempt may succeed.
 * @param error what `fetchWasm` threw
 */
export const mayRecover = (error: unknown) =>
  error instanceof DOMException && error.name === 'NetworkError' && isTransient((error as any).cause);

/**
 * Fetches a file; asks three times more, within two seconds, where the network fails or the server is busy.
 */
async function fetchWasm(url: string | URL, signal: AbortSignal): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    let cause: unknown;
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

function notWasm({ url, headers }: Response, cause?: unknown) {
  const type = headers.get('content-type')?.split(';', 1)[0].slice(0, 60) || 'another kind of file';
  return failure(
    'NetworkError',
    `Expected wasm, got ${type} at ${url}. Development servers answer with a page where they have no ` +
      "such file: keep the package out of their pre-bundling (Vite: optimizeDeps.exclude: ['tonearm']), or " +
      "name the file's place " +
      'with init({ wasm }).',
    cause,
  );
}

/** Throws where the server says that the file is a page. */
function expectWasm(response: Response) {
  if (/^text\/html|xhtml/.test(response.headers.get('content-type') ?? '')) throw notWasm(response);
}

/** Why a file that was loaded is no module that runs here. */
function explainFailure(cause: any, response: Response) {
  if (cause?.name === 'EvalError' || /unsafe-eval|content security policy|\bcsp\b/i.test(cause?.message)) {
    const message =
      'The page does not let WebAssembly run: its content security policy needs ' +
      "'wasm-unsafe-eval' in script-src.";
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

/**
 * Fetches a file and makes an instance of it; rejects with `NetworkError` or `NotSupportedError`.
 */
export async function fetchModule(
  url: string | URL,
  makeInstance: (response: Response) => Promise<unknown>,
): Promise<void> {
  const { signal, clear } = timedSignal(TIMEOUT, undefined);
  try {
    const response = await fetchWasm(url, signal);
    expectWasm(response);
    await makeInstance(response).catch((cause) => {
      throw signal.aborted ? unavailable(signal.reason, response.url) : explainFailure(cause, response);
    });
  } finally {
    clear();
  }
}
