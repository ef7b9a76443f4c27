// A URL as the browser's own parser takes it apart (URL standard), and what is told of it.

import { SERVER_ADDRESS, SERVER_PORT, URL_FULL } from '../instrumentation/semconv.js';

/** @typedef {{ href: string, origin: string, propagates: boolean, attributes?: Record<string, string | number> }} Described */

/**
 * The URL; whether a request to it may carry a trace header (the page's own origin and the allow-list only); and what is
 * told of it: its server, and itself without credentials and query values, which may hold a listener's tokens. Of what is no
 * HTTP nothing is told.
 * @param {string | URL} given
 * @param {Pick<import('../js/types').TelemetryConfig, 'propagateTo' | 'allowQuery' | 'scrubUrl'>} [options] @returns {Described}
 */
export function describe(given, { propagateTo = [], allowQuery = [], scrubUrl } = {}) {
  const { href, origin, protocol, hostname, port } = new URL(given, document.baseURI);
  if (!protocol.startsWith('http')) return { href, origin, propagates: false };
  let told = href;
  if (/[?#@]/.test(href)) {
    const [bare = ''] = href.split('#', 1);
    const [path = '', ...query] = bare.split(/(?=\?)/);
    told = path.replace(/^(\w+:\/\/)[^/]*@/, '$1') + query.join('').replace(/([?&])([^=&]*)(=[^&]*)?/g, (pair, mark, key) =>
      key && !allowQuery.includes(key) ? `${mark}${key}=REDACTED` : pair);
  }
  try {
    if (scrubUrl) told = String(scrubUrl(told));
  } catch (error) {
    console.error(error);
    told = origin;
  }
  return {
    href,
    origin,
    propagates: origin === location.origin || propagateTo.includes(origin),
    attributes: {
      [URL_FULL]: told,
      [SERVER_ADDRESS]: hostname,
      [SERVER_PORT]: Number(port) || (protocol === 'http:' ? 80 : 443),
    },
  };
}
