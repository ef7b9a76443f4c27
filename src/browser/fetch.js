// One export (Fetch standard): sent in the caller's own task where the page is being left, its response read, so that a
// partial success or a `Retry-After` is heeded and the connection is free again.

import { nativeFetch } from './native_fetch.js';

/** What an app says of where requests go. @typedef {Pick<import('../js/types').TelemetryConfig, 'endpoint' | 'endpoints' | 'headers' | 'compression'> & { transcode?: Promise<import('../js/records.js').Transcode> }} Destination */

/** By their number in the core (`Signal`). */
export const SIGNALS = /** @type {const} */ (['traces', 'metrics', 'logs']);
/** Bytes below which gzip saves nothing worth its time. */
const SMALL = 1024;
/** The status that is told to the core where the page is offline: nothing was sent, and `online` ends the wait. */
const UNSENT = 1;

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

/** @param {Uint8Array<ArrayBuffer>} body */
function gzip(body) {
  const { readable, writable } = new CompressionStream('gzip');
  const writer = writable.getWriter();
  writer.write(body);
  writer.close();
  return new Response(readable).arrayBuffer();
}

/**
 * @param {Destination} destination @param {number} signal @param {Uint8Array<ArrayBuffer>} body
 * @param {boolean} keepalive @param {number} timeout milliseconds
 * @param {(status: number, retryAfter: number, body: Uint8Array) => void} answer status 0 says that there was no response
 */
export function post({ endpoint = '', endpoints, headers, compression, transcode }, signal, body, keepalive, timeout, answer) {
  const name = SIGNALS[signal];
  const url = endpoints?.[name] ?? `${endpoint.replace(/\/$/, '')}/v1/${name}`;
  const abort = AbortSignal.timeout(timeout);
  /** @param {Record<string, string> | undefined} own @param {BodyInit} body @param {string} [encoding] */
  const send = (own, body, encoding) =>
    nativeFetch(url, {
      method: 'POST',
      headers: { 'content-type': json ? 'application/json' : 'application/x-protobuf', ...(encoding && { 'content-encoding': encoding }), ...own },
      body: json && !encoding ? json.request(signal, /** @type {Uint8Array} */ (body)) : body,
      keepalive,
      // The music's own bytes go first.
      priority: 'low',
      signal: abort,
    });
  /** What turns protobuf into JSON, once it is there. @type {import('../js/records.js').Transcode | undefined} */
  let json;
  const prepare = async () => {
    json = await transcode;
    const own = typeof headers === 'function' ? await headers() : headers;
    if (typeof headers === 'function' && own) given.set(headers, own);
    const small = body.length < SMALL || compression === 'none' || typeof CompressionStream === 'undefined';
    return small ? send(own, body) : send(own, await gzip(json ? json.request(signal, body) : body), 'gzip');
  };
  const leave = () =>
    transcode && !json ? Promise.reject() : send(typeof headers === 'function' ? given.get(headers) : headers, body);
  if (!navigator.onLine) {
    setTimeout(() => answer(UNSENT, -1, new Uint8Array()));
    return;
  }
  (keepalive ? leave() : prepare())
    .then(async (response) => {
      const told = new Uint8Array(await response.arrayBuffer());
      const reply = json ? json.reply(told) : told;
      return () => answer(response.status, waitOf(response.headers.get('retry-after')), reply);
    })
    .catch(() => () => answer(0, -1, new Uint8Array()))
    .then((tell) => tell());
}
