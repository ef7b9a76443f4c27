// Some hundred listeners with wrong clocks, through the whole chain: every sum is the script's. Thousands:
// `npm run test:load`.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { startChain } from '../../deploy/chain.mjs';
import { counted, differences, settled, startLoad, together } from './load.mjs';

test(
  'what three hundred listeners did is in Prometheus, to the last unit, in as many series as there are sets of attributes',
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(`${tmpdir()}/tonearm-load-`);
    const chain = await startChain(folder);
    try {
      // Pages of two releases are open at once.
      const loads = [1, 2].map((version) => {
        mkdirSync(`${folder}/${version}`);
        return startLoad(chain, `${folder}/${version}`, {
          listeners: 150,
          seconds: 20,
          seed: version,
          version: `${version}.0.0`,
          'metric-interval': 5000,
        }).done;
      });
      const reports = await Promise.all(loads);
      for (const { signals } of reports) {
        const { started, exported, pending, ...lost } = signals.metrics;
        assert.deepEqual(
          [exported, pending, Object.values(lost).filter((count) => count > 0)],
          [started, 0, []],
          'nothing is lost on the way',
        );
      }
      await settled(
        chain,
        reports.reduce((sum, { signals }) => sum + signals.metrics.exported, 0),
      );
      const totals = await counted(chain, 'radio');
      const [script, acknowledged] = [
        together(reports.map((one) => one.script)),
        together(reports.map((one) => one.acknowledged)),
      ];
      assert.deepEqual(differences(totals, script), []);
      assert.deepEqual(differences(totals, acknowledged), []);
      assert.deepEqual(
        [totals.size, [...totals.values()].filter(({ series }) => series > 1)],
        [acknowledged.length, []],
        'series are the sets of attributes, however many listeners',
      );
      const plays = script
        .filter(({ name }) => name === 'track.play.latency')
        .reduce((sum, { count }) => sum + count, 0);
      assert.ok(plays > 300, `${plays} plays`);
    } finally {
      await chain.stopAll();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
