// Telemetry as apps hold it.

import { SIGNALS } from '../browser/fetch.js';
import { nativeFetch, replaceFetch } from '../browser/native_fetch.js';
import { pageTraceparent } from '../browser/page_context.js';
import { keepSession, lastSession } from '../browser/session.js';
import { Spool, erase } from '../browser/storage.js';
import { attributesOf, locate } from '../browser/url.js';
import { extendedOption, samplerOf, telemetryCreator } from './config.js';
import { NO_BYTES } from './core_client.js';
import {
  callWhenReady,
  coreRestartListeners,
  currentCore,
  enqueueRecord,
  isLive,
  lastTrace,
  requireExtendedCore,
  whenCoreReady,
} from './loader.js';
import {
  exportSettledListeners,
  notifyExportSettled,
  observe,
  pipelineHost,
  pipelines,
  reportDropped,
} from './pipelines.js';
import { DROP_REASONS } from './drop_reasons.js';
import { currentSpan, runWithin } from './current_span.js';
import { attributesPart, flat, spanContextPart } from './flat.js';
import { recordLog } from './log.js';
import { Instrument, ObservableInstrument } from './metrics.js';
import { onRequest } from './on_request.js';
import { check } from './options.js';
import { later, settle } from './batch.js';
import { MUSIC_SEARCH_RESULTS } from '../browser/semconv.js';
import { baggageHeader, extract, inject } from './propagation.js';
import { Span } from './span.js';
import { callback, copyAttributes, dictionary, double, safeString } from './webidl.js';

/** @typedef {import('tonearm-core-glue').DropReason} DropReason */

/** Whether records that are dropped for a reason failed to arrive, which no option asks for. @param {string} reason */
const isFailure = (reason) => currentCore()?.is_failure(/** @type {DropReason} */ (reason));

/** The longest delay of a timer (HTML), in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1;

const utf8 = new TextEncoder();
let lastId = 0;

/** What is loaded on request gets by with this of ours. */
const tools = {
  currentCore,
  nativeFetch,
  locate,
  attributesOf,
  later,
  settle,
  Span,
  flat,
  spanContextPart,
  whenCoreReady,
};

/** One pipeline; see `createTelemetry` in `types.d.ts`. */
export class Telemetry extends EventTarget {
  /** @internal */
  id = ++lastId;
  /** @internal */
  tools = tools;
  /** @type {Record<string, import('./types').AttributeValue>} */
  #context = {};
  /** @type {string | undefined} */
  #user;
  /** Creates the pipeline in a core. */
  #createIn;
  /** @type {import('./pipelines.js').Pipeline} */
  #pipeline;
  /** Aborted when what is on its way must not go out any more. */
  #leaving = new AbortController();
  #extended;
  #consent;
  #ended = false;
  #baggage = '';
  /** Counts what was said of the context: series that were asked for before belong to another. @internal */
  contexts = 0;
  /** Traced requests whose span has begun and not ended. @internal */
  openRequests = 0;
  /** Failures by signal and reason, as they were recorded last. @type {Map<string, number>} */
  #recordedFailures = new Map();
  /** Counts the calls of `setUser`: the last one stands. */
  #users = 0;
  /** Undoes `instrumentFetch()`. */
  #restoreFetch = () => {};
  #onCoreRestart = (/** @type {unknown} */ error) => {
    this.#closeSpool();
    // The account begins anew.
    this.#recordedFailures.clear();
    this.#create(true);
    // What is observed is declared to the new core.
    enqueueRecord(() => observe(this.id));
    this.log({
      eventName: 'sdk.panicked',
      severity: 'error',
      body: String(error),
      span: lastTrace.traceparent,
    });
  };

  /** @param {import('./types').TelemetryConfig} config */
  constructor(config) {
    super();
    const options = (this.options = /** @type {import('./types').TelemetryConfig} */ (check(config)));
    this.#createIn = telemetryCreator(options);
    const extended = extendedOption(options);
    if (extended) requireExtendedCore(extended);
    this.#extended = Boolean(extended);
    this.#consent = options.consent ?? 'granted';
    /** @type {import('../browser/fetch.js').Destination} */
    const destination = {
      ...options,
      ended: this.#leaving.signal,
      diagnose: (...diagnostic) => onRequest.diagnose(this, destination, diagnostic),
    };
    const { sampler, redact, echo, protocol } = options;
    this.#pipeline = {
      destination,
      sampler: sampler && sampler !== 'always_on' ? samplerOf(sampler) : undefined,
      observers: [() => settle(), () => this.#recordFailures()],
    };
    pipelines.set(this.id, this.#pipeline);
    if (protocol === 'http/json') {
      destination.transcode = async () => (destination.json ??= (await onRequest.records()).transcode);
      destination.transcode().catch(() => {});
    }
    if (redact || echo) this.#inspect();
    this.#create();
    coreRestartListeners.add(this.#onCoreRestart);
    if (this.#consent === 'denied') this.#erase();
  }

  /** Shows records to the app; what waits for that when the listener refuses is forgotten. */
  #inspect() {
    const { redact, echo } = this.options;
    const { signal: refused } = this.#leaving;
    /** @param {import('./pipelines.js').Signal} signal @param {Uint8Array} [record] */
    const answer = (signal, record) => {
      if (refused.aborted) return;
      if (record) currentCore()?.keep_inspected(this.id, signal, record);
      else currentCore()?.drop_inspected(this.id, signal);
      // A flush waits for what is dropped here, too.
      notifyExportSettled();
    };
    /** @param {number} tag @param {object} attributes */
    const encode = (tag, attributes) =>
      currentCore()?.encode_attributes(tag >> 3, flat(attributesPart(attributes))) ?? NO_BYTES;
    this.#pipeline.inspect = onRequest.inspector({ redact, echo, encode }, answer);
  }

  /** @param {boolean} [again] */
  #create(again) {
    callWhenReady((core) => {
      this.#createIn(core, this.id, pipelineHost(this.id));
      const { serviceName, consent } = this.options;
      const known = this.#consent === 'granted' && this.#stores ? lastSession(serviceName) : undefined;
      const names = flat(serviceName, known?.id ?? '');
      core.begin_session(this.id, names, known?.age ?? 0, known?.counted ?? false);
      // What was set in a core that ended; what is set before the first is there follows in its turn.
      if (consent) core.set_consent(this.id, again ? this.#consent : consent);
      if (again) {
        core.set_context(this.id, this.#attributes());
        if (this.#baggage) core.set_baggage(this.id, utf8.encode(this.#baggage));
      }
      reportDropped(core, this.id);
      this.#store();
    });
  }

  get #stores() {
    return this.options.storage !== false;
  }

  /**
   * What is pending is kept for the next visit, and the session for the tab's next page: once the listener
   * lets us.
   */
  #store() {
    if (!this.#stores || this.#consent !== 'granted' || this.#ended || this.#pipeline.spool) return;
    const { serviceName } = this.options;
    /** @param {import('../browser/storage.js').Row} row @param {'unconfirmed' | 'expired'} [lost] */
    const recover = ({ signal, records, body, at }, lost) => {
      const core = currentCore();
      const age = Math.max(0, (Date.now() - at) / 1000);
      if (lost) core?.drop_recovered(this.id, signal, records, lost);
      else core?.recover(this.id, signal, records, age, body);
    };
    const snapshot = () => {
      settle();
      const core = currentCore();
      if (!core) return undefined;
      keepSession(serviceName, this.sessionId, core.session_counted(this.id));
      return SIGNALS.map((signal) => {
        /** @type {[typeof signal, Uint8Array]} */
        const pending = [signal, core.snapshot(this.id, signal) ?? NO_BYTES];
        return pending;
      });
    };
    this.#pipeline.spool = new Spool(serviceName, snapshot, recover, () => this.#drop());
    this.#pipeline.spool.start();
  }

  #closeSpool() {
    this.#pipeline.spool?.close();
    this.#pipeline.spool = undefined;
  }

  /** Calls the core after what has ended before, which is recorded as it was then.
   *  @param {(core: import('./core_client.js').Core) => void} call */
  #callInTurn(call) {
    settle(true);
    enqueueRecord(call);
  }

  get sessionId() {
    return currentCore()?.session_id(this.id) || undefined;
  }

  get pageContext() {
    return pageTraceparent();
  }

  /** @param {string} name @param {import('./types').SpanOptions} [options] */
  startSpan(name, options) {
    return new Span(this.id, safeString(name), options ?? {}, undefined, undefined, this.impliedParent());
  }

  /** @param {string} name @param {import('tonearm-core-glue').InstrumentKind} kind @param {import('./types').InstrumentOptions} options
   *  @param {boolean} [observed] */
  #instrument(name, kind, options, observed = false) {
    return new Instrument(this.id, name, kind, observed, options, this.options.redact);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createCounter(name, options = {}) {
    return this.#instrument(name, 'counter', options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createUpDownCounter(name, options = {}) {
    return this.#instrument(name, 'up_down_counter', options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createGauge(name, options = {}) {
    return this.#instrument(name, 'gauge', options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createHistogram(name, options = {}) {
    return this.#instrument(name, 'histogram', options);
  }

  /** @param {string} method @param {import('tonearm-core-glue').InstrumentKind} kind @param {string} name @param {import('./types').InstrumentOptions} options
   *  @param {import('./types').ObservableCallback} [observe] */
  #observable(method, kind, name, options, observe) {
    if (observe !== undefined) callback(`${method}: "callback"`, observe);
    return new ObservableInstrument(this.id, this.#instrument(name, kind, options ?? {}, true), observe);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} options @param {import('./types').ObservableCallback} [observe] */
  createObservableGauge(name, options, observe) {
    return this.#observable('createObservableGauge', 'gauge', name, options, observe);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} options @param {import('./types').ObservableCallback} [observe] */
  createObservableCounter(name, options, observe) {
    return this.#observable('createObservableCounter', 'counter', name, options, observe);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} options @param {import('./types').ObservableCallback} [observe] */
  createObservableUpDownCounter(name, options, observe) {
    return this.#observable('createObservableUpDownCounter', 'up_down_counter', name, options, observe);
  }

  /** @param {import('./types').LogRecord} record */
  log(record) {
    const now = performance.now();
    try {
      recordLog(this.id, now, record, currentSpan(this.id));
    } catch (error) {
      // A getter of the app's own: it is the app's to see, and breaks nothing.
      console.error(error);
    }
  }

  /** @param {{ hit: boolean }} search */
  recordSearch(search) {
    const attributes = flat({ hit: Boolean(dictionary('recordSearch', search).hit) });
    whenCoreReady((core) => {
      const series = core.create_series(this.id, MUSIC_SEARCH_RESULTS, attributes) ?? 0;
      core.record_measurement(this.id, series, 1, NO_BYTES);
    });
  }

  /** @param {Record<string, import('./types').AttributeValue>} attributes */
  setContext(attributes) {
    this.#context = copyAttributes(attributes);
    try {
      flat(this.#context);
    } catch (error) {
      // A getter within a value threw: a context that can't be written would take each record along.
      console.error(error);
      this.#context = {};
    }
    this.#setContext();
  }

  /** @param {string | null} id @param {{ plain?: boolean }} [options] */
  async setUser(id, options) {
    const { plain } = dictionary('setUser: options', options);
    const turn = ++this.#users;
    this.#user = undefined;
    this.#setContext();
    if (id === null || id === undefined) return;
    const { userKey } = this.options;
    if (!plain && !userKey)
      throw new TypeError('setUser: expected the option "userKey" of createTelemetry, or { plain: true }');
    const user = plain
      ? safeString(id)
      : await onRequest.hmac(/** @type {string} */ (userKey), safeString(id));
    // Another user by now, or none.
    if (turn !== this.#users) return;
    this.#user = user;
    this.#setContext();
  }

  /** What records of all signals say, and what spans and logs say besides. */
  #attributes() {
    return flat(this.#context, { 'music.user_id': this.#user });
  }

  #setContext() {
    this.contexts++;
    const attributes = this.#attributes();
    this.#callInTurn((core) => core.set_context(this.id, attributes));
  }

  /** @param {import('tonearm-core-glue').ConsentState} consent */
  #setConsent(consent) {
    this.#callInTurn((core) => core.set_consent(this.id, consent));
  }

  /** @param {boolean} granted */
  setConsent(granted) {
    if (!this.options.consent)
      throw new DOMException(
        'setConsent: the option "consent" of createTelemetry says what holds before.',
        'InvalidStateError',
      );
    const before = this.#consent;
    this.#consent = granted ? 'granted' : 'denied';
    if (before === this.#consent) return;
    this.#setConsent(this.#consent);
    if (granted) enqueueRecord(() => this.#store());
    else this.#erase();
  }

  /** Stops the requests on their way, and forgets the session for the tab's next page. */
  #abort() {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.#pipeline.destination.ended = this.#leaving.signal;
    if (this.#pipeline.inspect) this.#inspect();
    keepSession(this.options.serviceName);
  }

  /** Erases what is stored of the service, by earlier visits and other tabs too, whatever this one stores. */
  async #erase() {
    this.#abort();
    this.#closeSpool();
    await erase(this.options.serviceName);
  }

  /** The user refused in another tab: what this one has recorded until now is dropped. Its own consent stays. */
  #drop() {
    if (!this.options.consent) return;
    this.#abort();
    this.#setConsent('denied');
    this.#setConsent(this.#consent);
  }

  /** @param {Record<string, string>} entries */
  setBaggage(entries) {
    const baggage = baggageHeader(entries);
    this.#baggage = baggage;
    const header = utf8.encode(baggage);
    if (this.#extended) this.#callInTurn((core) => core.set_baggage(this.id, header));
  }

  /** @param {import('./types').Span | string | import('./types').RemoteContext} span */
  inject(span) {
    return inject(this.id, this.#extended, span);
  }

  /** @param {Headers | Record<string, string>} carrier */
  extract(carrier) {
    return extract(this.id, this.#extended, carrier);
  }

  /** @param {unknown} span @param {(span: any) => any} call */
  withSpan(span, call) {
    callback('withSpan: "callback"', call);
    return runWithin(this.id, span, () => call(span));
  }

  /** The parent of what names none: the current span, or the page's load where the app says so. @internal */
  impliedParent() {
    return currentSpan(this.id) ?? (this.options.pageContextAsParent ? this.pageContext : undefined);
  }

  /**
   * @param {any[]} args as of `fetch`; options after them
   * @returns {Promise<Response>}
   */
  fetch(...args) {
    const [input, init, options] = args;
    const implied = this.impliedParent();
    const own =
      implied === undefined || options?.parent !== undefined ? options : { ...options, parent: implied };
    // Without arguments the browser has an error of its own.
    return this.#ended || args.length === 0
      ? nativeFetch(...args.slice(0, 2))
      : onRequest.fetch(tools, this, input, init, own);
  }

  /** Until the script that traces is there, the app's requests go untraced. @param {any[]} args */
  #onFetch = (...args) => (onRequest.isTracing() ? this.fetch(args[0], args[1]) : nativeFetch(...args));

  instrumentFetch() {
    onRequest.tracing().catch(() => {});
    return (this.#restoreFetch = replaceFetch(this.#onFetch));
  }

  /** @param {{ timeoutMillis?: number }} [options] @returns {Promise<boolean>} */
  async forceFlush(options) {
    const { timeoutMillis = 30_000 } = dictionary('forceFlush: options', options);
    const limit = Math.min(double('forceFlush: option "timeoutMillis"', timeoutMillis), MAX_TIMEOUT);
    observe(this.id);
    // Behind what was recorded and said before.
    settle(true);
    return new Promise((resolve) => {
      callWhenReady(
        () => {},
        () => resolve(false),
      );
      enqueueRecord((core) => {
        settle();
        core.flush(this.id);
        // Of each signal so many records have to be gone; what fails to arrive meanwhile is lost.
        const first = this.#progress();
        const open = core.open_spans(this.id) ?? 0;
        const goals = first.map(({ signal, all, lost }) => ({
          goal: all - (signal === 'traces' ? open : 0),
          lost,
        }));
        const timer = setTimeout(() => check(true), limit);
        const check = (late = false, now = this.#progress()) => {
          const isSame = currentCore() === core;
          const done = isSame && goals.every(({ goal }, at) => now[at].gone >= goal);
          if (!done && !late && isSame) return;
          clearTimeout(timer);
          exportSettledListeners.delete(check);
          resolve(done && goals.every(({ lost }, at) => now[at].lost === lost));
        };
        exportSettledListeners.add(check);
        check(false, first);
      });
    });
  }

  /** Records what failed to arrive since the last time, and why. */
  #recordFailures() {
    for (const [signal, { dropped }] of this.#accounts()) {
      for (const [reason, count] of Object.entries(dropped)) {
        if (!count || !isFailure(reason)) continue;
        const key = `${signal} ${reason}`;
        const records = count - (this.#recordedFailures.get(key) ?? 0);
        this.#recordedFailures.set(key, count);
        const attributes = { 'telemetry.signal': signal, 'telemetry.records': records, 'error.type': reason };
        if (records > 0) this.log({ eventName: 'telemetry.dropped', severity: 'warn', attributes });
      }
    }
  }

  /** Of each signal all records, those that are gone, and those of them that failed to arrive. */
  #progress() {
    return this.#accounts().map(([signal, { started, recovered, pending, dropped }]) => {
      const all = started + recovered;
      const failures = Object.entries(dropped).filter(([reason]) => isFailure(reason));
      return { signal, all, gone: all - pending, lost: failures.reduce((sum, [, count]) => sum + count, 0) };
    });
  }

  /** @param {{ forget?: boolean }} [options] */
  async shutdown(options) {
    const { forget } = dictionary('shutdown: options', options);
    if (this.#ended) return;
    this.#ended = true;
    this.#restoreFetch();
    if (!forget) {
      await this.forceFlush();
      // What could not be sent is for the next visit.
      this.#pipeline.spool?.write();
      // It stays for `health()`.
      this.#pipeline.spool?.close();
    }
    coreRestartListeners.delete(this.#onCoreRestart);
    this.#callInTurn((core) => core.destroy_telemetry(this.id));
    if (forget) await this.#erase();
    pipelines.delete(this.id);
  }

  health() {
    const endpoint = currentCore()?.endpoint_state(this.id) ?? 'well';
    const started = currentCore() !== undefined;
    const reasons = Object.entries({
      fault: !isLive(),
      loading: !started,
      ended: this.#ended,
      offline: globalThis.navigator?.onLine === false,
      endpoint: endpoint !== 'well',
      rejected: endpoint === 'rejecting',
      consent: this.#consent !== 'granted',
      storage: this.#pipeline.spool?.fault !== undefined,
    }).flatMap(([reason, holds]) => (holds ? [reason] : []));
    // Without storage it goes on in memory.
    const clockSkewMillis = this.#pipeline.destination.skew;
    return {
      live: isLive(),
      started,
      ready: reasons.every((reason) => reason === 'storage'),
      reasons,
      clockSkewMillis,
    };
  }

  /** Where the records of each signal are, as it is now. */
  #accounts() {
    settle();
    const core = currentCore();
    if (core) reportDropped(core, this.id);
    return SIGNALS.map((signal) => {
      /** @param {import('tonearm-core-glue').RecordState} state */
      const count = (state) => core?.count_records(this.id, signal, state) ?? 0;
      const dropped = Object.fromEntries(
        DROP_REASONS.map((reason) => [reason, core?.count_dropped(this.id, signal, reason) ?? 0]),
      );
      const account = {
        started: count('started'),
        recovered: count('recovered'),
        exported: count('exported'),
        pending: count('pending'),
        dropped,
      };
      return /** @type {const} */ ([signal, account]);
    });
  }

  stats() {
    const accounts = Object.fromEntries(this.#accounts());
    // They are counted from their start, as the core counts its own.
    accounts.traces.started += this.openRequests;
    accounts.traces.pending += this.openRequests;
    return /** @type {import('./types').TelemetryStats} */ (/** @type {any} */ (accounts));
  }
}

/** @param {import('./types').TelemetryConfig} config */
export const createTelemetry = (config) => new Telemetry(config);
