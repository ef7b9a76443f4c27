// The trace of the page's own load: of `<meta name="traceparent">`, or else of the navigation's
// `Server-Timing`.

/** The longest value that is read: version 00 has 55 characters, and a later one may append more. */
const MAX_LENGTH = 512;
/** Entries of a `Server-Timing` header that are read. */
const MAX_ENTRIES = 64;

/** The `traceparent` of this page's own load, if its server sent one; a Worker has none. */
export function pageTraceparent() {
  const meta = globalThis.document?.querySelector('meta[name="traceparent"]')?.getAttribute('content');
  const [navigation] = globalThis.performance?.getEntriesByType?.('navigation') ?? [];
  const { serverTiming = [] } = (navigation ?? {}) as PerformanceNavigationTiming;
  const value =
    meta ?? serverTiming.slice(0, MAX_ENTRIES).find(({ name }) => name === 'traceparent')?.description;
  return value && value.length <= MAX_LENGTH ? value : undefined;
}
