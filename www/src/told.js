// The same play told twice more: its log lines, and the metrics whose exemplars lead to its trace.

const EVERY = 900;

/**
 * @typedef {{ time: string, severity: string, event: string, body: unknown, attributes: Record<string,
 * unknown> }} Log
 */
/**
 * @typedef {{ name: string, unit: string, attributes: Record<string, unknown>, exemplars: { traceId: string,
 * value: number }[] }} Point
 */

/**
 * What tells records apart for a reader; ids are in the tooltip.
 * @param {Record<string, unknown>} attributes
 */
const shown = (attributes) =>
  Object.entries(attributes)
    .filter(([key]) => !key.endsWith('.uid') && key !== 'session.id')
    .map(
      ([key, value]) =>
        `${key.split('.').pop()} ${typeof value === 'number' ? Number(value.toFixed(3)) : value}`,
    )
    .join(' · ');

/** @param {string} tag @param {string} text @param {string} [name] */
const element = (tag, text, name = '') =>
  Object.assign(document.createElement(tag), { textContent: text, className: name });

/** @param {import('tonearm/queue').Queue} queue @param {Record<'logs' | 'metrics', HTMLElement>} places */
export function watchTold(queue, { logs, metrics }) {
  const show = async () => {
    const trace = queue.player.traceparent?.slice(3, 35);
    if (!trace) return;
    const get = async (/** @type {string} */ what) => (await fetch(`/api/traces/${trace}/${what}`)).json();
    const [lines, points] = await Promise.all([get('logs'), get('metrics')]);
    showLogs(lines, logs);
    showPoints(points, trace, metrics);
  };
  setInterval(() => show().catch(() => {}), EVERY);
}

/** @param {Log[]} lines @param {HTMLElement} place */
function showLogs(lines, place) {
  const sorted = lines.sort((a, b) => (BigInt(a.time) < BigInt(b.time) ? -1 : 1)).slice(-12);
  place.replaceChildren(
    ...sorted.map(({ time, severity, event, attributes }) => {
      const line = element('li', '', severity.toLowerCase());
      const at = new Date(Number(BigInt(time) / 1_000_000n));
      line.append(
        element('time', at.toISOString().slice(14, 23)),
        element('b', event),
        element('span', shown(attributes), 'dim'),
      );
      return line;
    }),
  );
}

/** @param {Point[]} points @param {string} trace @param {HTMLElement} place */
function showPoints(points, trace, place) {
  /** The last of each series. @type {Map<string, Point>} */
  const last = new Map();
  for (const point of points) last.set(point.name + JSON.stringify(point.attributes), point);
  place.replaceChildren(
    ...[...last.values()].map(({ name, unit, attributes, exemplars }) => {
      const row = document.createElement('tr');
      const value = exemplars.find(({ traceId }) => traceId === trace)?.value ?? 0;
      const text = unit === 's' ? `${(value * 1000).toFixed(1)} ms` : String(value);
      row.append(element('td', name), element('td', shown(attributes), 'dim'), element('td', text));
      return row;
    }),
  );
}
