// Asks the app for a source's URL when the play begins, and traces the requests that it makes for that.

import { anySignal } from './host/abort.js';
import { nativeFetch } from './host/native_fetch.js';
import { describe } from './before/url.js';
import { currentCore } from './core/loader.js';
import { contextOf } from './before/context.js';
import { flat } from './core/flat.js';
import { TRACK_REQUEST_PURPOSE } from './semconv.js';
import { onRequest } from './on_request.js';
import type { Described } from './before/url.js';
import type { Telemetry } from './telemetry.js';
import type { Source } from './types/index.js';

/**
 * Encodes a URL, or that there is none, for the core (`exports/player.rs`).
 * @param more what follows it
 */
export const encodeUrl = (url: Described | undefined, ...more: Parameters<typeof flat>) =>
  flat(Number(url?.propagates ?? 0), url?.href ?? '', url?.attributes ?? {}, ...more);

export class Resolver {
  #player;
  #telemetry;
  #controller: AbortController | undefined;
  /** What the app's function threw. */
  #cause: unknown;

  constructor(player: number, telemetry: Telemetry | undefined) {
    this.#player = player;
    this.#telemetry = telemetry;
  }

  /** A new source: what the last one's function threw is no cause any more. */
  reset() {
    this.cancel();
    this.#cause = undefined;
  }

  run(play: number, source: Source | undefined) {
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

  #answer(signal: AbortSignal, play: number, url?: Described) {
    if (!signal.aborted) currentCore()?.resolve(this.#player, play, encodeUrl(url));
  }

  cancel() {
    this.#controller?.abort();
    this.#controller = undefined;
  }

  /** Gives an error the app's own one as its cause. */
  explain(error: DOMException) {
    if (this.#cause === undefined) return error;
    return Object.defineProperty(error, 'cause', { value: this.#cause });
  }

  /** `fetch` with a span of the play; what the caller passes is left as it is. */
  #fetch(signal: AbortSignal, input: RequestInfo | URL, init?: RequestInit) {
    const own = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const all = { ...init, signal: own ? anySignal(signal, own) : signal };
    const { tools } = this.#telemetry ?? {};
    if (!tools) return nativeFetch(input, all);
    // The play is of this page: its decision stands.
    const context = contextOf(currentCore()?.traceparent(this.#player));
    return onRequest.fetch(tools, this.#telemetry as any, input, all, {
      parent: context && ({ context: { ...context, isRemote: false } } as any),
      attributes: { [TRACK_REQUEST_PURPOSE]: 'metadata' },
    });
  }
}
