// The trace of the page's own load: of `<meta name="traceparent">`, or else of the navigation's
// `Server-Timing`.

/** The `traceparent` that the server of this page tells, if it does. */
export function pageTraceparent() {
  const meta = document.querySelector('meta[name="traceparent"]')?.getAttribute('content');
  const [navigation] = performance.getEntriesByType('navigation');
  const { serverTiming = [] } = /** @type {PerformanceNavigationTiming} */ (navigation ?? {});
  return meta ?? serverTiming.find(({ name }) => name === 'traceparent')?.description;
}
