// The types of the package, hand-written: what each name means, its units, its errors.

import type {
  Counter,
  Histogram,
  InstrumentOptions,
  ObservableCallback,
  ObservableInstrument,
} from './instruments.js';

export * from './instruments.js';

/** Where the package's files are, if not beside its script. */
export interface InitOptions {
  /** `tonearm_bg.wasm`. */
  wasm?: string | URL;
  /** `worker.js`; `tonearm_media.js` and its wasm lie beside it. Of another origin it is imported, by CORS. */
  worker?: string | URL;
  /** `worklet.js`. */
  worklet?: string | URL;
  /** `tonearm_full_bg.wasm`, which is loaded in the place of the other where an option of a pipeline asks for it. */
  fullWasm?: string | URL;
  /** Loads that one whatever is asked for, so that later pipelines may ask; rejects where the other is on its way already. */
  full?: boolean;
}

/**
 * Loads the core now. Without it the first `createTelemetry()` or `createPlayer()` does; both may be used before it is
 * there. Rejects with a `DOMException`: `NetworkError` (a file is missing, or something else came in its place: it says what) or
 * `NotSupportedError` (no WebAssembly, no browser, or a content security policy without `'wasm-unsafe-eval'`). A busy server and a
 * network that fails are asked three times more, within two seconds; a later call tries again.
 */
export function init(options?: InitOptions): Promise<void>;

/**
 * A value of an attribute. Whole numbers are sent as integers, dates as ISO 8601, URLs and errors as text, sets and typed arrays as
 * lists.
 */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | string[]
  | number[]
  | boolean[]
  | Date
  | URL
  | Error
  | Set<unknown>
  | ArrayBufferView;

/**
 * A value of a log record: also lists and maps of values, up to eight deep and 1024 in all. The first error among a record's body and
 * attributes also becomes `exception.type`, `exception.message` and `exception.stacktrace`.
 */
export type LogValue = AttributeValue | LogValue[] | Map<unknown, unknown> | { [key: string]: LogValue };

/** Options of a telemetry pipeline. */
export interface TelemetryConfig {
  /** `service.name`. */
  serviceName: string;
  /** `service.version`. */
  serviceVersion?: string;
  /** `deployment.environment.name`. */
  environment?: string;
  /** Further resource attributes. */
  resource?: Record<string, AttributeValue>;
  /** Where OTLP goes; `/v1/traces`, `/v1/metrics`, `/v1/logs` are added. The page's own origin by default. */
  endpoint?: string;
  /** Where one signal goes, as a whole URL. */
  endpoints?: { traces?: string; metrics?: string; logs?: string };
  /** Headers of every export, or a function that gives them (a token that is renewed). */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);
  /** Whether what is pending is kept in IndexedDB for the next visit: true by default. */
  storage?: boolean;
  /** `gzip` by default; JSON that outlives the page goes uncompressed. */
  compression?: 'gzip' | 'none';
  /** Query keys whose values may be told; others are redacted. */
  allowQuery?: string[];
  /** Says what is told of a URL, whose query values are redacted by then. */
  scrubUrl?(url: string): string;
  /**
   * Origins (`https://api.example.com`) beside the page's own whose requests get a `traceparent` header. Each URL costs a preflight.
   * A method that may not be sent twice carries it where the origin has accepted it before, or where the app vouches that it does:
   * `{ origin, methods: 'all' }`.
   */
  propagateTo?: (string | { origin: string; methods: 'all' })[];
  /** Whether `pageContext` is the parent of spans, traced requests and plays that name none. Under `parentBased` its decision counts too. */
  pageContextAsParent?: boolean;
  /** The longest that a span waits in its queue, in milliseconds: 5000; before, ended spans are gathered for up to half a second. A log record waits a second at most. */
  scheduledDelayMillis?: number;
  /** Records in one request: 512. */
  maxExportBatchSize?: number;
  /** Records that may wait: 16384. */
  maxQueueSize?: number;
  /** How long one export may take, in milliseconds: 30000. */
  exportTimeoutMillis?: number;
  /** Time between two collections of metrics, in milliseconds: 60000. */
  metricIntervalMillis?: number;
  /** `delta` by default: a Collector must give such points their arrival time before it adds them up. */
  temporality?: 'delta' | 'cumulative';
  /**
   * The least grave log record that is kept; by the beginning of an event's name where it is an object (`{ '': 'info', 'audio.':
   * 'warn' }`, the longest that fits counts). By default all, and `info` where `environment` is `production`.
   */
  logLevel?: LogSeverity | Record<string, LogSeverity>;
  /** Which traces are exported: all by default, since a Collector chooses better. */
  sampler?: 'always_on' | 'always_off' | Sampler;
  /** How contexts are handed on: `['tracecontext']` by default. */
  propagators?: Propagator[];
  /** Whether media requests to origins that may have no header tell their trace as a CMCD key in their query (CTA-5004). */
  cmcd?: boolean;
  /** `http/protobuf` by default. */
  protocol?: 'http/protobuf' | 'http/json';
  /** `pending`: memory only until `setConsent`; `denied`: nothing is recorded until then, and what earlier visits and other tabs
   *  have stored is erased. */
  consent?: 'granted' | 'pending' | 'denied';
  /** Sees each span and log record before it is queued, and each series of the app's own instruments before its first value; may
   *  change what is not read-only (of a series the attributes), and drops it by `false`. It decides at once: an async function is
   *  refused, and a record for which it throws or returns a promise is dropped. */
  redact?(record: RedactedRecord): boolean | void;
  /** Whether log records go to the console too. */
  echo?: boolean;
  /** Whether the pipeline tells of itself: `otel.sdk.*`. */
  tellsItself?: boolean;
  /** The key by which `setUser` hides who it is (HMAC-SHA-256). */
  userKey?: string;
}

/** Which traces are exported. */
export interface Sampler {
  /** Part of the traces, from 0 to 1, chosen by their ids. */
  ratio?: number;
  /** The same for spans of a name. */
  byName?: Record<string, number>;
  /** Whether another process's decision stands. */
  parentBased?: boolean;
  /** Plays that were not chosen, and start slower than so many seconds, stall or fail, are exported whole. */
  tail?: { slowerThan: number };
}

export type Propagator = 'tracecontext' | 'baggage' | 'b3' | 'b3multi';

/** A record as the app may look at it. */
export interface RedactedRecord {
  readonly signal: 'traces' | 'logs' | 'metrics';
  /** The span's name, or the event's; of a series the instrument's, which stays. */
  name: string;
  /** Of a log record. */
  body?: LogValue;
  attributes: Record<string, LogValue>;
  /** Of a span that failed: its message. */
  status?: string;
  /** Of a span: the same objects, changed, or taken out; with others in their place the whole record is out. */
  events?: { name: string; attributes: Record<string, LogValue> }[];
  links?: { readonly traceId: string; readonly spanId: string; attributes: Record<string, LogValue> }[];
  readonly traceId?: string;
  readonly spanId?: string;
}

/** A context that came in. */
export interface RemoteContext {
  /** None where only baggage came. */
  traceparent?: string;
  tracestate?: string;
  /**
   * The members of `baggage`, decoded, without their properties: of what `extract` gives, where `propagators` names it. They are handed
   * on by `inject` and by spans whose parent this is, before those of `setBaggage`.
   */
  baggage?: Record<string, string>;
}

/** Options of a span. */
export interface SpanOptions {
  /** Its parent: a span, or a `traceparent`. Without one the current span (`withSpan`), or it begins a trace; with `null` it does. */
  parent?: Span | string | RemoteContext | null;
  /** `internal` by default. */
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Now by default; a page time as of `performance.now()`, Unix milliseconds, or a `Date`. */
  startTime?: number | Date;
  /** Spans that it refers to. */
  links?: { span: Span | string; attributes?: Record<string, AttributeValue> }[];
  /** Attributes known at the start. */
  attributes?: Record<string, AttributeValue>;
}

/** A span of the app's own. */
export interface Span {
  /** The W3C `traceparent` that hands it on. */
  readonly traceparent: string;
  /** Sets an attribute; the last value of a key wins. */
  setAttribute(key: string, value: AttributeValue): this;
  /** Marks it as failed. */
  setError(message: string): this;
  /** Refers to another span; 128 of them at most. */
  addLink(span: Span | string, attributes?: Record<string, AttributeValue>): this;
  /** Adds an event, at a time as of `startTime`; 128 of them at most. */
  addEvent(name: string, attributes?: Record<string, AttributeValue>, time?: number | Date): this;
  /** Adds an `exception` event with the type, the message and the stack of what was thrown. The span's status stays what it is. */
  recordException(error: unknown, attributes?: Record<string, AttributeValue>): this;
  /** Gives it another name. What was sampled by the first one stays so. */
  updateName(name: string): this;
  /**
   * Ends and queues it, as it is now: what is set later is not recorded. The time is as of `startTime`; before the start it is the
   * start. A second call does nothing.
   */
  end(options?: { endTime?: number | Date }): void;
  /** The same, at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** How grave a log record is. */
export type LogSeverity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** A log record. */
export interface LogRecord {
  /** `event.name`: low-cardinality; storms are sampled by it. */
  eventName: string;
  /** `info` by default. Names of other loggers (`warning`, `ERROR`, `critical`) count as the nearest, a number as a `SeverityNumber`. */
  severity?: LogSeverity | (string & {}) | number;
  /** What it says. */
  body?: LogValue;
  /** More of it. */
  attributes?: Record<string, LogValue | undefined>;
  /** The span of the moment: a span, or a `traceparent`. */
  span?: Span | string;
}

/** Where every record of a signal is: `started + recovered = exported + pending + Σ dropped`. Metrics count their points. */
export interface SignalStats {
  started: number;
  /** Of an earlier visit. */
  recovered: number;
  exported: number;
  pending: number;
  dropped: {
    queue_full: number;
    too_many_open: number;
    rejected: number;
    retries_exhausted: number;
    sampled: number;
    level: number;
    unconfirmed: number;
    expired: number;
    unsampled: number;
    consent: number;
    redacted: number;
  };
}

/** Where every record of a pipeline is. */
export interface TelemetryStats {
  traces: SignalStats;
  metrics: SignalStats;
  logs: SignalStats;
}

/** A fault ended it for good; the core is on its way; `shutdown` ended it; no network; an endpoint takes no records, and where
 *  it answers and refuses them `rejected` too; the listener has not consented; nothing can be stored (it goes on in memory). */
export type HealthReason =
  'fault' | 'loading' | 'ended' | 'offline' | 'endpoint' | 'rejected' | 'consent' | 'storage';

/** A delivery that failed: the `detail` of a `diagnostic` event. */
export interface ExportDiagnostic {
  readonly signal: 'traces' | 'metrics' | 'logs';
  /** No response; a response after which it is tried again; a refusal; a redirect, which is not followed; a single record that is
   *  too large (413: batches are split); some records rejected, or a message about them. */
  readonly problem:
    'unreachable' | 'unavailable' | 'rejected' | 'redirected' | 'too_large' | 'partial_success';
  /** Where it went. */
  readonly url: string;
  /** The status of the response, if there was one that may be read. */
  readonly status: number | undefined;
  /** Records that are dropped for it; 0 while they are retried. */
  readonly records: number;
  /** What the endpoint says, 1 KiB at most; empty where it says nothing. */
  readonly message: string;
}

/** A telemetry pipeline. */
export interface Telemetry extends EventTarget {
  /**
   * `diagnostic`: records of a signal did not arrive, or the endpoint has a message about them. Once for each problem the console
   * has a warning too, with what to check.
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
  /** Starts a span. */
  startSpan(name: string, options?: SpanOptions): Span;
  /** A sum that only grows. This and those below throw a `TypeError` for a name that is none. */
  createCounter(name: string, options?: InstrumentOptions): Counter;
  /** A sum. */
  createUpDownCounter(name: string, options?: InstrumentOptions): Counter;
  /** The last value. */
  createGauge(name: string, options?: InstrumentOptions): Histogram;
  /** A distribution. */
  createHistogram(name: string, options?: InstrumentOptions): Histogram;
  /** A value that is read when metrics are collected. */
  createObservableGauge(
    name: string,
    options?: InstrumentOptions,
    callback?: ObservableCallback,
  ): ObservableInstrument;
  /** A sum that only grows and is kept elsewhere: a callback observes the whole of it. */
  createObservableCounter(
    name: string,
    options?: InstrumentOptions,
    callback?: ObservableCallback,
  ): ObservableInstrument;
  /** The same of a sum that may fall. */
  createObservableUpDownCounter(
    name: string,
    options?: InstrumentOptions,
    callback?: ObservableCallback,
  ): ObservableInstrument;
  /**
   * Calls a function within the scope of a span and returns its result. What begins or is recorded in that call and names no span
   * belongs to this one: spans, traced requests, plays that are loaded, log records, exemplars. The scope ends when the function
   * returns: what an `async` function does after its first `await` names its span itself.
   */
  withSpan<S extends Span | string | RemoteContext, T>(span: S, call: (span: S) => T): T;
  /** Writes a log record. */
  log(record: LogRecord): void;
  /**
   * `fetch` with a client span, and a `traceparent` where it may go. Leaves what it is given as it is and reads no body: the
   * span ends when the app is done with the body. Of a response whose body nobody has asked for within half a second it ends with the last
   * byte, or with the head.
   */
  fetch(
    input: RequestInfo | URL,
    init?: RequestInit,
    options?: { parent?: Span | string | RemoteContext | null },
  ): Promise<Response>;
  /** Puts that in the place of `globalThis.fetch`; the function that comes back undoes it. A second call, of another copy of the
   *  package too, traces no request twice: the last that was called traces. */
  instrumentFetch(): () => void;
  /** Counts a search in the library: `music.search.results`. */
  recordSearch(search: { hit: boolean }): void;
  /** Attributes of all that is recorded from here on, metrics of the player included: few values each (region, app version). */
  setContext(attributes: Record<string, AttributeValue>): void;
  /**
   * Who listens, as `music.user_id` of spans and log records from here on; `null` is nobody. An HMAC by `userKey`, unless it is
   * `plain`. Rejects with a `TypeError` where there is neither.
   */
  setUser(id: string | null, options?: { plain?: boolean }): Promise<void>;
  /** What the listener decided, where the option `consent` was given (`InvalidStateError` otherwise). A refusal erases what is stored of
   *  the service, by earlier visits and other tabs too; those drop what they have recorded until then, and go on by their own consent. */
  setConsent(granted: boolean): void;
  /** What goes along in the `baggage` header (the propagator `baggage`). Throws a `TypeError` for a key that is no token. */
  setBaggage(entries: Record<string, string>): void;
  /** The headers that hand a span on, in the formats of `propagators`: none before consent, and before a larger core is there. */
  inject(span: Span | string | RemoteContext): Record<string, string>;
  /** The context that headers tell, to be a parent; in the formats of `propagators`. */
  extract(headers: Headers | Record<string, string>): RemoteContext | undefined;
  /** `traceparent` of the page's own load, of `<meta name="traceparent">` or the navigation's `Server-Timing`. */
  readonly pageContext: string | undefined;
  /** `session.id` of what is recorded now; none before the core is there. */
  readonly sessionId: string | undefined;
  /** Sends what is recorded as soon as it can be. Fulfils once all of it was answered, or after that time: with whether it all
   *  arrived. */
  forceFlush(options?: { timeoutMillis?: number }): Promise<boolean>;
  /** Sends what is recorded and ends; `forget` erases it instead, in storage too. Calls after it do nothing. */
  shutdown(options?: { forget?: boolean }): Promise<void>;
  /** Whether it lives (no fault ended it for good), has started (the core is there), and is ready (what is recorded arrives),
   *  with what stands against it. */
  health(): {
    live: boolean;
    started: boolean;
    ready: boolean;
    reasons: HealthReason[];
    /** How far the endpoint's clock is ahead of this page's, to the second, where its `Date` header may be read. */
    clockSkewMillis: number | undefined;
  };
  /** Where every record is. */
  stats(): TelemetryStats;
}

/**
 * Makes a pipeline. Throws a `TypeError` that names the option at fault, and an `InvalidStateError` where an option needs the larger
 * core (`sampler`, `propagators`, `consent`, `cmcd`, `redact`, `echo`, `tellsItself`) and the other is on its way already.
 */
export function createTelemetry(config: TelemetryConfig): Telemetry;

/** The state of a player. */
export type PlayerState =
  | 'idle'
  | 'loading'
  | 'ready'
  | 'starting'
  | 'playing'
  | 'rebuffering'
  | 'paused'
  | 'seeking'
  | 'ended'
  | 'failed'
  | 'recovering';

/** What a source's `resolve` is given. */
export interface ResolveContext {
  /** `fetch`, as a span of the play, with its `traceparent` where the destination may have one. */
  fetch: typeof fetch;
  /** Aborted when the play is not wanted any more. */
  signal: AbortSignal;
}

/** What is fetched before a play, as `HTMLMediaElement.preload` means it. */
export type Preload = 'none' | 'metadata' | 'auto';

/** A track. Either `src` or `resolve` is needed. */
export interface Source {
  /** The URL of the media, or the media itself. */
  src?: string | URL | Blob;
  /** Headers of the media requests. */
  headers?: Record<string, string>;
  /** Makes the media requests in the app's own way: a service that signs them, a cache. A `Range` header may be among those of the
   *  request. */
  fetch?(request: Request): Promise<Response>;
  /** Gives another URL where the server says that this one has run out (401, 403, 404, 410), before the play and in its middle. At
   *  another origin its requests carry no `authorization` of `headers`, and a `traceparent` only where `propagateTo` has the origin. */
  renew?(expired: { url: string; status: number }): string | URL | Promise<string | URL>;
  /** Gives the URL when the play begins, for instance from the track's metadata; part of the play's trace. It has as long as a first
   *  byte (`firstByteTimeout`), then its signal aborts and the play fails with `NetworkError`. */
  resolve?(context: ResolveContext): string | URL | Promise<string | URL>;
  /** `include` sends cookies to other origins too. */
  credentials?: 'same-origin' | 'include';
  /** Seconds that the server may take until the first byte of a media request: 20. A play that waits longer fails with `NetworkError`. */
  firstByteTimeout?: number;
  /** `music.track_id` of the play. */
  trackId?: string;
  /** `music.playlist_id` of the play. */
  playlistId?: string;
  /** The app's span above the play; without it the play begins a trace. */
  parent?: Span | string | RemoteContext;
}

export interface LoadOptions {
  /** Ends the load, and the play of its source, when it aborts; after that only another load plays. */
  signal?: AbortSignal;
}

export interface PlayOptions {
  /** Who asks: found out from the page's user activation by default. */
  trigger?: 'user' | 'auto' | 'api';
  /** Where the browser wants a gesture, wait for the next one instead of rejecting. */
  onGesture?: boolean;
}

/** Who plays: `stream` is the package's own engine, `element` the browser's. */
export type Engine = 'stream' | 'element';

/** Whether the loudness that a file states is levelled, and of what. */
export type ReplayGain = 'off' | 'track' | 'album';

export interface PlayerOptions {
  /** Levels tracks by the ReplayGain or R128 tags of their files, of the track or of its album; `off` at first. */
  replayGain?: ReplayGain;
  /** `auto` at first: the package's own, but for iOS, where a locked screen suspends Web Audio; and the element where that can't play:
   *  media of another origin without CORS, formats that it does not know, no worklet; never for sources with hooks or headers. */
  engine?: 'auto' | Engine;
  /** The pipeline that tells of the plays. Without one the player works alike. */
  telemetry?: Telemetry;
  /** Where the sound goes, in any AudioContext; by default the speakers, over one context for the page. */
  destination?: AudioNode;
}

/** The figures of the current or last play. Times in seconds. */
export interface PlayerStats {
  /** Audio that was heard. */
  playTime: number;
  /** Silence of stalls. */
  stallTime: number;
  /** Stalls. */
  stalls: number;
  /** Packets that could not be decoded and became silence. */
  decodeFailures: number;
  /** Play request to first audible sample; NaN before. */
  latency: number;
  /** The parts that the latency is the sum of. */
  phases: { metadata: number; connect: number; firstByte: number; decode: number; output: number };
}

/** What a file says of its music (ID3v2, Vorbis comments, the list of iTunes): names as in Vorbis comments, in small letters. */
export interface TrackMetadata {
  title?: string;
  artist?: string;
  album?: string;
  albumartist?: string;
  date?: string;
  genre?: string;
  tracknumber?: string;
  [name: string]: string | Blob | undefined;
  /** The front cover, as the file has it: for `URL.createObjectURL()`. */
  artwork?: Blob;
}

/** The events of a player; all are plain `Event`s. `timeupdate` comes four times a second from when `addEventListener` is first called for it. */
export type PlayerEventName =
  | 'statechange'
  | 'emptied'
  | 'loadstart'
  | 'loadedmetadata'
  | 'durationchange'
  | 'canplay'
  | 'progress'
  | 'metadatachange'
  | 'play'
  | 'waiting'
  | 'playing'
  | 'pause'
  | 'ended'
  | 'seeking'
  | 'seeked'
  | 'timeupdate'
  | 'volumechange'
  | 'ratechange'
  | 'error';

/**
 * A player. Names are those of `HTMLMediaElement` and mean the same. Promises reject with a `DOMException`:
 * `NotAllowedError` (the browser wants a user gesture), `NetworkError`, `NotSupportedError` (format), `EncodingError`
 * (undecodable or truncated), `AbortError` (or the signal's reason), `InvalidStateError`, `OperationError` (the core, the Worker or
 * the audio output is lost: the next play has another), `QuotaExceededError` (too many calls wait for it). Setting `volume` beyond its range throws an
 * `IndexSizeError`, `currentTime` to what is no finite number a `TypeError`.
 */
export class Player extends EventTarget {
  constructor(options?: PlayerOptions);
  /** Selects a source; fetches what `preload` says. Of several, in the order of preference, the first that plays is played. Rejects
   *  with a `TypeError` for what is no source. */
  load(
    source: string | URL | Blob | Source | (string | URL | Blob | Source)[],
    options?: LoadOptions,
  ): Promise<void>;
  /** Seconds of the track in a second, from 0.25 to 4; the pitch is kept by `preservesPitch`. */
  playbackRate: number;
  /** Whether the pitch stays what it is at another rate; true at first. What it takes is loaded then (40 KB). */
  preservesPitch: boolean;
  /** What `load()` fetches; `none` at first. */
  preload: Preload;
  /** Plays the track again and again. */
  loop: boolean;
  /** Plays from one position to another again and again, in seconds; without arguments, plays on. */
  setLoop(start?: number, end?: number): void;
  /** Whether a MIME type can be played, as `HTMLMediaElement.canPlayType()` says it. */
  canPlayType(type: string): '' | 'maybe' | 'probably';
  /** Plays; fulfils when the first sample is audible. Call it in the task of the listener's click. */
  play(options?: PlayOptions): Promise<void>;
  /** Fetches and decodes what a play would need, and holds it: the next `play()` is heard at once. */
  prepare(): void;
  /**
   * Prepares, and begins by itself with the very frame behind the last one of another player over the same context; or so many
   * seconds before its end, while the other fades out. Fulfils when the first sample is audible.
   */
  follow(leader: Player, options?: { crossfade?: number; signal?: AbortSignal }): Promise<void>;
  /** Fades beside the volume, from the level that is heard to a factor from 0 to 1 within so many seconds, from now on or from a time of
   *  the context. Throws a `NotSupportedError` where an element plays whose volume a page may not set (iOS). */
  fade(to: number, seconds: number, at?: number): void;
  /** What is heard of this player, for a spectrum; made when it is first read. */
  readonly analyser: AnalyserNode;
  /** Plays through another output (`AudioContext.setSinkId`): all players over the same context do. Rejects with a
   *  `NotSupportedError` where the browser can't. */
  setSinkId(id: string): Promise<void>;
  pause(): void;
  /** Back to the start, silent; the source stays. */
  stop(): void;
  /** Gives everything back. */
  destroy(): void;
  /** Who plays. An element has no `analyser`, follows nobody, and tells its start by an event instead of a frame. */
  readonly engine: Engine;
  readonly state: PlayerState;
  readonly paused: boolean;
  readonly ended: boolean;
  readonly seeking: boolean;
  /** Seconds; setting it seeks. */
  currentTime: number;
  /** Seconds; NaN before it is known. */
  readonly duration: number;
  readonly buffered: TimeRanges;
  /** From 0 to 1. */
  volume: number;
  muted: boolean;
  /** What ended the track, if something did: the very object that `play()` rejected with; its `cause` is what `resolve` threw. */
  readonly error: DOMException | null;
  /** What the file says of its music; empty before that is read (`metadatachange`). */
  readonly metadata: TrackMetadata;
  /** W3C `traceparent` of the current or last play: for the app's own spans and for support tickets. */
  readonly traceparent: string | null;
  /** The figures of the current or last play. */
  stats(): PlayerStats;
  addEventListener(
    type: PlayerEventName,
    listener: (this: Player, event: Event) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** Whether a MIME type can be played, as `HTMLMediaElement.canPlayType()` says it. */
export function canPlayType(type: string): '' | 'maybe' | 'probably';

/** Makes a player. */
export function createPlayer(options?: PlayerOptions): Player;
