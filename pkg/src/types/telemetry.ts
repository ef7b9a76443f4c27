// Options, records and accounts of a telemetry pipeline.

import type { AttributeValue, LogValue } from './attributes.js';
import type { Span } from './spans.js';

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
  /** Query keys whose values are recorded; others are redacted. */
  allowQuery?: string[];
  /** Returns what is recorded of a URL, whose query values are redacted by then. */
  scrubUrl?(url: string): string;
  /**
   * Origins (`https://api.example.com`) beside the page's own whose requests get a `traceparent` header. Each
   * URL costs a preflight. A method that may not be sent twice carries it where the origin has accepted it
   * before, or where the app vouches that it does: `{ origin, methods: 'all' }`.
   */
  propagateTo?: (string | { origin: string; methods: 'all' })[];
  /**
   * Whether `pageContext` is the parent of spans, traced requests and plays that name none. Under
   * `parentBased` its decision counts too.
   */
  pageContextAsParent?: boolean;
  /**
   * The longest that a span waits in its queue, in milliseconds: 5000; before, ended spans are gathered for
   * up to half a second. A log record waits a second at most.
   */
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
   * The least grave log record that is kept; by the beginning of an event's name where it is an object (`{
   * '': 'info', 'audio.': 'warn' }`, the longest that fits counts). By default all, and `info` where
   * `environment` is `production`.
   */
  logLevel?: LogSeverity | Record<string, LogSeverity>;
  /** Which traces are exported: all by default, since a Collector chooses better. */
  sampler?: 'always_on' | 'always_off' | Sampler;
  /** How contexts are handed on: `['tracecontext']` by default. */
  propagators?: Propagator[];
  /**
   * Whether media requests to origins that may have no header name their trace as a CMCD key in their query
   * (CTA-5004).
   */
  cmcd?: boolean;
  /** `http/protobuf` by default. */
  protocol?: 'http/protobuf' | 'http/json';
  /**
   * `pending`: memory only until `setConsent`; `denied`: nothing is recorded until then, and what earlier
   * visits and other tabs have stored is erased.
   */
  consent?: 'granted' | 'pending' | 'denied';
  /**
   * Sees each span and log record before it is queued, and each series of the app's own instruments before
   * its first value; may change what is not read-only (of a series the attributes), and drops it by `false`.
   * It decides at once: an async function is refused, and a record for which it throws or returns a promise
   * is dropped.
   */
  redact?(record: RedactedRecord): boolean | void;
  /** Whether log records go to the console too. */
  echo?: boolean;
  /** Whether the pipeline records its own metrics: `otel.sdk.*`. */
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
  /**
   * Of a span: the same objects, changed, or taken out; with others in their place the whole record is out.
   */
  events?: { name: string; attributes: Record<string, LogValue> }[];
  links?: { readonly traceId: string; readonly spanId: string; attributes: Record<string, LogValue> }[];
  readonly traceId?: string;
  readonly spanId?: string;
}

/** How grave a log record is. */
export type LogSeverity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** A log record. */
export interface LogRecord {
  /** `event.name`: low-cardinality; storms are sampled by it. */
  eventName: string;
  /**
   * `info` by default. Names of other loggers (`warning`, `ERROR`, `critical`) count as the nearest, a number
   * as a `SeverityNumber`.
   */
  severity?: LogSeverity | (string & {}) | number;
  /** What it says. */
  body?: LogValue;
  /** More of it. */
  attributes?: Record<string, LogValue | undefined>;
  /** The span of the moment: a span, or a `traceparent`. */
  span?: Span | string;
}

/**
 * Where every record of a signal is: `started + recovered = exported + pending + Σ dropped`. Metrics count
 * their points.
 */
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

/**
 * A fault ended it for good; the core is on its way; `shutdown` ended it; no network; an endpoint takes no
 * records, and where it answers and refuses them `rejected` too; the listener has not consented; nothing can
 * be stored (it goes on in memory).
 */
export type HealthReason =
  'fault' | 'loading' | 'ended' | 'offline' | 'endpoint' | 'rejected' | 'consent' | 'storage';

/** How a pipeline is. */
export interface Health {
  /** No fault ended it for good. */
  live: boolean;
  /** The core is there. */
  started: boolean;
  /** What is recorded arrives. */
  ready: boolean;
  /** What stands against it. */
  reasons: HealthReason[];
  /**
   * How far the endpoint's clock is ahead of this page's, to the second, where its `Date` header may be read.
   */
  clockSkewMillis: number | undefined;
}

/** A delivery that failed: the `detail` of a `diagnostic` event. */
export interface ExportDiagnostic {
  readonly signal: 'traces' | 'metrics' | 'logs';
  /**
   * No response; a response after which it is tried again; a refusal; a redirect, which is not followed; a
   * single record that is too large (413: batches are split); some records rejected, or a message about them.
   */
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
