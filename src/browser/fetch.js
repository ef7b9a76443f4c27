// One export (Fetch standard): sent in the caller's own task, its response read, so that a partial success or a
// `Retry-After` is heeded and the connection is free again.

/** Where a pipeline's requests go. @typedef {{ endpoint: string, headers: Record<string, string> }} Destination */

/** By their number in the core (`Signal`). */
export const SIGNALS = /** @type {const} */ (['traces', 'metrics', 'logs']);

/** Milliseconds of a `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date; −1 where there is none.
 *  @param {string | null} value */
const waitOf = (value) => {
  if (value === null) return -1;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait) ? -1 : Math.max(wait, 0);
};

/**
 * @param {Destination} destination @param {number} signal @param {Uint8Array<ArrayBuffer>} body
 * @param {boolean} keepalive @param {number} timeout milliseconds
 * @param {(status: number, retryAfter: number, body: Uint8Array) => void} answer status 0 says that there was no response
 */
export function post({ endpoint, headers }, signal, body, keepalive, timeout, answer) {
  fetch(`${endpoint.replace(/\/$/, '')}/v1/${SIGNALS[signal]}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', ...headers },
    body,
    keepalive,
    // The music's own bytes go first.
    priority: 'low',
    signal: AbortSignal.timeout(timeout),
  })
    .then(async (response) => {
      const reply = new Uint8Array(await response.arrayBuffer());
      return () => answer(response.status, waitOf(response.headers.get('retry-after')), reply);
    })
    .catch(() => () => answer(0, -1, new Uint8Array()))
    .then((tell) => tell());
}
