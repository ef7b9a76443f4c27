// Asks the app for a source's URL when the play begins, and traces the requests that it makes for that.

import { anySignal } from '../browser/abort.js';
import { nativeFetch } from '../browser/native_fetch.js';
import { describe } from '../browser/url.js';
import { currentCore } from './loader.js';
import { contextOf } from './context.js';
import { flat } from './flat.js';
import { TRACK_REQUEST_PURPOSE } from '../browser/semconv.js';
import { onRequest } from './on_request.js';

/** Encodes a URL, or that there is none, for the core (`exports/player.rs`).
 *  @param {import('../browser/url.js').Described | undefined} url @param {Parameters<typeof flat>} more what follows it */
export const encodeUrl = (url, ...more) =>
  flat(Number(url?.propagates ?? 0), url?.href ?? '', url?.attributes ?? {}, ...more);

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
    const fetch = this.#fetch.bind(this, signal);
    Promise.resolve()
      .then(() => source?.resolve?.({ fetch, signal }))
      .then((url) => {
        if (url === undefined) throw new TypeError('resolve: expected a URL, got undefined');
        return describe(url, this.#telemetry?.options);
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
    if (!signal.aborted) currentCore()?.resolve(this.#player, play, encodeUrl(url));
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
   * `fetch` with a span of the play; what the caller passes is left as it is.
   * @param {AbortSignal} signal @param {RequestInfo | URL} input @param {RequestInit} [init]
   */
  #fetch(signal, input, init) {
    const own = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const all = { ...init, signal: own ? anySignal(signal, own) : signal };
    const { tools } = this.#telemetry ?? {};
    if (!tools) return nativeFetch(input, all);
    // The play is of this page: its decision stands.
    const context = contextOf(currentCore()?.traceparent(this.#player));
    return onRequest.fetch(tools, /** @type {any} */ (this.#telemetry), input, all, {
      parent: context && /** @type {any} */ ({ context: { ...context, isRemote: false } }),
      attributes: { [TRACK_REQUEST_PURPOSE]: 'metadata' },
    });
  }
}
