// Telemetry as apps hold it.

import { SIGNALS } from '../browser/fetch.js';
import { replaceFetch } from '../browser/native_fetch.js';
import { Spool } from '../browser/storage.js';
import { CREATE_TELEMETRY, FLUSH, LOG, RECOVER, pack, tell } from './door.js';
import { currentCore, exporters, observe, observers, spools, whenCore, withCore } from './loader.js';
import { COUNTER, GAUGE, HISTOGRAM, Instrument, UP_DOWN_COUNTER, observeWith } from './metrics.js';
import { check } from './options.js';
import { tracedFetch } from './traced_fetch.js';
import { RESOURCE, encode, encodeLog, hash } from './otlp.js';
import { Span, lost, settle } from './span.js';

/** `SeverityNumber`. */
const SEVERITIES = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };
/** Why records are lost, in the order of the core (`DropReason`). */
const REASONS = ['queue_full', 'too_many_open', 'rejected', 'retries_exhausted', 'sampled', 'level', 'unconfirmed', 'expired'];

let lastId = 0;

/** One pipeline; see `createTelemetry` in `types.d.ts`. */
export class Telemetry {
  /** @internal */
  id = ++lastId;

  /** @param {import('./types').TelemetryConfig} config */
  constructor(config) {
    check(/** @type {Record<string, any>} */ (config));
    /** @internal */
    this.options = /** @type {import('./types').TelemetryConfig} */ (
      Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== undefined))
    );
    exporters.set(this.id, this.options);
    const resource = encode(RESOURCE, {
      'service.name': config.serviceName,
      'service.version': config.serviceVersion,
      'deployment.environment.name': config.environment,
      'telemetry.sdk.name': 'tonearm',
      'telemetry.sdk.language': 'webjs',
      'telemetry.sdk.version': TONEARM_VERSION,
      ...config.resource,
    });
    const client = encode(RESOURCE, {
      'user_agent.original': navigator.userAgent,
      'browser.language': navigator.language,
      'browser.mobile': navigator.userAgentData?.mobile,
      'browser.platform': navigator.userAgentData?.platform,
      'browser.brands': navigator.userAgentData?.brands.map(({ brand, version }) => `${brand} ${version}`),
    });
    const figures = [
      config.scheduledDelayMillis ?? 5000, config.maxExportBatchSize ?? 512, config.maxQueueSize ?? 16_384,
      config.exportTimeoutMillis ?? 30_000, config.metricIntervalMillis ?? 60_000,
    ];
    const options = Uint8Array.from([
      ...new Uint8Array(Uint32Array.from(figures).buffer),
      SEVERITIES[config.logLevel ?? 'trace'], Number(config.temporality === 'cumulative'), Number(config.storage !== false),
      ...pack(resource, client),
    ]);
    observers.set(this.id, [settle]);
    withCore((core) => {
      tell(core, CREATE_TELEMETRY, this.id, 0, 0, 0, false, options);
      if (config.storage === false) return;
      const recover = (/** @type {import('../browser/storage.js').Row} */ { signal, records, body }, /** @type {number} */ lost) =>
        tell(core, RECOVER, this.id, signal, records, lost, false, body);
      const spool = new Spool(config.serviceName, () => (settle(), core.snapshot(this.id)), recover);
      spools.set(this.id, spool);
      spool.start();
    });
  }

  /** @param {string} name @param {import('./types').SpanOptions} [options] */
  startSpan(name, options = {}) {
    return new Span(this.id, String(name), options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createCounter(name, options = {}) {
    return new Instrument(this.id, name, COUNTER, options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createUpDownCounter(name, options = {}) {
    return new Instrument(this.id, name, UP_DOWN_COUNTER, options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createGauge(name, options = {}) {
    return new Instrument(this.id, name, GAUGE, options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createHistogram(name, options = {}) {
    return new Instrument(this.id, name, HISTOGRAM, options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} options @param {import('./types').ObservableCallback} callback */
  createObservableGauge(name, options, callback) {
    observeWith(this.id, this.createGauge(name, options), callback);
  }

  /** @param {import('./types').LogRecord} record */
  log(record) {
    const at = performance.now();
    const event = String(record.eventName);
    try {
      const fields = encodeLog(event, record);
      const severity = SEVERITIES[record.severity ?? 'info'];
      whenCore((core) => tell(core, LOG, this.id, severity, hash(event), at, false, fields));
    } catch (error) {
      // A getter of the app's own: it is the app's to see, and breaks nothing.
      console.error(error);
    }
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] @param {{ parent?: import('./types').Span | string }} [options] */
  fetch(input, init, options) {
    return tracedFetch(this, input, init, options);
  }

  instrumentFetch() {
    return replaceFetch((input, init) => tracedFetch(this, input, init));
  }

  forceFlush() {
    observe(this.id);
    withCore((core) => tell(core, FLUSH, this.id));
  }

  stats() {
    settle();
    const figures = Array.from(currentCore()?.read(2, this.id) ?? []);
    const of = () => {
      const [started = 0, recovered = 0, exported = 0, pending = 0, ...lost] = figures.splice(0, 4 + REASONS.length);
      const dropped = Object.fromEntries(REASONS.map((reason, at) => [reason, lost[at] ?? 0]));
      return { started, recovered, exported, pending, dropped };
    };
    const stats = /** @type {import('./types').TelemetryStats} */ (/** @type {any} */ (Object.fromEntries(SIGNALS.map((signal) => [signal, of()]))));
    const unheard = lost.get(this.id) ?? 0;
    stats.traces.started += unheard;
    stats.traces.dropped.queue_full += unheard;
    return stats;
  }
}

/** @param {import('./types').TelemetryConfig} config */
export const createTelemetry = (config) => new Telemetry(config);
