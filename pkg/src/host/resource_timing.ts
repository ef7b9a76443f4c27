// Resource Timing: what the browser knows of a request's parts. The browser's own buffer holds 250 entries of
// a page; those that come when it is full are kept here, the last of each URL.

const further: Map<string, PerformanceResourceTiming[]> = new Map();
const MAX_URLS = 1024;
const MAX_OF_URL = 512;
/** Milliseconds between the first and the last of a URL. */
const LONGEST = 30_000;
/** Batches that the observer was given and that are not read yet. */
const unread: PerformanceResourceTiming[][] = [];
const MAX_UNREAD = 64;
let observer: PerformanceObserver | undefined;

function note(entries: PerformanceResourceTiming[]) {
  for (const entry of entries) {
    const { name, startTime } = entry;
    const known = further.get(name);
    if (known) {
      known.push(entry);
      while (known.length > MAX_OF_URL || known[0].startTime < startTime - LONGEST) known.shift();
    } else if (further.set(name, [entry]).size > MAX_URLS)
      further.delete(further.keys().next().value as string);
  }
}

function read() {
  for (const entries of unread.splice(0)) note(entries);
}

function take(entries: PerformanceEntryList) {
  if (unread.push(entries as PerformanceResourceTiming[]) > MAX_UNREAD) read();
}

// It comes for each resource for which there is no room; once is enough.
performance.addEventListener(
  'resourcetimingbufferfull',
  () => {
    observer = new PerformanceObserver((list) => take(list.getEntries()));
    observer.observe({ type: 'resource' });
  },
  { once: true },
);

/**
 * Takes over what is on its way to the observer, which is not called for it then: that takes longer than to
 * ask.
 */
export const takeRecords = () => observer && take(observer.takeRecords());

/**
 * The entries of a URL whose requests began within a time, the first one first.
 * @param from page time
 * @param to the same
 */
export function timingsOf(href: string, from: number, to: number) {
  const name = href.split('#', 1)[0];
  takeRecords();
  read();
  const entries = [
    ...performance.getEntriesByName(name, 'resource'),
    ...(further.get(name) ?? []),
  ] as PerformanceResourceTiming[];
  return entries.filter(({ startTime }) => startTime >= from - 1 && startTime <= to);
}
