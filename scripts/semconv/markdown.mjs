// The registry's tables in docs/telemetry.md, each between two comments, as prettier writes them.

import { prometheusName, stabilityOf } from '../semconv.mjs';

/** @typedef {import('../semconv.mjs').Registry} Registry */

const code = (/** @type {string} */ text) => `\`${text}\``;

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** @param {Registry} registry @returns {Record<string, string>} */
function tables({ attributes, events, metrics }) {
  const all = [...metrics.player, ...metrics.sdk];
  return {
    metrics: table(
      ['name', 'instrument', 'unit', 'attributes', 'in Prometheus', 'meaning'],
      all.map((metric) => [
        code(metric.name),
        metric.instrument,
        metric.unit,
        (metric.attributes ?? []).map(code).join(', '),
        code(prometheusName(metric)),
        metric.brief,
      ]),
    ),
    attributes: table(
      ['name', 'type', 'unit', 'stability', 'meaning'],
      attributes.map((attribute) => [
        attribute.members ? `${code(`${attribute.name}.*`)}` : code(attribute.name),
        attribute.type,
        attribute.unit ?? '',
        stabilityOf(attribute),
        attribute.brief + valuesOf(attribute),
      ]),
    ),
    events: table(
      ['event', 'meaning'],
      events.map(({ name, brief }) => [code(name), brief]),
    ),
  };
}

/** @param {import('../semconv.mjs').Attribute} attribute */
function valuesOf({ members, values }) {
  const list = members ?? values;
  return list ? ` ${list.map(code).join(', ')}.` : '';
}

/** The document with its tables replaced. @param {Registry} registry @param {string} document */
export function documentTables(registry, document) {
  let text = document;
  for (const [name, content] of Object.entries(tables(registry))) {
    const [open, close] = [`<!-- semconv: ${name} -->`, '<!-- /semconv -->'];
    const start = text.indexOf(open);
    const end = text.indexOf(close, start);
    if (start < 0 || end < 0) throw new Error(`docs/telemetry.md: expected ${open} and ${close}`);
    text = `${text.slice(0, start + open.length)}\n\n${content}\n\n${text.slice(end)}`;
  }
  return text;
}
