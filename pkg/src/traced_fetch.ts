// `fetch` with a client span (semantic conventions for HTTP) and a trace header where it may go. Reads no
// body, clones nothing, leaves what the caller passes as it is; the app's request succeeds or fails as it
// would without us.

import { takeRecords, timingsOf } from './host/resource_timing.js';
import { serverTiming } from './host/server_timing.js';
import { initWithHeaders, readArguments } from './fetch_arguments.js';
import {
  mayBeRefused,
  mayCarry,
  rememberAccepted,
  rememberRedirected,
  rememberRefused,
} from './header_memory.js';
import { endUnread, release, watchResponse } from './traced_response.js';
import {
  CDN_CACHE,
  CDN_NODE,
  ERROR_TYPE,
  HTTP_CLIENT_REQUEST_DURATION,
  HTTP_PHASE_CONNECT,
  HTTP_PHASE_LOOKUP,
  HTTP_PHASE_RECEIVE,
  HTTP_PHASE_WAIT,
  HTTP_REQUEST_METHOD,
  HTTP_REQUEST_METHOD_ORIGINAL,
  HTTP_RESPONSE_STATUS_CODE,
  SERVER_ADDRESS,
  SERVER_PORT,
  SERVER_TRACE_ID,
} from './semconv.js';
import type { Core } from './core/client.js';
import type { Telemetry } from './telemetry.js';
import type { Span } from './types/index.js';

/** `SpanKind`. */
const CLIENT = 3;
/** What this gets by with of the page's script. */
export type Tools = {
  nativeFetch: typeof import('./host/native_fetch.js').nativeFetch;
  locate: typeof import('./before/url.js').locate;
  attributesOf: typeof import('./before/url.js').attributesOf;
  Span: typeof import('./span.js').Span;
  later: typeof import('./core/batch.js').later;
  handOver: typeof import('./core/batch.js').handOver;
  flat: typeof import('./core/flat.js').flat;
  spanContextPart: typeof import('./core/flat.js').spanContextPart;
  whenCoreReady: typeof import('./core/loader.js').whenCoreReady;
};
/** Methods that may be sent twice without harm (RFC 9110 section 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Headers that say that a request has a context already. */
const CARRIED = ['traceparent', 'b3', 'x-b3-traceid'];
/** Series of the core, by what they are of. */
let series: Map<string, number> = new Map();
let seriesOf: Core | undefined;
const MOST_SERIES = 1000;

/** Methods that OpenTelemetry knows (RFC 9110, RFC 5789); others would be names without end. */
const KNOWN = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);
/** Methods whose case a browser corrects (Fetch standard, "normalize a method"). */
const NORMALIZED = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const OTHER = '_OTHER';
const MAX_METHOD = 64;

/** The method as it is sent. */
function methodOf(given: unknown) {
  const method = String(given ?? 'GET');
  const upper = method.toUpperCase();
  return NORMALIZED.has(upper) ? upper : method;
}

/** Ends the spans of requests that are under way when the page is left. */
const open: Set<() => void> = new Set();
/** Whether the page has been left: what fails from then on, or failed a moment before, failed by that. */
let isLeft = false;
// In the capturing phase, before the records of the page are sent.
addEventListener(
  'pagehide',
  () => {
    isLeft = true;
    endUnread();
    for (const leave of [...open]) leave();
  },
  true,
);
addEventListener('pageshow', () => (isLeft = false), true);
addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && endUnread(), true);

/**
 * Adds the parts of a request, in seconds, as Resource Timing has them: of another origin only where the
 * server lets us (`Timing-Allow-Origin`).
 * @param began page time
 * @param ended the same
 */
function addPhases(attributes: Record<string, unknown>, href: string, began: number, ended: number) {
  // The first that began then: a later one of the same URL has an entry of its own.
  const entry = timingsOf(href, began, ended).find(({ requestStart }) => requestStart > 0);
  if (!entry) return;
  const part = (key: string, from: number, to: number) => {
    if (to >= from && from > 0) attributes[key] = (to - from) / 1000;
  };
  part(HTTP_PHASE_LOOKUP, entry.domainLookupStart, entry.domainLookupEnd);
  part(HTTP_PHASE_CONNECT, entry.connectStart, entry.connectEnd);
  part(HTTP_PHASE_WAIT, entry.requestStart, entry.responseStart);
  part(HTTP_PHASE_RECEIVE, entry.responseStart, entry.responseEnd);
}

export async function tracedFetch(
  { nativeFetch, locate, attributesOf, Span, later, handOver, flat, spanContextPart, whenCoreReady }: Tools,
  telemetry: Telemetry,
  given: RequestInfo | URL,
  init: RequestInit | null | undefined,
  options?: { parent?: Span | string; attributes?: Record<string, string> } | null,
): Promise<Response> {
  const call = readArguments(given, init);
  if (!call) return nativeFetch(given, init);
  const { input, valueOf } = call;
  const native = () => nativeFetch(input, call.init);
  let place, own;
  try {
    place = locate(call.request ? valueOf('url') : input, telemetry.options);
    const headers = valueOf('headers');
    own = headers === undefined ? undefined : new Headers(headers);
  } catch {
    // A URL or a header that is none: the browser's own error names this call.
    return native();
  }
  if (!place.isHttp) return native();
  const { url, origin, foreign, propagates, vouched } = place;
  const sent = methodOf(valueOf('method'));
  const method = KNOWN.has(sent) ? sent : OTHER;
  const { parent, attributes } = options ?? {};
  const span = new Span(telemetry.id, method === OTHER ? 'HTTP' : method, { parent, attributes }, CLIENT);
  telemetry.openRequests++;
  const isRepeatable = SAFE.has(sent) && (valueOf('body') ?? null) === null;
  const target = { href: call.request ? valueOf('url') : input, origin, foreign };
  const carriable =
    propagates &&
    valueOf('mode') !== 'no-cors' &&
    valueOf('mode') !== 'navigate' &&
    !(own && CARRIED.some((name) => own.has(name))) &&
    mayCarry(target, isRepeatable || vouched);
  const context = carriable ? telemetry.inject(span) : {};
  // Before the user consents there is none.
  const carries = Object.keys(context).length > 0;
  // A context must not follow a redirect to an origin that may not have it, and no script sees where one
  // leads.
  const stops =
    carries &&
    isRepeatable &&
    !valueOf('keepalive') &&
    (valueOf('redirect') ?? 'follow') === 'follow' &&
    // A service worker may answer by what a redirect led to, which only a request that follows takes.
    !globalThis.navigator?.serviceWorker?.controller;
  // What the caller says stands.
  if (own) for (const [name, value] of Object.entries(context)) if (!own.has(name)) own.set(name, value);
  const headers = own ?? context;

  // What is recorded later holds no body.
  const signal = valueOf('signal');
  const began = performance.now();
  let over = false;
  let head: { status: number; href: string; headers: Headers } | undefined;
  let watch: ReturnType<typeof watchResponse>;
  const responseEnd = () => timingsOf(url().href, began, performance.now())[0]?.responseEnd || undefined;
  /** @param time page time */
  const end = (error?: unknown, time: number = performance.now()) => {
    if (over) return;
    over = true;
    open.delete(leave);
    if (watch) release(watch);
    const failure = error === undefined ? '' : failureOf(error, signal);
    const { contexts } = telemetry;
    takeRecords();
    // The app's next step comes first.
    later(() => {
      const { status, href, headers: answer } = head ?? {};
      // Where there is nothing to read it is over when it comes, whatever is read of it.
      const at = (answer?.get('content-length') === '0' && watch?.came) || time;
      // An opaque response has no status, and is none the less one.
      const isError = status !== undefined && status >= 400;
      const failed = isError ? String(status) : isLeft && failure === 'network' ? '' : failure;
      const [node, cache, traceId] = answer ? serverTiming(answer) : [];
      const place = attributesOf(url(href), telemetry.options);
      const recorded: Record<string, unknown> = {
        ...place,
        [HTTP_REQUEST_METHOD]: method,
        [HTTP_REQUEST_METHOD_ORIGINAL]: method === OTHER ? sent.slice(0, MAX_METHOD) : undefined,
        [HTTP_RESPONSE_STATUS_CODE]: status || undefined,
        [ERROR_TYPE]: failed || undefined,
        [CDN_NODE]: node,
        [CDN_CACHE]: cache,
        [SERVER_TRACE_ID]: traceId,
      };
      addPhases(recorded, url().href, began, at);
      // What the app says stands.
      span.attributes = Object.assign(recorded, span.attributes);
      if (failed) span.setError('');
      telemetry.openRequests--;
      span.endAt(at);
      // A request that the page did not wait for has no duration.
      if (isLeft && !head) return;
      whenCoreReady((core) => {
        // A series of the context of then: what the app says of its place is part of it.
        const of = [telemetry.id, contexts, method, status, failed, origin, node].join(' ');
        if (seriesOf !== core || series.size > MOST_SERIES) [seriesOf, series] = [core, new Map()];
        let key = series.get(of);
        if (key === undefined) {
          const attributes = flat({
            [HTTP_REQUEST_METHOD]: method,
            [HTTP_RESPONSE_STATUS_CODE]: status || undefined,
            [ERROR_TYPE]: failed || undefined,
            [SERVER_ADDRESS]: place[SERVER_ADDRESS],
            [SERVER_PORT]: place[SERVER_PORT],
            [CDN_NODE]: node,
          });
          key = core.create_series(telemetry.id, HTTP_CLIENT_REQUEST_DURATION, attributes) ?? 0;
          series.set(of, key);
        }
        core.record_measurement_in_span(telemetry.id, key, (at - began) / 1000, flat(spanContextPart(span)));
      });
    });
  };
  const leave = () => end();
  open.add(leave);
  try {
    const init = carries ? initWithHeaders(call, headers) : undefined;
    if (init && stops) Object.defineProperty(init, 'redirect', { value: 'manual' });
    const sending = init ? nativeFetch(input, init) : native();
    if (isLeft) {
      // Its answer comes to nobody: the span goes along with the page.
      end();
      handOver();
      whenCoreReady((core) => core.page_hidden());
    }
    let response: Response;
    try {
      response = await sending;
      if (stops && response.type === 'opaqueredirect') {
        rememberRedirected(target);
        response = await native();
      } else if (carries) {
        rememberAccepted(target);
        // What can't be repeated has gone there; nothing else does.
        if (response.redirected && !locate(response.url, telemetry.options).propagates)
          rememberRedirected(target);
      }
    } catch (error) {
      // A refusal of the header, there or where it redirects to, looks like a dead network: one more request,
      // without.
      if (!carries || !isRepeatable || signal?.aborted || isLeft || !mayBeRefused(target)) throw error;
      response = await native();
      rememberRefused(target, response);
    }
    const { status, url: href, headers: answer } = response;
    head = { status, href, headers: answer };
    if (!over) watch = watchResponse(response, sent === 'HEAD', { end, responseEnd });
    return response;
  } catch (error) {
    end(error);
    throw error;
  }
}

/**
 * The class of a failure, of a request or of its body; of one that the app itself ended, and of what it could
 * not make of a body that came whole, there is none.
 */
function failureOf(error: any, signal: AbortSignal | null | undefined) {
  const { name } = Object(signal?.aborted ? signal.reason : error);
  if (name === 'TimeoutError') return 'timeout';
  return name === 'TypeError' && !signal?.aborted ? 'network' : '';
}
