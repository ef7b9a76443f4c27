// One export (Fetch standard): sent in the caller's own task where the page is being left, its response read,
// so that a partial success or a `Retry-After` is heeded and the connection is free again. Follows no
// redirect, and reads a bounded part of a response. Does not know what a response means.

import { throwIfAborted, timedSignal, whenAborted } from './abort.js';
import { nativeFetch } from './native_fetch.js';
import type { TelemetryConfig } from '../types/index.js';
import type { ExportFailure, PipelineHost, Signal } from 'tonearm-core-glue';

/** What turns requests into JSON and their answers back, and compresses what a script has made. */
export interface Transcode {
  gzip(body: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer | undefined>;
  request(signal: Signal, body: Uint8Array): Uint8Array<ArrayBuffer>;
  reply(body: Uint8Array): Uint8Array;
}
/** A delivery that failed, as the core reports it. */
export type Diagnose = PipelineHost['report_diagnostic'];
/** What a response says of time: seconds, and Unix milliseconds; NaN where it says nothing. */
export interface ResponseTimes {
  retryAfter: number;
  retryAt: number;
  date: number;
}
/** What became of a request: why it has no response, or its status, its times and its body. */
export type Outcome =
  | { failure: ExportFailure; status?: undefined; times?: undefined; reply?: undefined }
  | { failure?: undefined; status: number; times: ResponseTimes; reply: Uint8Array };

/**
 * What an app says of where requests go; what turns them into JSON, once it is there, and brings that; what
 * ends them all.
 */
export type Destination = Pick<TelemetryConfig, 'endpoint' | 'endpoints' | 'headers' | 'compression'> & {
  json?: Transcode;
  transcode?: () => Promise<Transcode>;
  ended?: AbortSignal;
  diagnose?: Diagnose;
};

/** The network failed, or the time was over. */
const FAILED: Outcome = { failure: 'failed' };
/** The page is offline: nothing was sent, and `online` ends the wait. */
const UNSENT: Outcome = { failure: 'unsent' };
/** A page that is being left can't send this one: nothing was sent, and it may be tried soon. */
const DEFERRED: Outcome = { failure: 'deferred' };
/** The response is a redirect: a login page would accept anything. */
const REDIRECTED: Outcome = { failure: 'redirected' };
/** Every signal. */
export const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/**
 * Bytes that pages which are left may have on their way (`LEAVE_BUDGET` of `export.rs`), and those that ours
 * has.
 */
const MOST_LEAVING = 60 << 10;
let leaving = 0;

/** The last headers that an app's function gave: a page that is being left can't wait for others. */
const given: WeakMap<() => unknown, Record<string, string>> = new WeakMap();

/** Bytes of a response that are read: a partial success is short. */
const MAX_REPLY = 16 << 10;
/** Milliseconds after the head in which its body is read: the status alone decides. */
const REPLY_TIMEOUT = 2000;

/**
 * A date of a header in Unix milliseconds; NaN where there is none. Browsers read dates of their own, too.
 */
const dateOf = (value: string | null) =>
  /^[A-Z][a-z]+,? /.test(value ?? '') ? Date.parse(value ?? '') : NaN;

/**
 * What a response says of time; `retryAfter` and `retryAt` are the two forms of `Retry-After` (RFC 9110,
 * 10.2.3).
 */
export function timesOf(headers: Headers): ResponseTimes {
  const asked = headers.get('retry-after');
  const retryAfter = /^\d+$/.test(asked ?? '') ? Number(asked) : NaN;
  return { retryAfter, retryAt: dateOf(asked), date: dateOf(headers.get('date')) };
}

/** The beginning of a body. One that breaks off or goes on for ever ends where it is then. */
async function readReply({ body }: Response) {
  const reader = body?.getReader();
  const reply = new Uint8Array(MAX_REPLY);
  let length = 0;
  const cancel = () => reader?.cancel().catch(() => {});
  const timer = setTimeout(cancel, REPLY_TIMEOUT);
  try {
    while (reader && length < MAX_REPLY) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, MAX_REPLY - length);
      reply.set(part, length);
      length += part.length;
    }
  } catch {
    // The status came.
  }
  clearTimeout(timer);
  cancel();
  return reply.subarray(0, length);
}

/** Where the requests of a signal go. */
export const urlOf = ({ endpoint = '', endpoints }: Destination, signal: Signal) =>
  endpoints?.[signal] ?? `${endpoint.replace(/\/$/, '')}/v1/${signal}`;

/** @param how `timeout` in milliseconds; `evenOffline`: sent whatever `navigator.onLine` says */
export function post(
  destination: Destination,
  signal: Signal,
  body: Uint8Array<ArrayBuffer>,
  {
    gzipped,
    keepalive,
    timeout,
    evenOffline,
  }: { gzipped: boolean; keepalive: boolean; timeout: number; evenOffline: boolean },
  settled: (outcome: Outcome) => void,
) {
  const { headers, compression, transcode, ended } = destination;
  const url = urlOf(destination, signal);
  const send = (
    own: Record<string, string> | undefined,
    body: Uint8Array<ArrayBuffer> | ArrayBuffer,
    zipped = gzipped,
  ) =>
    nativeFetch(url, {
      method: 'POST',
      headers: {
        'content-type': transcode ? 'application/json' : 'application/x-protobuf',
        ...(zipped && { 'content-encoding': 'gzip' }),
        ...own,
      },
      body,
      keepalive,
      redirect: 'manual',
      // The music's own bytes go first.
      priority: 'low',
      signal: abort,
    });
  const encoded = (json: Transcode | undefined) => (json ? json.request(signal, body) : body);
  const prepare = async () => {
    const json = await transcode?.();
    // One of the app's that never settles ends with the request's own time.
    const own = typeof headers === 'function' ? await Promise.race([headers(), whenAborted(abort)]) : headers;
    if (typeof headers === 'function' && own) given.set(headers, own);
    throwIfAborted(abort);
    const zipped = compression !== 'none' && (await json?.gzip(encoded(json)));
    throwIfAborted(abort);
    return zipped ? send(own, zipped, true) : send(own, encoded(json));
  };
  const leave = async () => {
    const bytes = encoded(destination.json);
    leaving += bytes.length;
    return send(typeof headers === 'function' ? given.get(headers) : headers, bytes).finally(
      () => (leaving -= bytes.length),
    );
  };
  // A page that is left waits neither for a script nor for a token; JSON is three times as long, and may find
  // no room.
  const knows = !(transcode && !destination.json) && !(typeof headers === 'function' && !given.has(headers));
  const cannot = keepalive && (!knows || (transcode && leaving + 3 * body.length > MOST_LEAVING));
  if ((!navigator.onLine && !evenOffline) || cannot) {
    setTimeout(() => settled(cannot ? DEFERRED : UNSENT));
    return;
  }
  const { signal: abort, clear } = timedSignal(timeout, ended);
  (keepalive ? leave() : prepare())
    .then(async (response) => {
      const times = timesOf(response.headers);
      const body = await readReply(response);
      const reply = destination.json ? destination.json.reply(body) : body;
      return response.type === 'opaqueredirect' ? REDIRECTED : { status: response.status, times, reply };
    })
    // What was sent in spite of that fails as it was to be expected.
    .catch(() => (evenOffline && !navigator.onLine ? UNSENT : FAILED))
    .then((outcome) => {
      clear();
      settled(outcome);
    });
}
