// The waterfall of the current play's trace, from what has arrived at the receiver: the page's spans and the
// servers'.

const PHASES = ['metadata', 'connect', 'firstByte', 'decode', 'output'];
const EVERY = 700;

/**
 * @typedef {{ traceId: string, spanId: string, parentSpanId: string, service: string, name: string, start:
 * string, end: string, status: number, attributes: Record<string, unknown> }} Span
 */

/**
 * @param {import('tonearm/queue').Queue} queue
 * @param {Record<'waterfall' | 'phases' | 'id' | 'legend', HTMLElement>} places
 */
export function watchTrace(queue, { waterfall, phases, id, legend }) {
  let shown = '';
  const show = async () => {
    const trace = queue.player.traceparent?.slice(3, 35);
    if (!trace) return;
    id.textContent = trace;
    showPhases(queue, phases);
    const spans = await (await fetch(`/api/traces/${trace}`)).json();
    const key = trace + spans.length;
    if (key === shown || spans.length === 0) return;
    shown = key;
    draw(spans, waterfall, legend);
  };
  setInterval(() => show().catch(() => {}), EVERY);
}

/** @param {import('tonearm/queue').Queue} queue @param {HTMLElement} place */
function showPhases(queue, place) {
  const { phases, latency } = queue.player.stats();
  if (!(latency > 0)) return place.replaceChildren();
  place.replaceChildren(
    ...PHASES.map((name) => {
      const seconds = /** @type {Record<string, number>} */ (phases)[name];
      const cell = document.createElement('span');
      cell.className = `phase-${name}`;
      cell.style.flexGrow = String(Math.max(seconds / latency, 0.02));
      cell.title = `${name}: ${(seconds * 1000).toFixed(1)} ms`;
      cell.append(
        Object.assign(document.createElement('i'), { textContent: `${name} ${(seconds * 1000).toFixed(0)}` }),
      );
      return cell;
    }),
  );
}

/** Depth first, by start. @param {Span[]} spans @returns {{ span: Span, depth: number }[]} */
function ordered(spans) {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const starts = (/** @type {Span} */ a, /** @type {Span} */ b) =>
    BigInt(a.start) < BigInt(b.start) ? -1 : 1;
  /** @type {(parent: string, depth: number) => { span: Span, depth: number }[]} */
  const below = (parent, depth) =>
    spans
      .filter(({ parentSpanId }) => (known.has(parentSpanId) ? parentSpanId : '') === parent)
      .sort(starts)
      .flatMap((span) => [{ span, depth }, ...below(span.spanId, depth + 1)]);
  return below('', 0);
}

/** @param {Span[]} spans @param {HTMLElement} place @param {HTMLElement} legend */
function draw(spans, place, legend) {
  const rows = ordered(spans);
  const nanos = spans.map(({ start, end }) => [BigInt(start), BigInt(end)]);
  const first = nanos.reduce((least, [start]) => (start < least ? start : least), nanos[0][0]);
  // Media may go on for a minute: the start of the play is what the eye looks for.
  const root = rows[0].span;
  const shownEnd =
    BigInt(root.end) > first
      ? first + ((BigInt(root.end) - first) * 5n) / 4n
      : nanos.reduce((most, [, end]) => (end > most ? end : most), first);
  const length = Number(shownEnd - first) || 1;
  const share = (/** @type {bigint} */ at) => Math.min(100, Math.max(0, (Number(at - first) / length) * 100));
  place.replaceChildren(
    ...rows.map(({ span, depth }) => {
      const [start, end] = [BigInt(span.start), BigInt(span.end)];
      const row = document.createElement('div');
      row.className = 'row';
      const label = document.createElement('span');
      label.className = 'label';
      label.style.paddingLeft = `${depth * 12}px`;
      const purpose = span.attributes['track.request.purpose'];
      label.textContent = purpose ? `${span.name} ${purpose}` : span.name;
      const lane = document.createElement('span');
      lane.className = 'lane';
      const bar = document.createElement('b');
      bar.dataset.service = span.service;
      bar.classList.toggle('is-error', span.status === 2);
      bar.classList.toggle('goes-on', end > shownEnd);
      const from = share(start);
      // What comes long after the start stands at the edge, with its time.
      const later = start > shownEnd;
      bar.style.left = later ? 'calc(100% - 5px)' : `${from}%`;
      bar.style.width = `max(3px, ${share(end) - from}%)`;
      const time = document.createElement('i');
      const after = later ? `after ${(Number(start - first) / 1e9).toFixed(1)} s: ` : '';
      time.textContent = `${after}${(Number(end - start) / 1e6).toFixed(1)} ms`;
      time.style[from > 70 ? 'right' : 'left'] =
        from > 70 ? `${100 - from + 0.5}%` : `calc(${Math.min(share(end), 88)}% + 6px)`;
      lane.append(bar, time);
      row.append(label, lane);
      const { attributes } = span;
      row.title = [
        `${span.service} · ${span.name}`,
        ...Object.entries(attributes).map(([key, value]) => `${key} = ${value}`),
      ].join('\n');
      return row;
    }),
  );
  const services = [...new Set(rows.map(({ span }) => span.service))];
  legend.replaceChildren(
    ...services.map((service) => {
      const item = Object.assign(document.createElement('li'), { textContent: service });
      item.dataset.service = service;
      return item;
    }),
  );
}
