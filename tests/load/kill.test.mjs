// Collectors killed with SIGKILL under load and started again: what an ingest Collector acknowledged is never
// lost, and listeners send the rest again; a processing Collector loses what it held, which is measured.

import assert from 'node:assert/strict';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startChain, until } from '../../deploy/chain.mjs';
import { beyondRepeats, counted, differences, settled, startLoad } from '../backends/load.mjs';

const listeners = Number(process.env.LISTENERS ?? 2000);
const overlay = fileURLToPath(new URL('received.yaml', import.meta.url));
const pause = (/** @type {number} */ seconds) =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const sumOf = (/** @type {import('../backends/load.mjs').Total[]} */ totals, /** @type {string} */ name) =>
  totals.filter((one) => one.name === name).reduce((sum, { sum: value }) => sum + value, 0);
const countedOf = (/** @type {Map<string, { sum: number }>} */ totals, /** @type {string} */ name) =>
  [...totals].filter(([key]) => key.startsWith(`${name}[`)).reduce((all, [, { sum }]) => all + sum, 0);

/** Ids of spans and log records that were received, and how many came again. @param {string} path */
async function received(path) {
  const [spans, logs] = [new Set(), new Set()];
  let again = 0;
  const note = (/** @type {Set<any>} */ set, /** @type {string | undefined} */ id) =>
    void (set.has(id) ? again++ : set.add(id));
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const { resourceSpans = [], resourceLogs = [] } = JSON.parse(line);
    for (const { scopeSpans } of resourceSpans)
      for (const { spans: list } of scopeSpans) for (const { spanId } of list) note(spans, spanId);
    for (const { scopeLogs } of resourceLogs)
      for (const { logRecords } of scopeLogs)
        for (const { attributes } of logRecords)
          note(
            logs,
            attributes.find((/** @type {any} */ { key }) => key === 'log.record.uid')?.value.stringValue,
          );
  }
  return { spans, logs, again };
}

/**
 * Kills one program in the middle of a minute's load.
 * @param {string} name
 * @param {number} count
 * @param {number} skew
 * @param {(chain: any, report: import('../backends/load.mjs').Report, totals: Awaited<ReturnType<typeof
 * counted>>, folder: string) => Promise<void>} judge
 */
async function killed(name, count, skew, judge) {
  const folder = mkdtempSync(`${tmpdir()}/tonearm-kill-`);
  const chain = await startChain(folder, {
    keepPercent: 100,
    decisionWait: '10s',
    listenersInterval: '5s',
    overlays: [overlay],
    env: { JAEGER_MAX_TRACES: '200000', RECEIVED: `${folder}/received.json` },
  });
  try {
    const load = startLoad(chain, folder, {
      listeners: count,
      seconds: 60,
      seed: 13,
      skew,
      'metric-interval': 5000,
      ids: 'true',
    });
    await pause(25);
    await chain.stop(name, 'SIGKILL');
    await pause(3);
    await chain.start(name);
    const report = await load.done;
    await until(
      async () =>
        Number(
          (await chain.query('sum(otelcol_exporter_queue_size{job="tonearm-ingest"})'))[0]?.value?.[1],
        ) === 0,
      'the queue runs empty',
      120,
    );
    await pause(20);
    await judge(chain, report, await counted(chain, 'radio'), folder);
  } finally {
    await chain.stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

test('an ingest Collector that is killed loses nothing that it acknowledged', { timeout: 400_000 }, () =>
  killed('ingest', listeners, 300, async (chain, report, totals, folder) => {
    const { started, exported, pending, ...lost } = report.signals.metrics;
    assert.ok(report.statuses[0] > 0, 'the kill was felt');
    assert.deepEqual(
      [exported, pending, Object.values(lost).filter((count) => count > 0)],
      [started, 0, []],
      'listeners sent all of it in the end',
    );
    await settled(chain, exported);
    const [points] = await chain.query('sum(otelcol_deltatocumulative_datapoints)');
    const twice = Number(points.value?.[1]) - exported;
    assert.ok(
      twice >= 0 && twice <= report.unsurePoints,
      `${twice} points came twice, ${report.unsurePoints} were sent twice`,
    );
    assert.deepEqual(
      beyondRepeats(totals, report).slice(0, 5),
      [],
      'each sum has what was sent twice twice at most',
    );
    if (twice === 0) assert.deepEqual(differences(totals, report.script).slice(0, 5), []);
    const { spans, logs, again } = await received(`${folder}/received.json`);
    assert.ok(report.ids.spans.length > 1000 && report.ids.logs.length > 1000);
    assert.deepEqual(
      [report.ids.spans.filter((id) => !spans.has(id)), report.ids.logs.filter((id) => !logs.has(id))],
      [[], []],
      'all that was acknowledged came through',
    );
    const plays = sumOf(report.script, 'track.play.attempts');
    console.log(
      `of ${report.ids.spans.length} spans and ${report.ids.logs.length} lines that were acknowledged none is missing, ${again} came twice`,
    );
    console.log(
      `ingest killed: ${report.statuses[0]} requests unanswered, ${report.unsurePoints} points sent twice, ${twice} of ${exported} came twice; plays ${countedOf(totals, 'track_play_attempts')} of ${plays}`,
    );
  }),
);

test(
  'a processing Collector that is killed loses its decision window and what was not scraped',
  { timeout: 400_000 },
  () =>
    killed('processing', Math.min(listeners, 500), 0, async (chain, report, totals) => {
      const plays = sumOf(report.script, 'track.play.attempts');
      const lost = plays - countedOf(totals, 'track_play_attempts');
      const rate = plays / 60;
      const traces = new Set();
      // In slices: Jaeger gives so many at once.
      const now = Date.now() * 1000;
      for (let at = now - 300e6; at < now; at += 2e6) {
        const answer = await (
          await fetch(
            `${chain.jaeger}/api/traces?service=radio&operation=track.play&limit=100000&start=${at}&end=${at + 2e6}`,
          )
        ).json();
        for (const { traceID } of answer.data ?? []) traces.add(traceID);
      }
      const lostTraces = plays - traces.size;
      console.log(
        `processing killed: ${lost.toFixed(0)} of ${plays} plays not counted (${(lost / rate).toFixed(1)} s of them), ${lostTraces} traces not kept (${(lostTraces / rate).toFixed(1)} s)`,
      );
      assert.ok(lost >= 0, 'no play is counted twice');
      assert.ok(lost / rate <= 7, 'what was not scraped: five seconds, and a batch of one');
      assert.ok(lostTraces / rate <= 12, 'the decision window of ten seconds, and a batch of one');
    }),
);
