// `Server-Timing` (W3C, section 2): what a response says of the server that sent it. Any third party may send
// one of any length: a bounded part is read, in one pass.

/** Characters of a header that are read. */
export const MAX_HEADER = 8192;
/** Metrics of a header that are read. */
export const MAX_METRICS = 64;
/** Longest value that is kept. */
const MAX_VALUE = 128;

/** Ends of a token: white space, separators, quotes. */
const TOKEN_END = /[\s;,="]/g;

/** The descriptions of a header's metrics, by their names in small letters; the last of a name is kept. */
export function descriptions(header: string): Map<string, string> {
  const text = header.slice(0, MAX_HEADER);
  let at = 0;
  const token = () => {
    while (/\s/.test(text[at] ?? '')) at++;
    TOKEN_END.lastIndex = at;
    const end = TOKEN_END.exec(text)?.index ?? text.length;
    const found = text.slice(at, end);
    at = end;
    while (/\s/.test(text[at] ?? '')) at++;
    return found;
  };
  const value = () => {
    while (/\s/.test(text[at] ?? '')) at++;
    if (text[at] !== '"') return token();
    const end = text.indexOf('"', at + 1);
    const quoted = text.slice(at + 1, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    return quoted;
  };
  const found = new Map();
  for (let metrics = 0; at < text.length && metrics < MAX_METRICS; metrics++) {
    const name = token().toLowerCase();
    while (at < text.length && text[at] !== ',') {
      // A parameter, or a character that belongs to none.
      const separator = text[at++];
      if (separator !== ';') continue;
      const parameter = token().toLowerCase();
      if (text[at] !== '=') continue;
      at++;
      const description = value();
      if (parameter === 'desc' && name && description && description.length <= MAX_VALUE)
        found.set(name, description);
    }
    at++;
  }
  return found;
}

/** The CDN node, its cache's answer, and the trace of the server's span, as far as the headers say. */
export function serverTiming(headers: Headers): [node?: string, cache?: string, traceId?: string] {
  const found = descriptions(headers.get('server-timing') ?? '');
  const of = (name: string) => found.get(`cdn-${name}`) ?? found.get(name);
  const cache = of('cache') ?? headers.get('x-cache') ?? headers.get('cache-status');
  // Text of a message to the page is ASCII.
  const ascii = (text: string | undefined) => text?.slice(0, MAX_VALUE).replace(/[^ -~]/g, '?');
  const traceId = /^..-([0-9a-f]{32})-/.exec(found.get('traceparent') ?? '')?.[1];
  return [ascii(of('node')), ascii(cache?.toLowerCase()), traceId];
}
