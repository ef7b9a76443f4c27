// `Server-Timing` (W3C, section 2): what a response says of the server that sent it.

/** Longest value that is kept. */
const MAX_VALUE = 128;
/** A metric's name, what stands before its description, and the description, quoted or not. */
const METRIC =
  /([^\s;,="]+)(?:;(?!\s*desc\s*=)[^;,"]*(?:"[^"]*")?)*;\s*desc\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/gi;

/** The CDN node, its cache's answer, and the trace of the server's span, as far as the headers tell them. @param {Headers} headers
 *  @returns {[node?: string, cache?: string, traceId?: string]} */
export function serverTiming(headers) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [, name, quoted, plain] of (headers.get('server-timing') ?? '').matchAll(METRIC)) {
    const value = quoted ?? plain;
    if (value && value.length <= MAX_VALUE) found[name.toLowerCase().replace('cdn-', '')] = value;
  }
  const cache = found.cache ?? headers.get('x-cache') ?? headers.get('cache-status');
  // Text of a message to the page is ASCII.
  const ascii = (/** @type {string | undefined} */ text) => text?.replace(/[^ -~]/g, '?');
  return [ascii(found.node), ascii(cache?.toLowerCase()), /^..-([0-9a-f]{32})-/.exec(found.traceparent)?.[1]];
}
