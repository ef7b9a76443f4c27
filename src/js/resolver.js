// Asks the app for a source's URL when the play begins, and traces the requests that it makes for that.

import { currentCore } from './loader.js';

/** @param {RequestInfo | URL} input */
const urlOf = (input) => new URL(input instanceof Request ? input.url : input, document.baseURI).href;

export class Resolver {
  #player;
  /** @type {AbortController | undefined} */
  #controller;
  /** What the app's function threw. @type {unknown} */
  #cause;

  /** @param {number} player */
  constructor(player) {
    this.#player = player;
  }

  /** A new source: what the last one's function threw is no cause any more. */
  reset() {
    this.cancel();
    this.#cause = undefined;
  }

  /** @param {number} play @param {import('./types').Source | undefined} source */
  run(play, source) {
    const controller = (this.#controller = new AbortController());
    const { signal } = controller;
    this.#cause = undefined;
    /** Ends of the requests whose bodies were not read by then. @type {(() => void)[]} */
    const ends = [];
    const fetch = this.#fetch.bind(this, signal, ends);
    Promise.resolve()
      .then(() => source?.resolve?.({ fetch, signal }))
      .finally(() => ends.forEach((end) => end()))
      .then((url) => {
        if (url === undefined) throw new TypeError('resolve: expected a URL, got undefined');
        return new URL(url, document.baseURI).href;
      })
      .then(
        (url) => signal.aborted || currentCore()?.resolved(this.#player, play, url),
        (cause) => {
          if (signal.aborted) return;
          this.#cause = cause;
          currentCore()?.resolved(this.#player, play, undefined);
        },
      );
  }

  cancel() {
    this.#controller?.abort();
    this.#controller = undefined;
  }

  /** Gives an error the app's own one as its cause. @param {DOMException} error */
  explain(error) {
    if (this.#cause === undefined) return error;
    return Object.defineProperty(error, 'cause', { value: this.#cause });
  }

  /**
   * `fetch` with a span of the play and its `traceparent`; what the caller passes is left as it is.
   * @param {AbortSignal} signal @param {(() => void)[]} ends @param {RequestInfo | URL} input @param {RequestInit} [init]
   */
  async #fetch(signal, ends, input, init) {
    const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
    const [span, traceparent] = currentCore()?.startRequest(this.#player, method, urlOf(input)) ?? [0, undefined];
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    if (traceparent && !headers.has('traceparent')) headers.set('traceparent', traceparent);
    const end = (/** @type {Response | undefined} */ response, aborted = signal.aborted) =>
      currentCore()?.endRequest(
        span, response?.status, response?.headers.get('server-timing') ?? undefined, aborted,
      );
    try {
      const response = await fetch(input, { signal, ...init, headers });
      ends.push(() => end(response));
      return endWithBody(response, () => end(response));
    } catch (error) {
      end(undefined);
      throw error;
    }
  }
}

/** Calls back when the app has read the body; one that it does not read ends when its resolver is done. @param {Response} response @param {() => void} end */
function endWithBody(response, end) {
  if (!response.body) {
    end();
    return response;
  }
  for (const name of /** @type {const} */ (['json', 'text', 'arrayBuffer', 'blob', 'formData'])) {
    const read = response[name].bind(response);
    Object.defineProperty(response, name, { value: () => read().finally(end) });
  }
  if (!response.ok) end();
  return response;
}
