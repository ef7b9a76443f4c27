// What is loaded when it is first asked for. Each is a script of its own in the package, and gets what it
// needs handed in: it shares no state with the page's script but that.

import type { Destination, Diagnose } from './host/fetch.js';
import type { Hooks } from './records.js';
import type { Signal } from 'tonearm-core-glue';

export type Tracing = typeof import('./traced_fetch.js');
export type Fetching = Parameters<Tracing['tracedFetch']>;

/** Records that wait to be looked at. */
const MOST_WAITING = 4096;

let tracing: Tracing | undefined;
let bringing: Promise<Tracing> | undefined;

export const onRequest = {
  /** What looks into records, with its module. */
  async records() {
    const script = await import('./records.js');
    await script.load();
    return script;
  },
  element: () => import('./element.js'),
  stretch: () => import('./stretch.js'),

  /** Makes a failed delivery known to the app. */
  async diagnose(telemetry: EventTarget, destination: Destination, diagnostic: Parameters<Diagnose>) {
    const script = await import('./diagnostics.js').catch(() => undefined);
    script?.diagnose(telemetry, destination, diagnostic);
  },

  /** Brings what traces requests, ahead of the first. */
  tracing() {
    bringing ??= import('./traced_fetch.js').then(
      (module) => (tracing = module),
      (error) => {
        bringing = undefined;
        throw error;
      },
    );
    return bringing;
  },

  /** Whether that is there. */
  isTracing: () => tracing !== undefined,

  /** `fetch`, traced; untraced where the script can't be had: the app's request comes first. */
  fetch: (
    tools: Fetching[0],
    telemetry: Fetching[1],
    input: Fetching[2],
    init?: Fetching[3],
    options?: Fetching[4],
  ): Promise<Response> =>
    tracing && telemetry
      ? tracing.tracedFetch(tools, telemetry, input, init, options)
      : onRequest.firstFetch(tools, telemetry, input, init, options),

  async firstFetch(...[tools, telemetry, input, init, options]: Fetching): Promise<Response> {
    if (!telemetry) return tools.nativeFetch(input, init);
    let request;
    try {
      // As it is at the call: the caller may use its objects again.
      request = new Request(input, init ?? undefined);
    } catch {
      // The browser's own error names this call.
      return tools.nativeFetch(input, init);
    }
    // A page that is being left waits for nothing.
    const leaves = request.keepalive ?? init?.keepalive;
    const module = leaves ? undefined : await onRequest.tracing().catch(() => undefined);
    return module
      ? module.tracedFetch(tools, telemetry, request, undefined, options)
      : tools.nativeFetch(request);
  },

  /**
   * Looks at records once the script is there, in their order; what finds no place till then is out, since
   * nobody looked at it.
   */
  inspector(hooks: Hooks, answer: (signal: Signal, record?: Uint8Array) => void) {
    const waiting: [Signal, Uint8Array][] = [];
    let look: (signal: Signal, record: Uint8Array) => void = (signal, record) => {
      if (waiting.length < MOST_WAITING) waiting.push([signal, record]);
      else answer(signal);
    };
    const ready = (now: typeof look) => {
      look = now;
      for (const [signal, record] of waiting.splice(0)) look(signal, record);
    };
    const bring = () =>
      onRequest.records().then(
        ({ inspect }) => ready((signal, record) => answer(signal, inspect(hooks, signal, record))),
        // Once more, when there is a network again; until then they wait, as many as there may be.
        () => addEventListener('online', bring, { once: true }),
      );
    bring();
    return (signal: Signal, record: Uint8Array) => look(signal, record);
  },

  /** HMAC-SHA-256 in hexadecimal digits. */
  hmac: async (key: string, text: string) => (await import('./records.js')).hmac(key, text),
};
