// OTLP requests of anyone who has read the token in a page, and what the chain says of them.

import { gzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { until } from '../../deploy/chain.mjs';

/** @typedef {Awaited<ReturnType<typeof import('../../deploy/chain.mjs').startChain>>} Chain */
/** @typedef {Record<string, unknown>} Attributes */

/** @param {unknown} value */
const anyValue = (value) => {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { intValue: String(value) };
  return { stringValue: String(value) };
};
/** Attributes as pairs, so that a key may come twice. @param {Attributes | [string, unknown][]} attributes */
export const pairs = (attributes) =>
  (Array.isArray(attributes) ? attributes : Object.entries(attributes)).map(([key, value]) => ({
    key,
    value: anyValue(value),
  }));
export const nanos = () => String(BigInt(Date.now()) * 1_000_000n);
export const id = (/** @type {number} */ bytes) => randomBytes(bytes).toString('hex');

/**
 * Sends a request, and gives its status.
 * @param {Chain} chain
 * @param {'metrics' | 'logs' | 'traces'} signal
 * @param {object} body
 */
export async function post(chain, signal, body) {
  const response = await fetch(`${chain.endpoint}/v1/${signal}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${chain.token}`,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    },
    body: gzipSync(JSON.stringify(body)),
  });
  await response.arrayBuffer();
  return response.status;
}

/** @param {Chain} chain @param {object[]} metrics @param {Attributes} [resource] @param {object} [scope] */
export const sendMetrics = (chain, metrics, resource = { 'service.name': 'evil' }, scope = {}) =>
  post(chain, 'metrics', {
    resourceMetrics: [{ resource: { attributes: pairs(resource) }, scopeMetrics: [{ scope, metrics }] }],
  });

/** Lines of a service. @param {Chain} chain @param {string} service @param {object[]} logRecords */
export const sendLines = (chain, service, logRecords) =>
  post(chain, 'logs', {
    resourceLogs: [
      { resource: { attributes: pairs({ 'service.name': service }) }, scopeLogs: [{ logRecords }] },
    ],
  });

/** One line. @param {string} text @param {Attributes} [attributes] @param {string} [eventName] */
export const line = (text, attributes = {}, eventName = 'app.line') => ({
  timeUnixNano: nanos(),
  severityNumber: 9,
  eventName,
  body: { stringValue: text },
  attributes: pairs(attributes),
});

/** Spans of a service. @param {Chain} chain @param {string} service @param {object[]} spans */
export const sendSpans = (chain, service, spans) =>
  post(chain, 'traces', {
    resourceSpans: [
      { resource: { attributes: pairs({ 'service.name': service }) }, scopeSpans: [{ spans }] },
    ],
  });

/** A span that is a trace of its own. @param {object} [more] */
export const span = (more = {}) => ({
  traceId: id(16),
  spanId: id(8),
  name: 'step',
  kind: 1,
  startTimeUnixNano: nanos(),
  endTimeUnixNano: nanos(),
  ...more,
});

/**
 * An increment. @param {string} name @param {string} unit @param {number | string} asDouble @param
 * {Attributes | [string, unknown][]} [attributes] @param {object} [more]
 */
export const increment = (name, unit, asDouble, attributes = {}, more = {}) => ({
  name,
  unit,
  sum: {
    aggregationTemporality: 1,
    isMonotonic: true,
    dataPoints: [{ asDouble, timeUnixNano: nanos(), attributes: pairs(attributes) }],
    ...more,
  },
});

/** What fires: the labels of each alert. @param {Chain} chain @returns {Promise<Record<string, string>[]>} */
export async function firing(chain) {
  const { data } = await (await fetch(`${chain.prometheus}/api/v1/alerts`)).json();
  return data.alerts
    .filter((/** @type {any} */ { state }) => state === 'firing')
    .map((/** @type {any} */ { labels }) => labels);
}

/**
 * Repeats an attack until an alert with these labels fires.
 * @param {Chain} chain
 * @param {() => Promise<unknown>} attack
 * @param {Record<string, string>} wanted
 */
export const attackUntilAlert = (chain, attack, wanted) =>
  until(
    async () => {
      await attack();
      const alerts = await firing(chain);
      return alerts.some((labels) => Object.entries(wanted).every(([key, value]) => labels[key] === value));
    },
    `an alert ${JSON.stringify(wanted)}`,
    90,
  );

/** The sum of a query; 0 where it has no series. @param {Chain} chain @param {string} query */
export async function total(chain, query) {
  const [found] = await chain.query(`sum(${query})`);
  return Number(found?.value?.[1] ?? 0);
}
