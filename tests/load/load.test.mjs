// Ten thousand listeners for five minutes, at default intervals: through one Collector, through two behind a
// splitter, and through the shipped file without its steps of arrival. LISTENERS and SECONDS make it smaller.
// What it prints is the table of docs/operations.md.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { startChain } from '../../deploy/chain.mjs';
import { counted, differences, settled, startLoad } from '../backends/load.mjs';

const listeners = Number(process.env.LISTENERS ?? 10_000);
const seconds = Number(process.env.SECONDS ?? 300);

/**
 * @param {Parameters<typeof startChain>[1]} options
 * @param {boolean} [exact] whether all is expected to arrive
 */
async function run(options, exact = true) {
  const folder = mkdtempSync(`${tmpdir()}/tonearm-load-`);
  const chain = await startChain(folder, { keepPercent: 10, decisionWait: '10s', ...options });
  try {
    const report = await startLoad(chain, folder, { listeners, seconds, seed: 11 }).done;
    const { exported } = report.signals.metrics;
    // Before the queue runs empty: what the Collectors took is of the load.
    const memory = await chain.query(
      'sum by (job) (max_over_time(otelcol_process_memory_rss[30m])) / 1048576',
    );
    const cpu = await chain.query('sum by (job) (max_over_time(otelcol_process_cpu_seconds[30m]))');
    await settled(chain, exported);
    const totals = await counted(chain, 'radio');
    const figures = {
      requests: report.requests,
      bytes: report.bytes,
      statuses: report.statuses,
      signals: report.signals,
      unsure: report.unsure,
      series: [...totals.values()].reduce((sum, { series }) => sum + series, 0),
      sets: report.acknowledged.length,
      plays: [...totals]
        .filter(([name]) => name.startsWith('track_play_latency'))
        .reduce((sum, [, { count }]) => sum + count, 0),
      playsOfTheScript: report.script
        .filter(({ name }) => name === 'track.play.latency')
        .reduce((sum, { count }) => sum + count, 0),
      differences: differences(totals, report.script).length,
      of: report.script.length,
      perThousand: Object.fromEntries(
        [
          ['MiB', memory],
          ['CPU seconds a minute', cpu],
        ].map(([what, found]) => [
          what,
          Object.fromEntries(
            /** @type {any[]} */ (found).map(({ metric, value }) => [
              metric.job,
              Number(
                (Number(value[1]) / (what === 'MiB' ? 1 : seconds / 60) / (listeners / 1000)).toFixed(2),
              ),
            ]),
          ),
        ]),
      ),
    };
    console.log(JSON.stringify(figures));
    if (exact) {
      const { started, pending, exported: arrived, ...lost } = report.signals.metrics;
      assert.deepEqual(
        [arrived, pending, Object.values(lost).filter((count) => count > 0)],
        [started, 0, []],
      );
      assert.deepEqual(differences(totals, report.script).slice(0, 5), []);
      assert.deepEqual(differences(totals, report.acknowledged).slice(0, 5), []);
      assert.equal(totals.size, report.acknowledged.length);
    }
    return figures;
  } finally {
    await chain.stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

const minutes = (seconds / 60 + 5) * 60_000;
test(
  "one Collector: every sum is the script's, in the series of ten listeners",
  { timeout: minutes },
  async () => {
    const { series, sets } = await run({});
    assert.equal(series, sets);
  },
);

test(
  'two Collectors behind a splitter: the same, each with series of its own',
  { timeout: minutes },
  async () => {
    const { series, sets } = await run({ second: true });
    assert.ok(series <= sets * 2 && series > sets, `${series} series of ${sets} sets`);
  },
);

/**
 * The shipped metrics pipeline as it is usually configured: increments are added up as they come, by their
 * listeners' clocks. The statements that name series stay, those that give a point the time of its arrival do
 * not.
 */
function withoutArrival() {
  const shipped = parse(
    readFileSync(new URL('../../deploy/collector/processing.yaml', import.meta.url), 'utf8'),
  );
  const { metrics } = shipped.service.pipelines;
  assert.ok(metrics.processors.includes('batch/points') && metrics.processors.includes('transform/arrival'));
  const all = shipped.processors['transform/arrival'].metric_statements;
  const kept = all.filter((/** @type {string} */ one) => !/datapoint\.(start_)?time/.test(one));
  assert.ok(kept.length > 0 && kept.length < all.length, 'the time of arrival is statements of its own');
  return {
    processors: { 'transform/arrival': { error_mode: 'propagate', metric_statements: kept } },
    service: {
      pipelines: {
        metrics: {
          ...metrics,
          processors: metrics.processors.filter((/** @type {string} */ one) => one !== 'batch/points'),
        },
      },
    },
  };
}

test('without its steps of arrival the shipped pipeline loses nearly all', { timeout: minutes }, async () => {
  const folder = mkdtempSync(`${tmpdir()}/tonearm-arrival-`);
  const overlay = `${folder}/arrival.yaml`;
  writeFileSync(overlay, stringify(withoutArrival()));
  try {
    const { plays, playsOfTheScript } = await run({ overlays: [overlay] }, false);
    assert.ok(plays < playsOfTheScript / 2, `${plays} of ${playsOfTheScript} plays`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
