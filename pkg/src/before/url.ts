// A URL as the browser's own parser takes it apart (URL standard), and what is recorded of it.

import { baseUrl } from '../host/base_url.js';
import { SERVER_ADDRESS, SERVER_PORT, URL_FULL } from '../semconv.js';
import type { TelemetryConfig } from '../types/index.js';

export type Described = {
  href: string;
  origin: string;
  propagates: boolean;
  attributes?: Record<string, string | number>;
};

/** What of a URL is recorded. */
export type Place = Pick<URL, 'href' | 'origin' | 'protocol' | 'hostname' | 'port'>;

/** What an app says of URLs. */
export type Options = Pick<TelemetryConfig, 'propagateTo' | 'allowQuery' | 'scrubUrl'>;

/** Characters of a query's key that is recorded. */
const MAX_KEY = 40;

/** The page's own place, asked once: the browser takes its time to answer. */
let own: Pick<URL, 'origin' | 'protocol' | 'hostname' | 'port'> | undefined;
const ownPlace = () => {
  if (!own) {
    const { protocol, hostname, port } = location;
    // A sandboxed frame has an opaque origin, which is not that of its URL.
    own = { origin: globalThis.origin, protocol, hostname, port };
  }
  return own;
};

/**
 * A path of the same origin: nothing that the URL standard's parser would take for another's (a second slash,
 * or what it leaves out).
 */
function isPath(given: string) {
  const second = given.charCodeAt(1);
  return given[0] === '/' && second > 32 && second !== 47 && second !== 92;
}

/**
 * Where a request goes: its origin; whether that is another than the page's; whether it is HTTP, of which
 * alone something is recorded; whether it may carry a trace header (the page's own origin and the allow-list
 * only), and whether the app vouches that the origin takes it with every method; and the URL, parsed when it
 * is first asked for; its argument is what the browser has made of it, if that is known.
 */
export function locate(given: string | URL, { propagateTo = [] }: Options = {}) {
  const place = ownPlace();
  const ours = place.origin;
  // Parsing takes longer than all else that a request waits for.
  const isOwn =
    typeof given === 'string' &&
    isPath(given) &&
    place.protocol.startsWith('http') &&
    baseUrl().startsWith(ours + '/');
  const url = isOwn ? undefined : new URL(given, baseUrl());
  const { origin, protocol } = url ?? place;
  const isHttp = protocol.startsWith('http');
  const foreign = origin !== ours;
  const allowed = propagateTo.find((entry) => (typeof entry === 'object' ? entry.origin : entry) === origin);
  const found: (href?: string) => Place = (href) =>
    url ?? (href === ours + given ? { ...place, href } : new URL(given, ours));
  return {
    origin,
    isHttp,
    foreign,
    propagates: isHttp && (!foreign || allowed !== undefined),
    vouched: typeof allowed === 'object',
    url: found,
  };
}

/**
 * What is recorded of a URL: its server, and itself without credentials and query values, which may hold a
 * listener's tokens.
 */
export function attributesOf(
  { href, origin, protocol, hostname, port }: Place,
  { allowQuery = [], scrubUrl }: Options = {},
): Record<string, string | number> {
  let [recorded = ''] = href.split('#', 1);
  const query = recorded.indexOf('?') + 1;
  if (query > 0) {
    const pairs = recorded
      .slice(query)
      .split('&')
      .map((pair) => {
        const [key = ''] = pair.split('=', 1);
        if (!pair || allowQuery.includes(key)) return pair;
        // A token may stand alone, or before the padding of its own; one that is as long as a token is taken
        // for one.
        const isToken = (key && /^=*$/.test(pair.slice(key.length))) || key.length > MAX_KEY;
        return isToken ? 'REDACTED' : `${key}=REDACTED`;
      });
    recorded = recorded.slice(0, query) + pairs.join('&');
  }
  if (recorded.includes('@')) recorded = recorded.replace(/^(\w+:\/\/)[^/?]*@/, '$1');
  try {
    if (scrubUrl) recorded = String(scrubUrl(recorded));
  } catch (error) {
    console.error(error);
    recorded = origin;
  }
  return {
    [URL_FULL]: recorded,
    [SERVER_ADDRESS]: hostname,
    [SERVER_PORT]: Number(port) || (protocol === 'http:' ? 80 : 443),
  };
}

/** Both. */
export function describe(given: string | URL, options?: Options): Described {
  const { url, origin, isHttp, propagates } = locate(given, options);
  const target = url();
  return {
    href: target.href,
    origin,
    propagates,
    attributes: isHttp ? attributesOf(target, options) : undefined,
  };
}
