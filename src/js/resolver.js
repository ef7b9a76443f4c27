// Asks the app for a source's URL when the play begins, and traces the requests that it makes for that.

import { serverTiming } from '../browser/server_timing.js';
import { describe } from '../browser/url.js';
import { LOAD, pack, tell } from './door.js';
import { currentCore } from './loader.js';
import { SPAN, encode, hexOf } from './otlp.js';
import {
  CDN_CACHE, CDN_NODE, ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, SERVER_TRACE_ID, TRACK_REQUEST_PURPOSE,
} from './semconv.js';
import { CLIENT, Span } from './telemetry.js';

/** A URL, or that there is none, in bytes as the core takes it; a track's attributes and its app's span may follow.
 *  @param {import('../browser/url.js').Described | undefined} url @param {Uint8Array[]} more */
export const flat = (url, ...more) =>
  Uint8Array.from([
    Number(url?.propagates ?? 0),
    ...pack(new TextEncoder().encode(url?.href), encode(SPAN, url?.attributes ?? {}), ...more),
  ]);

/** `traceparent` of a player's current or last play. @param {number} player */
export function traceparentOfPlay(player) {
  const hex = hexOf(currentCore()?.read(1, player) ?? []);
  return hex && `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-${hex.slice(48)}`;
}

export class Resolver {
  #player;
  #telemetry;
  /** @type {AbortController | undefined} */
  #controller;
  /** What the app's function threw. @type {unknown} */
  #cause;

  /** @param {number} player @param {import('./telemetry.js').Telemetry | undefined} telemetry */
  constructor(player, telemetry) {
    this.#player = player;
    this.#telemetry = telemetry;
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
        return describe(url, this.#telemetry?.propagateTo);
      })
      .then(
        (url) => this.#answer(signal, play, url),
        (cause) => {
          if (!signal.aborted) this.#cause = cause;
          this.#answer(signal, play);
        },
      );
  }

  /** @param {AbortSignal} signal @param {number} play @param {import('../browser/url.js').Described} [url] */
  #answer(signal, play, url) {
    if (!signal.aborted) tell(currentCore(), LOAD, this.#player, 0, play, 0, false, flat(url));
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
    const { propagates, attributes } = describe(
      input instanceof Request ? input.url : input, this.#telemetry?.propagateTo,
    );
    const span = this.#telemetry && new Span(this.#telemetry.id, method, {
      parent: traceparentOfPlay(this.#player),
      attributes: { ...attributes, [HTTP_REQUEST_METHOD]: method, [TRACK_REQUEST_PURPOSE]: 'metadata' },
    }, CLIENT);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    if (span && propagates && !headers.has('traceparent')) headers.set('traceparent', span.traceparent);
    const end = (/** @type {Response | undefined} */ response, aborted = signal.aborted) => {
      if (response) {
        const [node, cache, traceId] = serverTiming(response.headers);
        span?.setAttribute(HTTP_RESPONSE_STATUS_CODE, response.status);
        for (const [key, value] of [[CDN_NODE, node], [CDN_CACHE, cache], [SERVER_TRACE_ID, traceId]]) {
          if (key && value) span?.setAttribute(key, value);
        }
      }
      const failed = response ? response.status >= 400 && String(response.status) : !aborted && 'network';
      if (failed) span?.setAttribute(ERROR_TYPE, failed).setError('');
      span?.end();
    };
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
