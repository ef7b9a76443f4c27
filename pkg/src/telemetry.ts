// Telemetry as apps hold it.

import { SIGNALS } from './host/fetch.js';
import { nativeFetch, replaceFetch } from './host/native_fetch.js';
import { pageTraceparent } from './host/page_context.js';
import { keepSession, lastSession } from './host/session.js';
import { Spool, erase } from './host/storage.js';
import { attributesOf, locate } from './before/url.js';
import { extendedOption, samplerOf, telemetryCreator } from './core/config.js';
import { NO_BYTES } from './core/client.js';
import {
  callWhenReady,
  coreRestartListeners,
  currentCore,
  enqueueRecord,
  isLive,
  lastTrace,
  requireExtendedCore,
  whenCoreReady,
} from './core/loader.js';
import { notifyExportSettled, observe, pipelineHost, pipelines, reportDropped } from './core/pipelines.js';
import { FailureLog, accountsOf, flush } from './core/accounts.js';
import { currentSpan, runWithin } from './core/current_span.js';
import { attributesPart, flat, spanContextPart } from './core/flat.js';
import { recordLog } from './log.js';
import { Instrument, ObservableInstrument } from './metrics.js';
import { onRequest } from './on_request.js';
import { check } from './telemetry_options.js';
import { later, handOver } from './core/batch.js';
import { MUSIC_SEARCH_RESULTS } from './semconv.js';
import { baggageHeader, extract, inject } from './core/propagation.js';
import { Span } from './span.js';
import { callback, copyAttributes, dictionary, double, safeString } from './host/webidl.js';
import type { Core } from './core/client.js';
import type { Pipeline } from './core/pipelines.js';
import type { Destination } from './host/fetch.js';
import type { Row } from './host/storage.js';
import type {
  AttributeValue,
  Counter,
  ExportDiagnostic,
  Health,
  HealthReason,
  Histogram,
  InstrumentOptions,
  LogRecord,
  ObservableCallback,
  ObservableInstrument as PublicObservableInstrument,
  RemoteContext,
  Span as PublicSpan,
  SpanOptions,
  TelemetryConfig,
  TelemetryStats,
} from './types/index.js';
import type { ConsentState, DropReason, InstrumentKind, Signal } from 'tonearm-core-glue';

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
  handOver,
  Span,
  flat,
  spanContextPart,
  whenCoreReady,
};

// Its events: methods that `EventTarget` implements.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- declares overloads alone
export interface Telemetry {
  /**
   * `diagnostic`: records of a signal did not arrive, or the endpoint has a message about them. Once for each
   * problem the console has a warning too, with what to check.
   */
  addEventListener(
    type: 'diagnostic',
    listener: (this: Telemetry, event: CustomEvent<ExportDiagnostic>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** A telemetry pipeline. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- as above
export class Telemetry extends EventTarget {
  /** @internal */
  id = ++lastId;
  /** @internal */
  tools = tools;
  /** @internal */
  readonly options: TelemetryConfig;
  #context: Record<string, AttributeValue> = {};
  #user: string | undefined;
  /** Creates the pipeline in a core. */
  #createIn;
  #pipeline: Pipeline;
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
  #failures = new FailureLog(this.id, (record) => this.log(record));
  /** Counts the calls of `setUser`: the last one stands. */
  #users = 0;
  /** Undoes `instrumentFetch()`. */
  #restoreFetch = () => {};
  #onCoreRestart = (error: unknown) => {
    this.#closeSpool();
    // The account begins anew.
    this.#failures.clear();
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

  constructor(config: TelemetryConfig) {
    super();
    const options = (this.options = check(config) as TelemetryConfig);
    this.#createIn = telemetryCreator(options);
    const extended = extendedOption(options);
    if (extended) requireExtendedCore(extended);
    this.#extended = Boolean(extended);
    this.#consent = options.consent ?? 'granted';
    const destination: Destination = {
      ...options,
      ended: this.#leaving.signal,
      diagnose: (...diagnostic) => onRequest.diagnose(this, destination, diagnostic),
    };
    const { sampler, redact, echo, protocol } = options;
    this.#pipeline = {
      destination,
      sampler: sampler && sampler !== 'always_on' ? samplerOf(sampler) : undefined,
      observers: [() => handOver(), () => this.#failures.record()],
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
    const answer = (signal: Signal, record?: Uint8Array) => {
      if (refused.aborted) return;
      if (record) currentCore()?.keep_inspected(this.id, signal, record);
      else currentCore()?.drop_inspected(this.id, signal);
      // A flush waits for what is dropped here, too.
      notifyExportSettled();
    };
    const encode = (attributes: object) =>
      currentCore()?.encode_attributes(1, flat(attributesPart(attributes))) ?? NO_BYTES;
    this.#pipeline.inspect = onRequest.inspector({ redact, echo, encode }, answer);
  }

  #create(again?: boolean) {
    callWhenReady((core) => {
      this.#createIn(core, this.id, pipelineHost(this.id));
      const { serviceName, consent } = this.options;
      const known = this.#consent === 'granted' && this.#stores ? lastSession(serviceName) : undefined;
      const names = flat(serviceName, known?.id ?? '');
      core.begin_session(this.id, names, known?.age ?? 0, known?.idle ?? 0, known?.counted ?? false);
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
    const lossOf = ({ signal, at }: Row, mayHaveArrived: boolean) =>
      currentCore()?.loss_of_stored(signal, Date.now() - at, mayHaveArrived);
    const recover = ({ signal, records, body, at }: Row, lost?: DropReason) => {
      const core = currentCore();
      const age = Math.max(0, (Date.now() - at) / 1000);
      if (lost) core?.drop_recovered(this.id, signal, records, lost);
      else core?.recover(this.id, signal, records, age, body);
    };
    const snapshot = () => {
      handOver();
      const core = currentCore();
      if (!core) return undefined;
      keepSession(serviceName, this.sessionId, core.session_counted(this.id));
      return SIGNALS.map((signal) => {
        const pending: [typeof signal, Uint8Array] = [signal, core.snapshot(this.id, signal) ?? NO_BYTES];
        return pending;
      });
    };
    this.#pipeline.spool = new Spool(serviceName, snapshot, lossOf, recover, () => this.#drop());
    this.#pipeline.spool.start();
  }

  #closeSpool() {
    this.#pipeline.spool?.close();
    this.#pipeline.spool = undefined;
  }

  /** Calls the core after what has ended before, which is recorded as it was then. */
  #callInTurn(call: (core: Core) => void) {
    handOver(true);
    enqueueRecord(call);
  }

  /** `session.id` of what is recorded now; none before the core is there. */
  get sessionId(): string | undefined {
    return currentCore()?.session_id(this.id) || undefined;
  }

  /**
   * `traceparent` of the page's own load, of `<meta name="traceparent">` or the navigation's `Server-Timing`.
   */
  get pageContext(): string | undefined {
    return pageTraceparent();
  }

  /** Starts a span. */
  startSpan(name: string, options?: SpanOptions): PublicSpan {
    return new Span(this.id, safeString(name), options ?? {}, undefined, undefined, this.impliedParent());
  }

  #instrument(name: string, kind: InstrumentKind, options: InstrumentOptions, observed = false) {
    return new Instrument(this.id, name, kind, observed, options, this.options.redact);
  }

  /** A sum that only grows. This and those below throw a `TypeError` for a name that is none. */
  createCounter(name: string, options: InstrumentOptions = {}): Counter {
    return this.#instrument(name, 'counter', options);
  }

  /** A sum. */
  createUpDownCounter(name: string, options: InstrumentOptions = {}): Counter {
    return this.#instrument(name, 'up_down_counter', options);
  }

  /** The last value. */
  createGauge(name: string, options: InstrumentOptions = {}): Histogram {
    return this.#instrument(name, 'gauge', options);
  }

  /** A distribution. */
  createHistogram(name: string, options: InstrumentOptions = {}): Histogram {
    return this.#instrument(name, 'histogram', options);
  }

  #observable(
    method: string,
    kind: InstrumentKind,
    name: string,
    options: InstrumentOptions | undefined,
    observe?: ObservableCallback,
  ) {
    if (observe !== undefined) callback(`${method}: "callback"`, observe);
    return new ObservableInstrument(this.id, this.#instrument(name, kind, options ?? {}, true), observe);
  }

  /** A value that is read when metrics are collected. */
  createObservableGauge(
    name: string,
    options?: InstrumentOptions,
    callback?: ObservableCallback,
  ): PublicObservableInstrument {
    return this.#observable('createObservableGauge', 'gauge', name, options, callback);
  }

  /** A sum that only grows and is kept elsewhere: a callback observes the whole of it. */
  createObservableCounter(
    name: string,
    options?: InstrumentOptions,
    callback?: ObservableCallback,
  ): PublicObservableInstrument {
    return this.#observable('createObservableCounter', 'counter', name, options, callback);
  }

  /** The same of a sum that may fall. */
  createObservableUpDownCounter(
    name: string,
    options?: InstrumentOptions,
    callback?: ObservableCallback,
  ): PublicObservableInstrument {
    return this.#observable('createObservableUpDownCounter', 'up_down_counter', name, options, callback);
  }

  /** Writes a log record. */
  log(record: LogRecord): void {
    const now = performance.now();
    try {
      recordLog(this.id, now, record, currentSpan(this.id));
    } catch (error) {
      // A getter of the app's own: it is the app's to see, and breaks nothing.
      console.error(error);
    }
  }

  /** Counts a search in the library: `music.search.results`. */
  recordSearch(search: { hit: boolean }) {
    const attributes = flat({ hit: Boolean(dictionary('recordSearch', search).hit) });
    whenCoreReady((core) => {
      const series = core.create_series(this.id, MUSIC_SEARCH_RESULTS, attributes) ?? 0;
      core.record_measurement(this.id, series, 1);
    });
  }

  /**
   * Attributes of all that is recorded from here on, metrics of the player included: few values each (region,
   * app version).
   */
  setContext(attributes: Record<string, AttributeValue>): void {
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

  /**
   * Who listens, as `music.user_id` of spans and log records from here on; `null` is nobody. An HMAC by
   * `userKey`, unless it is `plain`. Rejects with a `TypeError` where there is neither.
   */
  async setUser(id: string | null, options?: { plain?: boolean }) {
    const { plain } = dictionary('setUser: options', options);
    const turn = ++this.#users;
    this.#user = undefined;
    this.#setContext();
    if (id === null || id === undefined) return;
    const { userKey } = this.options;
    if (!plain && !userKey)
      throw new TypeError('setUser: expected the option "userKey" of createTelemetry, or { plain: true }');
    const user = plain ? safeString(id) : await onRequest.hmac(userKey as string, safeString(id));
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

  #setConsent(consent: ConsentState) {
    this.#callInTurn((core) => core.set_consent(this.id, consent));
  }

  /**
   * What the listener decided, where the option `consent` was given (`InvalidStateError` otherwise). A
   * refusal erases what is stored of the service, by earlier visits and other tabs too; those drop what they
   * have recorded until then, and go on by their own consent.
   */
  setConsent(granted: boolean): void {
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

  /**
   * Erases what is stored of the service, by earlier visits and other tabs too, whatever this one stores.
   */
  async #erase() {
    this.#abort();
    this.#closeSpool();
    await erase(this.options.serviceName);
  }

  /**
   * The user refused in another tab: what this one has recorded until now is dropped. Its own consent stays.
   */
  #drop() {
    if (!this.options.consent) return;
    this.#abort();
    this.#setConsent('denied');
    this.#setConsent(this.#consent);
  }

  /**
   * What goes along in the `baggage` header (the propagator `baggage`). Throws a `TypeError` for a key that
   * is no token.
   */
  setBaggage(entries: Record<string, string>): void {
    const baggage = baggageHeader(entries);
    this.#baggage = baggage;
    const header = utf8.encode(baggage);
    if (this.#extended) this.#callInTurn((core) => core.set_baggage(this.id, header));
  }

  /**
   * The headers that hand a span on, in the formats of `propagators`: none before consent, and before a
   * larger core is there.
   */
  inject(span: PublicSpan | string | RemoteContext): Record<string, string> {
    return inject(this.id, this.#extended, span);
  }

  /** The context of headers, to be a parent; in the formats of `propagators`. */
  extract(headers: Headers | Record<string, string>): RemoteContext | undefined {
    return extract(this.id, this.#extended, headers);
  }

  /**
   * Calls a function within the scope of a span and returns its result. What begins or is recorded in that
   * call and names no span belongs to this one: spans, traced requests, plays that are loaded, log records,
   * exemplars. The scope ends when the function returns: what an `async` function does after its first
   * `await` names its span itself.
   */
  withSpan<S extends PublicSpan | string | RemoteContext, T>(span: S, call: (span: S) => T): T {
    callback('withSpan: "callback"', call);
    return runWithin(this.id, span, () => call(span));
  }

  /** The parent of what names none: the current span, or the page's load where the app says so. @internal */
  impliedParent() {
    return currentSpan(this.id) ?? (this.options.pageContextAsParent ? this.pageContext : undefined);
  }

  /**
   * `fetch` with a client span, and a `traceparent` where it may go. Leaves what it is given as it is and
   * reads no body: the span ends when the app is done with the body. Of a response whose body nobody has
   * asked for within half a second it ends with the last byte, or with the head.
   */
  fetch(
    input: RequestInfo | URL,
    init?: RequestInit,
    options?: { parent?: PublicSpan | string | RemoteContext | null },
  ): Promise<Response>;
  fetch(...args: any[]): Promise<Response> {
    const [input, init, options] = args;
    const implied = this.impliedParent();
    const own =
      implied === undefined || options?.parent !== undefined ? options : { ...options, parent: implied };
    // Without arguments the browser has an error of its own.
    return this.#ended || args.length === 0
      ? nativeFetch(...args.slice(0, 2))
      : onRequest.fetch(tools, this, input, init, own);
  }

  /** Until the script that traces is there, the app's requests go untraced. */
  #onFetch = (...args: any[]) =>
    onRequest.isTracing() ? this.fetch(args[0], args[1]) : nativeFetch(...args);

  /**
   * Puts that in the place of `globalThis.fetch`; the function that comes back undoes it. A second call, of
   * another copy of the package too, traces no request twice: the last that was called traces.
   */
  instrumentFetch(): () => void {
    onRequest.tracing().catch(() => {});
    return (this.#restoreFetch = replaceFetch(this.#onFetch));
  }

  /**
   * Sends what is recorded as soon as it can be. Fulfils once all of it was answered, or after that time:
   * with whether it all arrived.
   */
  async forceFlush(options?: { timeoutMillis?: number }): Promise<boolean> {
    const { timeoutMillis = 30_000 } = dictionary('forceFlush: options', options);
    const limit = Math.min(double('forceFlush: option "timeoutMillis"', timeoutMillis), MAX_TIMEOUT);
    return flush(this.id, limit);
  }

  /**
   * Sends what is recorded and ends; `forget` erases it instead, in storage too. Calls after it do nothing.
   */
  async shutdown(options?: { forget?: boolean }) {
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

  /**
   * Whether it lives (no fault ended it for good), has started (the core is there), and is ready (what is
   * recorded arrives), with what stands against it.
   */
  health(): Health {
    const endpoint = currentCore()?.endpoint_state(this.id) ?? 'well';
    const started = currentCore() !== undefined;
    const reasons = Object.entries<boolean>({
      fault: !isLive(),
      loading: !started,
      ended: this.#ended,
      offline: globalThis.navigator?.onLine === false,
      endpoint: endpoint !== 'well',
      rejected: endpoint === 'rejecting',
      consent: this.#consent !== 'granted',
      storage: this.#pipeline.spool?.fault !== undefined,
    } satisfies Record<HealthReason, boolean>).flatMap(([reason, holds]) =>
      holds ? [reason as HealthReason] : [],
    );
    // Without storage it goes on in memory.
    const skew = currentCore()?.clock_skew(this.id) ?? NaN;
    return {
      live: isLive(),
      started,
      ready: reasons.every((reason) => reason === 'storage'),
      reasons,
      clockSkewMillis: Number.isNaN(skew) ? undefined : skew,
    };
  }

  /** Where every record is. */
  stats(): TelemetryStats {
    const accounts = Object.fromEntries(accountsOf(this.id));
    // They are counted from their start, as the core counts its own.
    accounts.traces.started += this.openRequests;
    accounts.traces.pending += this.openRequests;
    return accounts as unknown as TelemetryStats;
  }
}

/**
 * Makes a pipeline. Throws a `TypeError` that names the option at fault, and an `InvalidStateError` where an
 * option needs the larger core (`sampler`, `propagators`, `consent`, `cmcd`, `redact`, `echo`, `tellsItself`)
 * and the other is on its way already.
 */
export const createTelemetry = (config: TelemetryConfig) => new Telemetry(config);
