// `fetch` with a client span (semantic conventions for HTTP) and a trace header where it may go. Reads no
// body, clones nothing, leaves what the caller passes as it is; the app's request succeeds or fails as it
// would without us.

import { serverTiming } from '../browser/server_timing.js';
import { RECORD, SERIES } from './door.js';
import { initWithHeaders, readArguments } from './fetch_arguments.js';
import {
  mayBeRefused,
  mayCarry,
  rememberAccepted,
  rememberRedirected,
  rememberRefused,
} from './header_memory.js';
import {
  CDN_CACHE,
  CDN_NODE,
  ERROR_TYPE,
  HTTP_PHASE_CONNECT,
  HTTP_PHASE_LOOKUP,
  HTTP_PHASE_RECEIVE,
  HTTP_PHASE_WAIT,
  HTTP_REQUEST_METHOD,
  HTTP_RESPONSE_STATUS_CODE,
  SERVER_ADDRESS,
  SERVER_PORT,
  SERVER_TRACE_ID,
} from '../instrumentation/semconv.js';

/** `SpanKind`. */
const CLIENT = 3;
/** What this gets by with of the page's script.
 *  @typedef {{ currentCore: typeof import('./loader.js').currentCore, nativeFetch: typeof import('../browser/native_fetch.js').nativeFetch, locate: typeof import('../browser/url.js').locate,
 *    attributesOf: typeof import('../browser/url.js').attributesOf, Span: typeof import('./span.js').Span, later: typeof import('./span.js').later,
 *    flat: typeof import('./flat.js').flat, within: typeof import('./flat.js').within,
 *    whenCore: typeof import('./loader.js').whenCore, tell: typeof import('./door.js').tell }} Tools */
/** Of the player's instruments (`metrics.rs`) the one that app's requests are measured by too. */
const HTTP_CLIENT_REQUEST_DURATION = 15;
/** Methods that may be sent twice without harm (RFC 9110 section 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Headers that say that a request has a context already. */
const CARRIED = ['traceparent', 'b3', 'x-b3-traceid'];
/** Statuses without a body (Fetch standard, "null body status"). */
const EMPTY = new Set([204, 205, 304]);

/** Series of the core that is told, by what they are of. @type {Map<string, number>} */
let series = new Map();
/** @type {import('./core').Core | undefined} */
let seriesOf;
const MOST_SERIES = 1000;

/** Ends of spans whose body nobody reads and nobody holds. @type {FinalizationRegistry<() => void>} */
const dropped = new FinalizationRegistry((end) => end());

/** By which the registry knows an end: whether it does, whether it is another than the response that tells it by now; and when the response
 *  came. @typedef {{ known: boolean, moved: boolean, came?: number }} Token */
/**
 * What is to be told of a response: its end; its body, once the app has asked for it.
 * @typedef {{ end: () => void, token: Token, body?: ReadableStream }} Watch
 */
/** @type {WeakMap<Response, Watch>} */
const watches = new WeakMap();

/**
 * From here on it is the holder that the app may hold alone; or nobody has to.
 * @param {Token} token
 * @param {() => void} [end]
 * @param {object} [holder]
 */
function hold(token, end, holder) {
  if (token.known) dropped.unregister(token);
  token.known = Boolean(end);
  token.moved = true;
  if (end && holder) dropped.register(holder, end, token);
}

/**
 * Returns a promise of its own, so that a rejection that the app does not handle stays unhandled.
 * @param {Promise<unknown>} promise @param {(() => void) | undefined} end
 */
const settled = (promise, end) => promise.finally(end);

/** @param {object} target @param {string} name @param {(result: any) => any} then */
function watchMethod(target, name, then) {
  const method = /** @type {any} */ (target)[name];
  const watched = (/** @type {unknown[]} */ ...args) => then(method.apply(target, args));
  Object.defineProperty(watched, 'name', { value: name });
  Object.defineProperty(target, name, { value: watched, configurable: true, writable: true });
}

/** @param {ReadableStream} body @param {Watch} watch */
function watchBody(body, { end, token }) {
  for (const name of ['cancel', 'pipeTo']) watchMethod(body, name, (promise) => settled(promise, end));
  const holds = (/** @type {object} */ holder) => hold(token, end, holder);
  holds(body);
  watchMethod(body, 'getReader', (reader) => {
    holds(reader);
    watchMethod(reader, 'releaseLock', () => holds(body));
    watchMethod(reader, 'read', (promise) =>
      promise.then(
        (/** @type {{ done: boolean }} */ result) => {
          if (result.done) end();
          return result;
        },
        (/** @type {unknown} */ error) => {
          end();
          throw error;
        },
      ),
    );
    watchMethod(reader, 'cancel', (promise) => settled(promise, end));
    return reader;
  });
}

/**
 * The methods of a response, watched: one object for all of them. A stream in between would read ahead of the
 * app.
 */
const WATCHED = Object.create(Response.prototype);
for (const name of ['json', 'text', 'arrayBuffer', 'blob', 'formData', 'bytes']) {
  const method = /** @type {any} */ (Response.prototype)[name];
  if (!method) continue;
  /** @this {Response} @param {unknown[]} args */
  const value = function (...args) {
    const watch = watches.get(this);
    // From here on it is the promise that tells: nobody may hold the response while it is read.
    if (watch) hold(watch.token);
    return settled(method.apply(this, args), watch?.end);
  };
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(WATCHED, name, { value, configurable: true, enumerable: true, writable: true });
}
const bodyOf = Object.getOwnPropertyDescriptor(Response.prototype, 'body');
Object.defineProperty(WATCHED, 'body', {
  configurable: true,
  enumerable: true,
  /** @this {Response} */
  get() {
    const body = bodyOf?.get?.call(this);
    const watch = watches.get(this);
    if (body && watch && watch.body !== body) watchBody((watch.body = body), watch);
    return body;
  },
});

/** Whether a response says that its body is empty. @param {Headers} headers */
const isNothing = (headers) => headers.get('content-length') === '0';

/**
 * Calls back once, when the body was read, given up, or let go of.
 * @param {Response} response @param {boolean} isEmpty @param {() => void} end which must not hold the response @param {Token} token
 * @param {Pick<Tools, 'later' | 'currentCore'>} tools
 */
function whenDone(response, isEmpty, end, token, { later, currentCore }) {
  token.came = performance.now();
  // Nobody reads what came instead of an answer.
  if (isEmpty || !response.ok) return end();
  const { headers } = response;
  const look = () => {
    if (isNothing(headers)) end();
    else if (!token.moved) hold(token, end, response);
  };
  // Nearly every body is asked for at once: the registry, which is slow, is told of the others a moment
  // later. Without a core there is no such moment.
  if (currentCore()) later(look);
  else look();
  // One that somebody else made in its place keeps what it is: it ends when it is let go of.
  if (Object.getPrototypeOf(response) !== Response.prototype) return;
  watches.set(response, { end, token });
  Object.setPrototypeOf(response, WATCHED);
}

/**
 * Timings that came when the browser's own buffer was full (it holds 250 of a page), the last of each URL.
 * @type {Map<string, PerformanceEntry[]>}
 */
const further = new Map();
const MOST_FURTHER = 1024;
const MOST_OF_URL = 512;
/** Milliseconds between the first and the last of a URL. */
const LONGEST = 30_000;
/** @type {PerformanceObserver | undefined} */
let observer;
/** @param {PerformanceEntry[]} entries */
function note(entries) {
  for (const entry of entries) {
    const { name, startTime } = entry;
    const known = further.get(name);
    if (known) {
      known.push(entry);
      while (known.length > MOST_OF_URL || known[0].startTime < startTime - LONGEST) known.shift();
    } else if (further.set(name, [entry]).size > MOST_FURTHER)
      further.delete(/** @type {string} */ (further.keys().next().value));
  }
}
/** What the observer was given, and nobody has read yet. @type {PerformanceEntry[][]} */
const seen = [];
const MOST_SEEN = 64;
function read() {
  for (const entries of seen.splice(0)) note(entries);
}
/** @param {PerformanceEntry[]} entries */
function take(entries) {
  if (seen.push(entries) > MOST_SEEN) read();
}
// It is told of each resource for which there is no room; once is enough.
performance.addEventListener(
  'resourcetimingbufferfull',
  () => {
    observer = new PerformanceObserver((list) => take(list.getEntries()));
    observer.observe({ type: 'resource' });
  },
  { once: true },
);
/** What is on its way to the observer, which is not called for it then: that takes longer than to ask. */
const takeOver = () => observer && take(observer.takeRecords());

/** Adds the parts of a request, in seconds, as Resource Timing has them: of another origin only where the server lets us
 *  (`Timing-Allow-Origin`). @param {Record<string, unknown>} told @param {string} href @param {number} began page time @param {number} ended the same */
function tellPhases(told, href, began, ended) {
  const name = href.split('#', 1)[0];
  takeOver();
  read();
  const entries = /** @type {PerformanceResourceTiming[]} */ ([
    ...performance.getEntriesByName(name, 'resource'),
    ...(further.get(name) ?? []),
  ]);
  // The first that began then: a later one of the same URL has an entry of its own.
  const entry = entries.find(
    ({ startTime, requestStart }) => startTime >= began - 1 && startTime <= ended && requestStart > 0,
  );
  if (!entry) return;
  const {
    domainLookupStart,
    domainLookupEnd,
    connectStart,
    connectEnd,
    requestStart,
    responseStart,
    responseEnd,
  } = entry;
  const part = (/** @type {string} */ key, /** @type {number} */ from, /** @type {number} */ to) => {
    if (to >= from && from > 0) told[key] = (to - from) / 1000;
  };
  part(HTTP_PHASE_LOOKUP, domainLookupStart, domainLookupEnd);
  part(HTTP_PHASE_CONNECT, connectStart, connectEnd);
  part(HTTP_PHASE_WAIT, requestStart, responseStart);
  part(HTTP_PHASE_RECEIVE, responseStart, responseEnd);
}

/**
 * @param {Tools} tools @param {import('./telemetry.js').Telemetry} telemetry @param {RequestInfo | URL} given
 * @param {RequestInit | null | undefined} init
 * @param {{ parent?: import('./types').Span | string, attributes?: Record<string, string> } | null} [options]
 * @returns {Promise<Response>}
 */
export async function tracedFetch(
  { currentCore, nativeFetch, locate, attributesOf, Span, later, flat, within, whenCore, tell },
  telemetry,
  given,
  init,
  options,
) {
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
  const { url, origin, foreign, propagates } = place;
  // A method that is none is the browser's to refuse.
  const method = String(valueOf('method') ?? 'GET').toUpperCase();
  const { parent, attributes } = options ?? {};
  const span = new Span(telemetry.id, method, { parent, attributes }, CLIENT);
  const isRepeatable = SAFE.has(method) && (valueOf('body') ?? null) === null;
  const target = { href: call.request ? valueOf('url') : input, origin, foreign };
  const carriable =
    propagates &&
    valueOf('mode') !== 'no-cors' &&
    valueOf('mode') !== 'navigate' &&
    !(own && CARRIED.some((name) => own.has(name))) &&
    mayCarry(target, isRepeatable);
  const context = carriable ? telemetry.inject(span) : {};
  // Before the listener lets us, there is none.
  const carries = Object.keys(context).length > 0;
  // What the caller says stands.
  if (own) for (const [name, value] of Object.entries(context)) if (!own.has(name)) own.set(name, value);
  const headers = own ?? context;

  // What is told later holds no body.
  const signal = valueOf('signal');
  const began = performance.now();
  let over = false;
  /** @type {Token} */
  const token = { known: false, moved: false };
  /** @param {unknown} error @param {number} [status] @param {string} [href] @param {Headers} [answer] */
  const end = (error, status, href, answer) => {
    if (over) return;
    over = true;
    hold(token);
    const ended = performance.now();
    const aborted = signal?.aborted;
    const { contexts } = telemetry;
    takeOver();
    // The app's next step comes first.
    later(() => {
      // Where there is nothing to read it is over when it comes, whoever looks for something.
      const at = (answer && isNothing(answer) && token.came) || ended;
      // An opaque response has no status, and is none the less one.
      const failed =
        status !== undefined ? (status >= 400 ? String(status) : '') : aborted ? '' : errorType(error);
      const [node, cache, traceId] = answer ? serverTiming(answer) : [];
      const target = url(href);
      const place = attributesOf(target, telemetry.options);
      /** @type {Record<string, unknown>} */
      const told = {
        ...place,
        [HTTP_REQUEST_METHOD]: method,
        [HTTP_RESPONSE_STATUS_CODE]: status || undefined,
        [ERROR_TYPE]: failed || undefined,
        [CDN_NODE]: node,
        [CDN_CACHE]: cache,
        [SERVER_TRACE_ID]: traceId,
      };
      tellPhases(told, target.href, began, at);
      // What the app says stands.
      span.attributes = Object.assign(told, span.attributes);
      if (failed) span.setError('');
      span.endAt(at);
      whenCore((core) => {
        // A series of the context of then: what the app says of its place is part of it.
        const of = [telemetry.id, contexts, method, status, failed, origin, node].join(' ');
        if (seriesOf !== core || series.size > MOST_SERIES) [seriesOf, series] = [core, new Map()];
        let key = series.get(of);
        if (key === undefined) {
          key = tell(
            core,
            SERIES,
            telemetry.id,
            HTTP_CLIENT_REQUEST_DURATION,
            0,
            0,
            false,
            flat({
              [HTTP_REQUEST_METHOD]: method,
              [HTTP_RESPONSE_STATUS_CODE]: status || undefined,
              [ERROR_TYPE]: failed || undefined,
              [SERVER_ADDRESS]: place[SERVER_ADDRESS],
              [SERVER_PORT]: place[SERVER_PORT],
              [CDN_NODE]: node,
            }),
          );
          series.set(of, key);
        }
        tell(core, RECORD, telemetry.id, key, (at - began) / 1000, 0, false, flat(within(span)));
      });
    });
  };
  try {
    /** @type {Response} */
    let response;
    try {
      if (carries) {
        const init = initWithHeaders(call, headers);
        // A context must not follow a redirect to an origin that may not have it, and no script sees where one leads.
        const shows =
          isRepeatable &&
          !valueOf('keepalive') &&
          (valueOf('redirect') ?? 'follow') === 'follow' &&
          // A service worker may answer by what a redirect led to, which only a request that follows takes.
          !globalThis.navigator?.serviceWorker?.controller;
        if (shows) Object.defineProperty(init, 'redirect', { value: 'manual' });
        response = await nativeFetch(input, init);
        if (shows && response.type === 'opaqueredirect') {
          rememberRedirected(target);
          response = await native();
        } else {
          rememberAccepted(target);
          // What can't be repeated has gone there; nothing else does.
          if (response.redirected && !locate(response.url, telemetry.options).propagates)
            rememberRedirected(target);
        }
      } else response = await native();
    } catch (error) {
      // A refusal of the header, there or where it redirects to, looks like a dead network: one more request, without.
      if (!carries || !isRepeatable || signal?.aborted || !mayBeRefused(target)) throw error;
      response = await native();
      rememberRefused(target, response);
    }
    const { status, url: href, headers: answer } = response;
    whenDone(
      response,
      method === 'HEAD' || EMPTY.has(status),
      () => end(undefined, status, href, answer),
      token,
      { later, currentCore },
    );
    return response;
  } catch (error) {
    end(error);
    throw error;
  }
}

/** The class of a failure; one that the app itself ended is none. @param {any} error */
const errorType = (error) =>
  error?.name === 'AbortError' ? '' : error?.name === 'TimeoutError' ? 'timeout' : 'network';
