// Telemetry as apps hold it.

import { SIGNALS } from '../browser/fetch.js';
import { nativeFetch, replaceFetch } from '../browser/native_fetch.js';
import { pageTraceparent } from '../browser/page_context.js';
import { keepSession, lastSession } from '../browser/session.js';
import { Spool, erase } from '../browser/storage.js';
import { attributesOf, locate } from '../browser/url.js';
import { CONSENTS, flatConfig, fullOption, samplerOf } from './config.js';
import {
  BAGGAGE,
  CONSENT,
  CONTEXT_ATTRIBUTES,
  CREATE_TELEMETRY,
  DESTROY_TELEMETRY,
  FLUSH,
  INSPECTED,
  RECORD,
  RECOVER,
  SERIES,
  NO_BYTES,
  SESSION,
  tell,
} from './door.js';
import {
  answered,
  currentCore,
  exporters,
  inTurn,
  inspectors,
  isLive,
  lastTrace,
  observe,
  observers,
  revivals,
  samplers,
  spools,
  tellLosses,
  wantFull,
  whenCore,
  withCore,
} from './loader.js';
import { currentSpan, runWithin } from './current_span.js';
import { flat, given, within } from './flat.js';
import { recordLog } from './log.js';
import {
  COUNTER,
  GAUGE,
  HISTOGRAM,
  Instrument,
  OBSERVED,
  ObservableInstrument,
  UP_DOWN_COUNTER,
} from './metrics.js';
import { FAILURES, REASONS } from './drop_reasons.js';
import { onRequest } from './on_request.js';
import { check } from './options.js';
import { later, settle } from './batch.js';
import { baggageHeader, extract, inject } from './propagation.js';
import { Span } from './span.js';
import { callback, copyAttributes, dictionary, double, safeString } from './webidl.js';

/**
 * Figures of a pipeline before its signals', and of each signal before its losses: started, recovered,
 * exported, pending.
 */
const OF_ALL = 2;
const OF_SIGNAL = 4;
/** The number of `music.search.results` among the player's instruments (`metrics.rs`). */
const MUSIC_SEARCH_RESULTS = 16;
/** The number of traces among the signals. */
const TRACES = 0;
/** How an endpoint is that refuses all records (`Endpoint` of `export.rs`). */
const REJECTING = 2;

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
  within,
  whenCore,
  tell,
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
  #encoded;
  /** Aborted when what is on its way must not go out any more. */
  #leaving = new AbortController();
  #full;
  #consent;
  #ended = false;
  #baggage = '';
  /** Counts what was said of the context: series that were asked for before belong to another. @internal */
  contexts = 0;
  /** Traced requests whose span has begun and not ended. @internal */
  openRequests = 0;
  /** Failures by signal and reason, as they were told last. @type {Map<string, number>} */
  #told = new Map();
  /** Counts the calls of `setUser`: the last one stands. */
  #users = 0;
  /** Undoes `instrumentFetch()`. */
  #restoreFetch = () => {};
  #revive = (/** @type {unknown} */ error) => {
    spools.get(this.id)?.close();
    spools.delete(this.id);
    // The account begins anew.
    this.#told.clear();
    this.#create(true);
    // What is observed is declared to the new core.
    inTurn(() => observe(this.id));
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
    this.#encoded = flatConfig(options);
    const wanted = fullOption(options);
    if (wanted) wantFull(wanted);
    this.#full = Boolean(wanted);
    this.#consent = options.consent ?? 'granted';
    /** @type {import('../browser/fetch.js').Destination} */
    const destination = {
      ...options,
      ended: this.#leaving.signal,
      diagnose: (...diagnostic) => onRequest.diagnose(this, destination, diagnostic),
    };
    exporters.set(this.id, destination);
    const { sampler, redact, echo, protocol } = options;
    if (sampler && sampler !== 'always_on') samplers.set(this.id, samplerOf(sampler));
    if (protocol === 'http/json') {
      destination.transcode = async () => (destination.json ??= (await onRequest.records()).transcode);
      destination.transcode().catch(() => {});
    }
    if (redact || echo) this.#inspect();
    observers.set(this.id, [() => settle(), () => this.#tellDropped()]);
    this.#create();
    revivals.add(this.#revive);
    if (this.#consent === 'denied') this.#erase();
  }

  /** Shows records to the app; what waits for that when the listener refuses is forgotten. */
  #inspect() {
    const { redact, echo } = this.options;
    const { signal: refused } = this.#leaving;
    const answer = (/** @type {number} */ signal, /** @type {Uint8Array | undefined} */ record) => {
      if (refused.aborted) return;
      tell(currentCore(), INSPECTED, this.id, signal, 0, 0, Boolean(record), record);
      // A flush waits for what is dropped here, too.
      for (const heard of answered) heard();
    };
    /** @param {number} tag @param {object} attributes */
    const encode = (tag, attributes) =>
      currentCore()?.ask(3, this.id, flat(tag >> 3, given(attributes))) ?? NO_BYTES;
    inspectors.set(this.id, onRequest.inspector({ redact, echo, encode }, answer));
  }

  /** @param {boolean} [again] */
  #create(again) {
    withCore((core) => {
      tell(core, CREATE_TELEMETRY, this.id, 0, 0, 0, false, this.#encoded);
      const known =
        this.#consent === 'granted' && this.#stores ? lastSession(this.options.serviceName) : undefined;
      const names = flat(this.options.serviceName, known?.id ?? '');
      tell(core, SESSION, this.id, known?.age ?? 0, Number(known?.told ?? false), 0, false, names);
      // What was said to one that ended; what is said before the first is there follows in its turn.
      if (again) {
        tell(core, CONTEXT_ATTRIBUTES, this.id, 0, 0, 0, false, this.#attributes());
        if (this.options.consent) tell(core, CONSENT, this.id, CONSENTS.indexOf(this.#consent));
        tell(core, BAGGAGE, this.id, 0, 0, 0, false, utf8.encode(this.#baggage));
      }
      tellLosses(core, this.id);
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
    if (!this.#stores || this.#consent !== 'granted' || this.#ended || spools.has(this.id)) return;
    const { serviceName } = this.options;
    const recover = (
      /** @type {import('../browser/storage.js').Row} */ { signal, records, body, at },
      /** @type {number} */ fate,
    ) => {
      const age = Math.max(0, (Date.now() - at) / 1000);
      tell(currentCore(), RECOVER, this.id, signal + 4 * fate, records, age, false, body);
    };
    const snapshot = () => {
      settle();
      const core = currentCore();
      if (!core) return undefined;
      keepSession(serviceName, this.sessionId, core.read(3, this.id)[0] > 0);
      return core.ask(0, this.id, NO_BYTES);
    };
    const spool = new Spool(serviceName, snapshot, recover, () => this.#drop());
    spools.set(this.id, spool);
    spool.start();
  }

  /** @param {number} what @param {number} [a] @param {Uint8Array} [bytes] */
  #tell(what, a, bytes) {
    // What has ended before is told as it was then.
    settle(true);
    inTurn((core) => tell(core, what, this.id, a, 0, 0, false, bytes));
  }

  get sessionId() {
    return String.fromCharCode(...(currentCore()?.read(3, this.id) ?? []).slice(1)) || undefined;
  }

  get pageContext() {
    return pageTraceparent();
  }

  /** @param {string} name @param {import('./types').SpanOptions} [options] */
  startSpan(name, options) {
    return new Span(this.id, safeString(name), options ?? {}, undefined, undefined, this.impliedParent());
  }

  /** @param {string} name @param {number} kind @param {import('./types').InstrumentOptions} options */
  #instrument(name, kind, options) {
    return new Instrument(this.id, name, kind, options, this.options.redact);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createCounter(name, options = {}) {
    return this.#instrument(name, COUNTER, options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createUpDownCounter(name, options = {}) {
    return this.#instrument(name, UP_DOWN_COUNTER, options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createGauge(name, options = {}) {
    return this.#instrument(name, GAUGE, options);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} [options] */
  createHistogram(name, options = {}) {
    return this.#instrument(name, HISTOGRAM, options);
  }

  /** @param {string} method @param {number} kind @param {string} name @param {import('./types').InstrumentOptions} options
   *  @param {import('./types').ObservableCallback} [observe] */
  #observable(method, kind, name, options, observe) {
    if (observe !== undefined) callback(`${method}: "callback"`, observe);
    return new ObservableInstrument(this.id, this.#instrument(name, kind + OBSERVED, options ?? {}), observe);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} options @param {import('./types').ObservableCallback} [observe] */
  createObservableGauge(name, options, observe) {
    return this.#observable('createObservableGauge', GAUGE, name, options, observe);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} options @param {import('./types').ObservableCallback} [observe] */
  createObservableCounter(name, options, observe) {
    return this.#observable('createObservableCounter', COUNTER, name, options, observe);
  }

  /** @param {string} name @param {import('./types').InstrumentOptions} options @param {import('./types').ObservableCallback} [observe] */
  createObservableUpDownCounter(name, options, observe) {
    return this.#observable('createObservableUpDownCounter', UP_DOWN_COUNTER, name, options, observe);
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
    whenCore((core) => {
      const series = tell(core, SERIES, this.id, MUSIC_SEARCH_RESULTS, 0, 0, false, attributes);
      tell(core, RECORD, this.id, series, 1);
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
    this.#tellContext();
  }

  /** @param {string | null} id @param {{ plain?: boolean }} [options] */
  async setUser(id, options) {
    const { plain } = dictionary('setUser: options', options);
    const turn = ++this.#users;
    this.#user = undefined;
    this.#tellContext();
    if (id === null || id === undefined) return;
    const { userKey } = this.options;
    if (!plain && !userKey)
      throw new TypeError('setUser: expected the option "userKey" of createTelemetry, or { plain: true }');
    const told = plain
      ? safeString(id)
      : await onRequest.hmac(/** @type {string} */ (userKey), safeString(id));
    // Somebody else by now, or nobody.
    if (turn !== this.#users) return;
    this.#user = told;
    this.#tellContext();
  }

  #attributes() {
    return flat(this.#context, { 'music.user_id': this.#user });
  }

  #tellContext() {
    this.contexts++;
    this.#tell(CONTEXT_ATTRIBUTES, 0, this.#attributes());
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
    this.#tell(CONSENT, CONSENTS.indexOf(this.#consent));
    if (granted) inTurn(() => this.#store());
    else this.#erase();
  }

  /** Stops the requests on their way, and forgets the session for the tab's next page. */
  #abort() {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    const destination = exporters.get(this.id);
    if (destination) destination.ended = this.#leaving.signal;
    if (inspectors.has(this.id)) this.#inspect();
    keepSession(this.options.serviceName);
  }

  /** Erases what is stored of the service, by earlier visits and other tabs too, whatever this one stores. */
  async #erase() {
    this.#abort();
    spools.get(this.id)?.close();
    spools.delete(this.id);
    await erase(this.options.serviceName);
  }

  /** The user refused in another tab: what this one has recorded until now is dropped. Its own consent stays. */
  #drop() {
    if (!this.options.consent) return;
    this.#abort();
    this.#tell(CONSENT, CONSENTS.indexOf('denied'));
    this.#tell(CONSENT, CONSENTS.indexOf(this.#consent));
  }

  /** @param {Record<string, string>} entries */
  setBaggage(entries) {
    const baggage = baggageHeader(entries);
    this.#baggage = baggage;
    this.#tell(BAGGAGE, 0, utf8.encode(baggage));
  }

  /** @param {import('./types').Span | string | import('./types').RemoteContext} span */
  inject(span) {
    return inject(this.id, this.#full, span);
  }

  /** @param {Headers | Record<string, string>} carrier */
  extract(carrier) {
    return extract(this.id, this.#full, carrier);
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
      withCore(
        () => {},
        () => resolve(false),
      );
      inTurn((core) => {
        settle();
        tell(core, FLUSH, this.id);
        const [, open = 0] = this.#figures();
        // Of each signal so many records have to be gone; what fails to arrive meanwhile is lost.
        const first = this.#gone();
        const goals = first.map(({ all, gone, lost }, signal) => ({
          goal: all - (signal === TRACES ? open : 0),
          gone,
          lost,
        }));
        const timer = setTimeout(() => heard(true), limit);
        const heard = (late = false, now = this.#gone()) => {
          const done = currentCore() === core && goals.every(({ goal }, signal) => now[signal].gone >= goal);
          if (!done && !late && currentCore() === core) return;
          clearTimeout(timer);
          answered.delete(heard);
          resolve(done && goals.every(({ lost }, signal) => now[signal].lost === lost));
        };
        answered.add(heard);
        heard(false, first);
      });
    });
  }

  /** Tells what failed to arrive since the last time, and why. */
  #tellDropped() {
    this.#accounts().forEach((account, signal) => {
      for (const at of FAILURES) {
        const lost = account[OF_SIGNAL + at];
        if (!lost) continue;
        const key = `${SIGNALS[signal]} ${REASONS[at]}`;
        const count = lost - (this.#told.get(key) ?? 0);
        this.#told.set(key, lost);
        const attributes = {
          'telemetry.signal': SIGNALS[signal],
          'telemetry.records': count,
          'error.type': REASONS[at],
        };
        if (count > 0) this.log({ eventName: 'telemetry.dropped', severity: 'warn', attributes });
      }
    });
  }

  /** Of each signal all records, those that are gone, and those of them that failed to arrive. */
  #gone() {
    return this.#accounts().map((account) => {
      const [started = 0, recovered = 0, , pending = 0] = account;
      const all = started + recovered;
      return {
        all,
        gone: all - pending,
        lost: FAILURES.reduce((sum, at) => sum + (account[OF_SIGNAL + at] ?? 0), 0),
      };
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
      spools.get(this.id)?.write();
      spools.get(this.id)?.close();
    }
    revivals.delete(this.#revive);
    this.#tell(DESTROY_TELEMETRY);
    if (forget) await this.#erase();
    for (const map of [exporters, observers, spools, inspectors, samplers]) map.delete(this.id);
  }

  health() {
    const [endpoint = 0] = this.#figures();
    const started = currentCore() !== undefined;
    const reasons = Object.entries({
      fault: !isLive(),
      loading: !started,
      ended: this.#ended,
      offline: globalThis.navigator?.onLine === false,
      endpoint: endpoint > 0,
      rejected: endpoint === REJECTING,
      consent: this.#consent !== 'granted',
      storage: spools.get(this.id)?.fault !== undefined,
    }).flatMap(([reason, holds]) => (holds ? [reason] : []));
    // Without storage it goes on in memory.
    const clockSkewMillis = exporters.get(this.id)?.skew;
    return {
      live: isLive(),
      started,
      ready: reasons.every((reason) => reason === 'storage'),
      reasons,
      clockSkewMillis,
    };
  }

  #figures() {
    return currentCore()?.read(2, this.id) ?? [];
  }

  /** The figures of each signal, as they are now. */
  #accounts() {
    settle();
    const core = currentCore();
    if (core) tellLosses(core, this.id);
    const figures = this.#figures();
    const count = OF_SIGNAL + REASONS.length;
    return SIGNALS.map((_, signal) => figures.slice(OF_ALL + signal * count, OF_ALL + (signal + 1) * count));
  }

  stats() {
    const accounts = this.#accounts().map(
      ([started = 0, recovered = 0, exported = 0, pending = 0, ...lost]) => {
        const dropped = Object.fromEntries(REASONS.map((reason, at) => [reason, lost[at] ?? 0]));
        return { started, recovered, exported, pending, dropped };
      },
    );
    // They are counted from their start, as the core counts its own.
    accounts[TRACES].started += this.openRequests;
    accounts[TRACES].pending += this.openRequests;
    return /** @type {import('./types').TelemetryStats} */ (
      /** @type {any} */ (Object.fromEntries(SIGNALS.map((signal, at) => [signal, accounts[at]])))
    );
  }
}

/** @param {import('./types').TelemetryConfig} config */
export const createTelemetry = (config) => new Telemetry(config);
