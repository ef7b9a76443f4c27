// Telemetry as apps hold it. Ids and times of a span are given here, so that it may begin before the core is there.

import { currentCore, exporters, whenCore, withCore } from './loader.js';
import { check } from './options.js';
import { RESOURCE, encode, encodeSpan } from './otlp.js';

/** `SpanKind`. */
const INTERNAL = 1;
export const CLIENT = 3;

/** A `traceparent` (W3C Trace Context Level 2, section 3.2). */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?=$|-)/;
/** Version 00 ends there; a later one may go on. @param {string | undefined} text */
const isTraceparent = (text) =>
  text !== undefined && TRACEPARENT.test(text) && (text.length === 55 || !text.startsWith('00'));

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
  #isRemote;
  #kind;
  #start;
  #attributes;
  /** @type {string | undefined} */
  #error;
  #ended = false;

  /** @param {number} telemetry @param {string} name @param {import('./types').SpanOptions} options
   *  @param {number} [kind] @param {number} [start] */
  constructor(telemetry, name, options, kind = INTERNAL, start = performance.now()) {
    const given = options.parent;
    /** @type {string | undefined} */
    const parent = typeof given === 'object' ? given.traceparent : given;
    this.#telemetry = telemetry;
    this.#name = name;
    // A parent that is malformed is no parent: telemetry breaks nothing.
    this.#parent = isTraceparent(parent) ? parent : undefined;
    this.#isRemote = this.#parent !== undefined && typeof given === 'string';
    this.#kind = kind;
    this.#start = start;
    this.#attributes = { ...options.attributes };
    const [traceId, flags] = [this.#parent?.slice(3, 35) ?? randomHex(16), this.#parent?.slice(53, 55) ?? '03'];
    /** @type {string} */
    this.traceparent = `00-${traceId}-${randomHex(8)}-${flags}`;
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
    const fields = encodeSpan({
      name: this.#name, kind: this.#kind, traceparent: this.traceparent,
      parent: this.#parent, isRemote: this.#isRemote, error: this.#error,
    }, this.#attributes);
    whenCore((core) => core.recordSpan(this.#telemetry, this.#start, fields));
  }
}

/** One pipeline; see `createTelemetry` in `types.d.ts`. */
export class Telemetry {
  /** @internal */
  id = ++lastId;

  /** @param {import('./types').TelemetryConfig} config */
  constructor(config) {
    check(/** @type {Record<string, any>} */ (config));
    /** @internal @type {string[]} */
    this.propagateTo = config.propagateTo ?? [];
    exporters.set(this.id, { endpoint: config.endpoint ?? '', headers: { ...config.headers } });
    const resource = encode(RESOURCE, {
      'service.name': config.serviceName,
      'service.version': config.serviceVersion,
      'deployment.environment.name': config.environment,
      'telemetry.sdk.name': 'tonearm',
      'telemetry.sdk.language': 'webjs',
      'telemetry.sdk.version': TONEARM_VERSION,
      ...config.resource,
    });
    withCore((core) => {
      core.createTelemetry(
        this.id, resource, config.scheduledDelayMillis ?? 5000, config.maxExportBatchSize ?? 512,
        config.maxQueueSize ?? 16384, config.exportTimeoutMillis ?? 30_000,
      );
    });
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
