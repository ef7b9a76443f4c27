// What is loaded when it is first asked for. Each is a script of its own in the package, and gets what it
// needs handed in: it shares no state with the page's script but that.

/** @typedef {import('tonearm-core-glue').Signal} Signal */
/** @typedef {typeof import('./traced_fetch.js')} Tracing */
/** @typedef {Parameters<Tracing['tracedFetch']>} Fetching */

/** Records that wait to be looked at. */
const MOST_WAITING = 4096;

/** @type {Tracing | undefined} */
let tracing;
/** @type {Promise<Tracing> | undefined} */
let bringing;

export const onRequest = {
  records: () => import('./records.js'),
  element: () => import('./element.js'),
  stretch: () => import('./stretch.js'),

  /**
   * Makes a failed delivery known to the app.
   * @param {EventTarget} telemetry @param {import('../browser/fetch.js').Destination} destination
   * @param {Parameters<import('../browser/fetch.js').Diagnose>} diagnostic
   */
  async diagnose(telemetry, destination, diagnostic) {
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

  /** `fetch`, traced; untraced where the script can't be had: the app's request comes first.
   *  @param {Fetching[0]} tools @param {Fetching[1]} telemetry @param {Fetching[2]} input @param {Fetching[3]} [init] @param {Fetching[4]} [options]
   *  @returns {Promise<Response>} */
  fetch: (tools, telemetry, input, init, options) =>
    tracing && telemetry
      ? tracing.tracedFetch(tools, telemetry, input, init, options)
      : onRequest.firstFetch(tools, telemetry, input, init, options),

  /** @type {(...of: Fetching) => Promise<Response>} */
  async firstFetch(tools, telemetry, input, init, options) {
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

  /** Looks at records once the script is there, in their order; what finds no place till then is out, since nobody looked at it.
   *  @param {import('./records.js').Hooks} hooks @param {(signal: Signal, record?: Uint8Array) => void} answer */
  inspector(hooks, answer) {
    /** @type {[Signal, Uint8Array][]} */
    const waiting = [];
    /** @type {(signal: Signal, record: Uint8Array) => void} */
    let look = (signal, record) => {
      if (waiting.length < MOST_WAITING) waiting.push([signal, record]);
      else answer(signal);
    };
    const ready = (/** @type {typeof look} */ now) => {
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
    return (/** @type {Signal} */ signal, /** @type {Uint8Array} */ record) => look(signal, record);
  },

  /** HMAC-SHA-256 in hexadecimal digits. @param {string} key @param {string} text */
  hmac: async (key, text) => (await onRequest.records()).hmac(key, text),
};
