// A span of the app's own. Ids and times are given here, so that it may begin before the core is there; ended ones are handed
// over together, when the task that ended them is done.

import { RECORD_SPAN, tell } from './door.js';
import { currentCore, whenCore } from './loader.js';
import { encodeSpan, traceparentOf } from './otlp.js';

/** Ended spans that may wait for the core. */
const MOST_WAITING = 16_384;
/** Ended spans that are handed over at once. */
const MANY = 512;

/** @type {Span[]} */
let ended = [];
let scheduled = false;
/** Spans that found no room, by their pipeline. @type {Map<number, number>} */
export const lost = new Map();

/** Hands over what has ended, if the core is there. */
export function settle() {
  const core = currentCore();
  if (!core) return;
  const spans = ended;
  ended = [];
  for (const span of spans) {
    try {
      span.hand(core);
    } catch (error) {
      // A getter of the app's own: it is the app's to see, and those behind go on.
      console.error(error);
      lost.set(span.telemetry, (lost.get(span.telemetry) ?? 0) + 1);
    }
  }
}

/** @param {Span} span @param {number} telemetry */
function hasEnded(span, telemetry) {
  if (ended.length >= MOST_WAITING) lost.set(telemetry, (lost.get(telemetry) ?? 0) + 1);
  else ended.push(span);
  if (ended.length >= MANY) settle();
  if (scheduled || ended.length === 0) return;
  scheduled = true;
  setTimeout(() =>
    whenCore(() => {
      scheduled = false;
      settle();
    }),
  );
}

/** `SpanKind`. */
const INTERNAL = 1;
export const CLIENT = 3;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
/** Random bytes for some hundred ids: asking for each alone takes longer than all else. */
const pool = new Uint8Array(2048);
let used = pool.length;

/** An id in a `traceparent`, never all zeros. @param {number} bytes */
function randomHex(bytes) {
  if (used + bytes > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let text = '';
  for (let n = 1; n < bytes; n++) text += HEX[pool[used++]];
  return text + HEX[pool[used++] | 1];
}

/** A span of the app's own. */
export class Span {
  /** @internal */
  telemetry;
  #name;
  #parent;
  #isRemote;
  #kind;
  #start;
  #attributes;
  /** @type {string} */
  #traceparent;
  /** @type {string | undefined} */
  #error;
  /** Page time, or less than zero. */
  #ended = -1;

  /** @param {number} telemetry @param {string} name @param {import('./types').SpanOptions} options
   *  @param {number} [kind] @param {number} [start] */
  constructor(telemetry, name, options, kind = INTERNAL, start = performance.now()) {
    const parent = traceparentOf(options.parent);
    this.telemetry = telemetry;
    this.#name = name;
    this.#parent = parent;
    this.#isRemote = typeof options.parent === 'string';
    this.#kind = kind;
    this.#start = start;
    this.#attributes = { ...options.attributes };
    const traceId = parent ? parent.slice(3, 35) : randomHex(16);
    this.#traceparent = `00-${traceId}-${randomHex(8)}-${parent ? parent.slice(53, 55) : '03'}`;
  }

  get traceparent() {
    return this.#traceparent;
  }

  /** @param {string} key @param {import('./types').AttributeValue} value */
  setAttribute(key, value) {
    this.#attributes[key] = value;
    return this;
  }

  /** @param {string} message */
  setError(message) {
    this.#error = String(message);
    return this;
  }

  end() {
    if (this.#ended >= 0) return;
    this.#ended = performance.now();
    hasEnded(this, this.telemetry);
  }

  /** @internal @param {import('./core').Core} core */
  hand(core) {
    const fields = encodeSpan({
      name: this.#name, kind: this.#kind, traceparent: this.#traceparent,
      parent: this.#parent, isRemote: this.#isRemote, error: this.#error, attributes: this.#attributes,
    });
    tell(core, RECORD_SPAN, this.telemetry, this.#start, this.#ended, 0, false, fields);
  }
}
