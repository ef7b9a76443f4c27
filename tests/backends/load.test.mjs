// Some hundred listeners with wrong clocks, through the whole chain: every sum is the script's. Thousands: `npm run test:load`.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { startChain } from '../../deploy/chain.mjs';
import { counted, differences, settled, startLoad } from './load.mjs';

test('what three hundred listeners did is in Prometheus, to the last unit, in as many series as there are sets of attributes', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(`${tmpdir()}/tonearm-load-`);
  const chain = await startChain(folder);
  try {
    const report = await startLoad(chain, folder, { listeners: 300, seconds: 20, seed: 7, 'metric-interval': 5000 }).done;
    const { started, exported, pending, ...lost } = report.signals.metrics;
    assert.deepEqual([exported, pending, Object.values(lost).filter((count) => count > 0)], [started, 0, []], 'nothing is lost on the way');
    await settled(chain, exported);
    const totals = await counted(chain, 'radio');
    assert.deepEqual(differences(totals, report.script), []);
    assert.deepEqual(differences(totals, report.acknowledged), []);
    assert.equal(totals.size, report.acknowledged.length, 'series are the sets of attributes, however many listeners');
    const plays = report.script.filter(({ name }) => name === 'track.play.latency').reduce((sum, { count }) => sum + count, 0);
    assert.ok(plays > 300, `${plays} plays`);
  } finally {
    await chain.stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
});
