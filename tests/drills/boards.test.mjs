// Every query of every board, against the real Prometheus, Jaeger and VictoriaLogs with the data of plays
// that went well and of some that did not. Queries of log lines are run in LogsQL; their LogQL is in
// tests/scripts/grafana.test.mjs.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { startChain, until } from '../../deploy/chain.mjs';
import { BOARDS } from '../../deploy/grafana/boards.mjs';
import { LOG_QUERIES, logsql } from '../../deploy/grafana/log-queries.mjs';
import { settled, startLoad } from '../backends/load.mjs';

/** What has rows only where something is lost: here the query has to be understood, no more. */
const EMPTY_WHEN_WELL = ['Records that never arrived'];

/** As Grafana fills them in. @param {string} text @param {string} trace */
const filled = (text, trace) =>
  text
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '10m')
    .replaceAll(/\$(service|environment|region)\b/g, '.*')
    .replaceAll('$trace', trace);

test('every query of every board is answered with rows', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(`${tmpdir()}/tonearm-boards-`);
  writeFileSync(
    `${folder}/world.json`,
    JSON.stringify({ 'fra-1': { slow: 60, stalls: 0.5 }, 'iad-1': { damaged: 0.5, refused: 0.3 } }),
  );
  const chain = await startChain(folder, { keepPercent: 100 });
  try {
    // What only a page records: that it lost something, and that its core ended.
    for (const eventName of ['telemetry.dropped', 'sdk.panicked']) {
      const record = { timeUnixNano: String(Date.now() * 1e6), severityNumber: 13, eventName };
      const resource = {
        attributes: [
          { key: 'service.name', value: { stringValue: 'radio' } },
          { key: 'deployment.environment.name', value: { stringValue: 'load' } },
        ],
      };
      await fetch(`${chain.endpoint}/v1/logs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${chain.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }),
      });
    }
    const report = await startLoad(chain, folder, {
      listeners: 200,
      seconds: 45,
      seed: 2,
      'metric-interval': 3000,
      'tells-itself': 'true',
      world: `${folder}/world.json`,
    }).done;
    await settled(chain, report.signals.metrics.exported);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    const [trace] = report.failedTraces;
    let queries = 0;
    for (const { title, panels = [] } of BOARDS) {
      for (const panel of panels) {
        for (const target of /** @type {any[]} */ ('targets' in panel ? panel.targets : [])) {
          const where = `${title} / ${panel.title}`;
          queries++;
          if (target.datasource.type === 'prometheus') {
            const rows = await chain.query(filled(target.expr, trace));
            assert.ok(
              rows.length > 0 || EMPTY_WHEN_WELL.includes(panel.title ?? ''),
              `${where}: ${filled(target.expr, trace)}`,
            );
          } else if (target.datasource.type === 'loki') {
            const query = logsql(LOG_QUERIES[/** @type {keyof typeof LOG_QUERIES} */ (panel.title)]);
            await until(
              async () => (await chain.lines(filled(query, trace))).length > 0,
              `${where}: ${query}`,
              20,
            );
          } else {
            await until(
              async () =>
                (await (await fetch(`${chain.jaeger}/api/traces/${trace}`)).json()).data?.length > 0,
              where,
              20,
            );
          }
        }
      }
    }
    assert.ok(queries >= 30, `${queries} queries`);
    const exemplars = await (
      await fetch(
        `${chain.prometheus}/api/v1/query_exemplars?query=track_play_kept_duration_seconds_bucket&start=${Date.now() / 1000 - 600}&end=${Date.now() / 1000}`,
      )
    ).json();
    assert.ok(exemplars.data.length > 0, 'exemplars');
  } finally {
    await chain.stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
});
