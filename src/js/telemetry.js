// Telemetry as apps hold it. Ids and times of a span are given here, so that it may begin before the core is there.

import { currentCore, withCore } from './loader.js';

let lastId = 0;

/** Ids in a `traceparent`. @param {number} bytes */
function randomHex(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  values[bytes - 1] |= 1; // never all zeros
  return Array.from(values, (value) => value.toString(16).padStart(2, '0')).join('');
}

/** A span of the app's own. */
export class Span {
  #telemetry;
  #name;
  #parent;
  #start;
  #attributes;
  /** @type {string | undefined} */
  #error;
  #ended = false;

  /** @param {number} telemetry @param {string} name @param {import('./types').SpanOptions} options */
  constructor(telemetry, name, options) {
    /** @type {string | undefined} */
    const parent = typeof options.parent === 'object' ? options.parent.traceparent : options.parent;
    this.#telemetry = telemetry;
    this.#name = name;
    this.#parent = parent;
    this.#start = performance.now();
    this.#attributes = { ...options.attributes };
    /** @type {string} */
    this.traceparent = `00-${parent?.slice(3, 35) ?? randomHex(16)}-${randomHex(8)}-${parent?.slice(53, 55) ?? '03'}`;
    Object.freeze(this);
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
    if (this.#ended) return;
    this.#ended = true;
    const end = (/** @type {import('./tonearm.js').Core} */ core) =>
      core.recordSpan(
        this.#telemetry, this.#name, this.traceparent, this.#parent, this.#start, this.#attributes, this.#error,
      );
    withCore(end);
  }
}

/** What came instead of what was expected. @param {unknown} value */
function kindOf(value) {
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 60))}`;
  if (typeof value === 'number') return `the number ${value}`;
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}

/** One pipeline; see `createTelemetry` in `types.d.ts`. */
export class Telemetry {
  /** @internal */
  id = ++lastId;
  /** @type {Promise<void>} */
  ready;

  /** @param {import('./types').TelemetryConfig} config */
  constructor(config) {
    if (typeof config !== 'object' || config === null) {
      throw new TypeError(`createTelemetry: expected an object, got ${kindOf(config)}`);
    }
    const create = (/** @type {import('./tonearm.js').Core} */ core) => {
      const fault = core.createTelemetry(this.id, config, location.origin);
      if (!fault) return;
      const [option, expected] = fault;
      const came = kindOf(/** @type {Record<string, unknown>} */ (/** @type {unknown} */ (config))[option]);
      throw new TypeError(
        `createTelemetry: option "${option}": ${expected ? `expected ${expected}, got ${came}` : 'is not known'}`,
      );
    };
    const core = currentCore();
    if (core) {
      create(core);
      this.ready = Promise.resolve();
      return;
    }
    this.ready = new Promise((resolve, reject) => {
      withCore((core) => {
        try {
          create(core);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    // The mistake is the developer's to see even if nobody awaits `ready`; the music plays on.
    this.ready.catch((error) => console.error(error));
  }

  /** @param {string} name @param {import('./types').SpanOptions} [options] */
  startSpan(name, options = {}) {
    return new Span(this.id, String(name), options);
  }

  forceFlush() {
    withCore((core) => core.flush(this.id));
  }

  stats() {
    const [started = 0, exported = 0, pending = 0, ...lost] = currentCore()?.account(this.id) ?? [];
    const [queue_full = 0, too_many_open = 0, rejected = 0, retries_exhausted = 0] = lost;
    return { started, exported, pending, dropped: { queue_full, too_many_open, rejected, retries_exhausted } };
  }
}

/** @param {import('./types').TelemetryConfig} config */
export const createTelemetry = (config) => new Telemetry(config);
