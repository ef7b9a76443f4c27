// One export (Fetch standard): sent in the caller's own task where the page is being left, its response read,
// so that a partial success or a `Retry-After` is heeded and the connection is free again.

import { throwIfAborted, timedSignal, whenAborted } from './abort.js';
import { nativeFetch } from './native_fetch.js';

/** What an app says of where requests go; what turns them into JSON, once it is there, and brings that; what ends them all;
 *  how far the endpoint's clock is ahead of ours, in milliseconds, once it has told.
 *  @typedef {Pick<import('../js/types').TelemetryConfig, 'endpoint' | 'endpoints' | 'headers' | 'compression'> & {
 *    json?: import('../js/records.js').Transcode, transcode?: () => Promise<import('../js/records.js').Transcode>, ended?: AbortSignal, skew?: number,
 *  }} Destination */

/** By their number in the core (`Signal`). */
export const SIGNALS = /** @type {const} */ (['traces', 'metrics', 'logs']);
/**
 * The status that is told to the core where the page is offline: nothing was sent, and `online` ends the
 * wait.
 */
const UNSENT = 1;

/**
 * What is told where a page that is being left can't send this one: nothing was sent, and it may be tried
 * soon.
 */
const LATER = 503;

/**
 * Bytes that pages which are left may have on their way (`LEAVE_BUDGET` of `export.rs`), and those that ours
 * has.
 */
const MOST_LEAVING = 60 << 10;
let leaving = 0;

/** The last headers that an app's function gave: a page that is being left can't wait for others.
 *  @type {WeakMap<Function, Record<string, string>>} */
const given = new WeakMap();

/** The longest wait that is told, in milliseconds. */
const LONGEST_WAIT = 86_400_000;
/** Milliseconds of a `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date; −1 where there is none.
 *  @param {string | null} value */
export const waitOf = (value) => {
  // A date begins with its day's name: browsers read others of their own.
  const date = /^[A-Z][a-z]+,? /.test(value ?? '') ? Date.parse(value ?? '') - Date.now() : NaN;
  const wait = /^\d+$/.test(value ?? '') ? Number(value) * 1000 : date;
  return Number.isNaN(wait) ? -1 : Math.min(Math.max(wait, 0), LONGEST_WAIT);
};

/**
 * @param {Destination} destination @param {number} signal @param {Uint8Array<ArrayBuffer>} body
 * @param {{ gzipped: boolean, keepalive: boolean, timeout: number, evenOffline: boolean }} how `timeout` in milliseconds;
 *   `evenOffline`: sent whatever `navigator.onLine` says
 * @param {(status: number, retryAfter: number, body: Uint8Array) => void} answer status 0 says that there was no response
 */
export function post(destination, signal, body, { gzipped, keepalive, timeout, evenOffline }, answer) {
  const { endpoint = '', endpoints, headers, compression, transcode, ended } = destination;
  const name = SIGNALS[signal];
  const url = endpoints?.[name] ?? `${endpoint.replace(/\/$/, '')}/v1/${name}`;
  /** @param {Record<string, string> | undefined} own @param {Uint8Array<ArrayBuffer> | ArrayBuffer} body */
  const send = (own, body, zipped = gzipped) =>
    nativeFetch(url, {
      method: 'POST',
      headers: {
        'content-type': transcode ? 'application/json' : 'application/x-protobuf',
        ...(zipped && { 'content-encoding': 'gzip' }),
        ...own,
      },
      body,
      keepalive,
      // The music's own bytes go first.
      priority: 'low',
      signal: abort,
    });
  /** @param {import('../js/records.js').Transcode | undefined} json */
  const encoded = (json) => (json ? json.request(signal, body) : body);
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
    setTimeout(() => answer(cannot ? LATER : UNSENT, -1, new Uint8Array()));
    return;
  }
  const { signal: abort, settle } = timedSignal(timeout, ended);
  (keepalive ? leave() : prepare())
    .then(async (response) => {
      // Noted, and not applied: whoever reads the records has their arrival beside them.
      const date = Date.parse(response.headers.get('date') ?? '');
      if (!Number.isNaN(date)) destination.skew = date - Date.now();
      const told = new Uint8Array(await response.arrayBuffer());
      const reply = destination.json ? destination.json.reply(told) : told;
      return () => answer(response.status, waitOf(response.headers.get('retry-after')), reply);
    })
    // What was sent in spite of that fails as it was to be expected.
    .catch(() => () => answer(evenOffline && !navigator.onLine ? UNSENT : 0, -1, new Uint8Array()))
    .then((report) => {
      settle();
      report();
    });
}
