// What `Core.tell` is told, by its number in `core.rs`; behind each, what its numbers, its flag and its bytes
// mean.

export const PAUSE = 0;
export const STOP = 1;
/** Seconds. */
export const SEEK = 2;
/** The context's state (`stateOf`). */
export const CONTEXT = 3;
/** The sample rate, in Hz. */
export const OUTPUT_READY = 4;
export const OUTPUT_UNAVAILABLE = 5;
export const MEDIA_UNAVAILABLE = 6;
/** The bytes of a fact. */
export const FACT = 7;
/** The promise, page time in milliseconds, who asked; whether the page has user activation. */
export const PLAY = 8;
/**
 * The promise, or 0 for a resolver's answer; how many other sources there are, or the play that asked; how
 * many seconds the first byte may take; whether cookies go along; `told` of `resolver.js`, and whether an element
 * may play it.
 */
export const LOAD = 9;
/**
 * And the kind of a report, of which there are six: its epoch, page time in milliseconds, frames, its flag.
 */
export const REPORT = 10;
/** Fetch and decode what a play would need. */
export const PREPARE = 16;
/** From and to, in seconds; whether there is a loop. */
export const LOOP = 17;
/** Seconds of the track in one. */
export const RATE = 18;
/** Whether the browser's own element plays. */
export const ENGINE = 19;
/** The pipeline; 0 is none. */
export const CREATE_PLAYER = 20;
export const DESTROY_PLAYER = 21;
export const FLUSH = 22;
export const HIDDEN = 23;
export const COLLECT = 24;
/** Spans and log records in rows (`flat.js`). */
export const RECORD_ROWS = 25;
/** The request, its status, the wait in milliseconds or −1; the body. */
export const REPLIED = 26;

/** Its options (`config.js`), flat. */
export const CREATE_TELEMETRY = 27;
/** The series, the value; the context of a span, flat, or nothing. */
export const RECORD = 29;
/** The instrument; attributes, flat. Gives the series. */
export const SERIES = 30;
/** Its kind, and 4 more where it is observed; its name, its unit, its description and its bounds, flat. Gives the instrument. */
export const INSTRUMENT = 31;
/** The timer fired. */
export const TIMEOUT = 32;
/** Signal and, four times, why it is not sent (`storage.js`); records; seconds since; a request's body. */
export const RECOVER = 33;

/** Which kind of record (`SIGNALS`), and whether it is wanted; the record. */
export const INSPECTED = 34;
export const DESTROY_TELEMETRY = 35;
/** Milliseconds since it began, of one that goes on; whether it was counted; its service and its id, flat. */
export const SESSION = 36;
/** Attributes for metrics too, and others, flat. */
export const CONTEXT_ATTRIBUTES = 37;
/** The header's value. */
export const BAGGAGE = 38;
/** Its number in `CONSENTS`. */
export const CONSENT = 39;
/** Signal, reason, records. */
export const LOST = 40;
/** Hands over what somebody has to look at, and nothing else. */
export const INSPECT = 41;
/** The app listens for `timeupdate`: a player's. */
export const WATCH = 42;
/** A player's Worker has its script. */
export const MEDIA_LOADED = 43;
/** A player's next source: as `LOAD`, without a promise. */
export const ALTERNATIVE = 44;
/** Another URL of a player's source, in the place of one that has run out: `told` of `resolver.js`. */
export const RENEWED = 45;
/** The epoch. The output has asked the Worker for samples in vain. */
export const MEDIA_SILENT = 49;

export const NO_BYTES = new Uint8Array();

/**
 * Called with what a call of the core throws; `loader.js` decides whether that ended the core.
 * @type {{ heard: (error: unknown) => void }}
 */
export const trap = { heard() {} };

/**
 * Whether an error ended the wasm instance. Only a trap does: what JavaScript throws while it converts a value, in a
 * getter or in a callback leaves the instance as it was.
 * @param {unknown} error
 */
export const isTrap = (error) => error instanceof WebAssembly.RuntimeError;

/**
 * @param {import('./core').Core | undefined} core @param {number} what @param {number} id a player's, or a pipeline's
 * @param {number} [a] @param {number} [b] @param {number} [c] @param {boolean} [flag] @param {Uint8Array} [bytes]
 */
export function tell(core, what, id, a = 0, b = 0, c = 0, flag = false, bytes = NO_BYTES) {
  try {
    return core?.tell(what, id, a, b, c, flag, bytes) ?? 0;
  } catch (error) {
    trap.heard(error);
    return 0;
  }
}
