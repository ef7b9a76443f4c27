// One export: sends it in the caller's own task, reads the response, and calls back.

/** Milliseconds of a `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. @param {string | null} value */
const waitOf = (value) => (value === null ? NaN : /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now());

/**
 * @param {string} url @param {Record<string, string>} headers @param {Uint8Array<ArrayBuffer>} body
 * @param {boolean} keepalive @param {number} timeout milliseconds
 * @param {(status: number, retryAfter: number, body: Uint8Array) => void} answer status 0 says that there was no response
 */
export function post(url, headers, body, keepalive, timeout, answer) {
  fetch(url, {
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
    .catch(() => () => answer(0, NaN, new Uint8Array()))
    .then((tell) => tell());
}
