// Runs the load generator against a chain, and holds what Prometheus has against what the script did.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from '../../deploy/chain.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** @typedef {{ name: string, attributes: Record<string, string>, sum: number, count: number }} Total */
/**
 * @typedef {{ script: Total[], acknowledged: Total[], requests: number, bytes: number, statuses:
 * Record<string, number>, unsure: number, unsurePoints: number, unsureTotals: Total[], failedTraces:
 * string[], starts: Record<string, number[]>, ids: { spans: string[], logs: string[] }, signals:
 * Record<string, Record<string, number>> }} Report
 */
/** @typedef {Awaited<ReturnType<typeof import('../../deploy/chain.mjs').startChain>>} Chain */

/**
 * Starts listeners.
 * @param {Chain} chain
 * @param {string} folder
 * @param {Record<string, string | number>} options
 */
export function startLoad(chain, folder, options) {
  const built = ['release', 'debug']
    .map((profile) => `${root}target/${profile}/tonearm-load`)
    .filter((path) => existsSync(path));
  const [binary] = built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!binary) throw new Error('the load generator is not built: cargo build --release -p tonearm-load');
  const report = `${folder}/report.json`;
  const all = { endpoint: chain.endpoint, token: chain.token, report, ...options };
  const child = spawn(
    binary,
    Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: ['ignore', 'ignore', process.env.LOAD_TELLS ? 'inherit' : 'ignore'] },
  );
  /** @type {Promise<Report>} */
  const done = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0
        ? resolve(JSON.parse(readFileSync(report, 'utf8')))
        : reject(new Error(`the load ended with ${code}`)),
    );
  });
  return { done, stop: () => child.kill() };
}

const key = (/** @type {string} */ name, /** @type {Record<string, string>} */ labels) =>
  `${name}${JSON.stringify(
    Object.entries(labels)
      .map(([label, value]) => [label.replaceAll('.', '_'), value])
      .sort(),
  )}`;
/** A metric's name without the suffixes that Prometheus has. @param {string} name */
const plain = (name) =>
  name
    .replaceAll('.', '_')
    .replace(/_total$/, '')
    .replace(/_seconds$/, '');

/**
 * What Prometheus has of listeners: sums and counts of series, those of several Collectors added up. A
 * counter that began anew with its Collector counts as what it had and what it has. @param {Chain} chain
 * @param {string} service @param {string} [over]
 */
export async function counted(chain, service, over = '30m') {
  /** @type {Map<string, { sum: number, count: number, series: number }>} */
  const totals = new Map();
  for (const { metric, values, histograms } of /** @type {any[]} */ (
    await chain.query(
      `{service="${service}", __name__!~"tonearm:.*|track_play_kept.*|player_active_sessions_total"}[${over}]`,
    )
  )) {
    const { __name__, service: _service, environment, instance, job, ...own } = metric;
    const at = key(plain(__name__), own);
    const total = totals.get(at) ?? { sum: 0, count: 0, series: 0 };
    totals.set(at, total);
    total.series++;
    /** @type {{ sum: number, count: number }[]} */
    const samples = values
      ? values.map((/** @type {any} */ [, sum]) => ({ sum: Number(sum), count: 0 }))
      : histograms.map((/** @type {any} */ [, one]) => ({ sum: Number(one.sum), count: Number(one.count) }));
    samples.forEach(({ sum, count }, n) => {
      const began = n + 1 === samples.length || samples[n + 1].sum < sum || samples[n + 1].count < count;
      if (began) [total.sum, total.count] = [total.sum + sum, total.count + count];
    });
  }
  return totals;
}

/** The totals of several loads. @param {Total[][]} reports @returns {Total[]} */
export function together(reports) {
  /** @type {Map<string, Total>} */
  const all = new Map();
  for (const { name, attributes, sum, count } of reports.flat()) {
    const known = all.get(key(name, attributes));
    if (known) [known.sum, known.count] = [known.sum + sum, known.count + count];
    else all.set(key(name, attributes), { name, attributes, sum, count });
  }
  return [...all.values()];
}

/**
 * What differs; nothing where all is equal: counts to the unit, seconds within a billionth.
 * @param {Map<string, { sum: number, count: number }>} totals
 * @param {Total[]} wanted
 */
export function differences(totals, wanted) {
  return wanted.flatMap(({ name, attributes, sum, count }) => {
    const at = key(plain(name), attributes);
    const got = totals.get(at);
    const equal =
      got &&
      (got.count === 0 || got.count === count) &&
      Math.abs(got.sum - sum) <= 1e-9 * Math.max(1, Math.abs(sum));
    return equal ? [] : [{ at, sum, count, got }];
  });
}

/**
 * What is less than the script's, or more than it by what was sent twice: a point that was sent again counts
 * once or twice.
 * @param {Map<string, { sum: number, count: number }>} totals
 * @param {{ script: Total[], unsureTotals: Total[] }} report
 */
export function beyondRepeats(totals, { script, unsureTotals }) {
  const repeats = new Map(unsureTotals.map((one) => [key(plain(one.name), one.attributes), one]));
  return script.flatMap(({ name, attributes, sum, count }) => {
    const at = key(plain(name), attributes);
    const got = totals.get(at);
    const repeated = repeats.get(at) ?? { sum: 0, count: 0 };
    const slack = 1e-9 * Math.max(1, Math.abs(sum));
    const within =
      got &&
      got.sum >= sum - slack &&
      got.sum <= sum + repeated.sum + slack &&
      (got.count === 0 || (got.count >= count && got.count <= count + repeated.count));
    return within ? [] : [{ at, sum, count, repeated, got }];
  });
}

/**
 * Waits until the chain has handed on all that it took.
 * @param {Chain} chain
 * @param {number} points that it acknowledged at least
 */
export const settled = (chain, points) =>
  until(
    async () => {
      const seen = await chain.query('sum(otelcol_deltatocumulative_datapoints)');
      const waiting = await chain.query('sum(otelcol_exporter_queue_size{job="tonearm-ingest"})');
      return Number(seen[0]?.value?.[1]) >= points && Number(waiting[0]?.value?.[1]) === 0;
    },
    `${points} points behind the queue`,
    120,
  ).then(() => new Promise((resolve) => setTimeout(resolve, 8000)));
