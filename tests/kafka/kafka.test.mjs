// Through Kafka: ingest writes, two processing Collectors share the partitions, and Flink computes quality of
// experience in windows of arrival. Clocks are wrong by up to a day, and some events come late. All figures
// are the script's.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startChain, until } from '../../deploy/chain.mjs';
import { qualitySql, runFlink, startKafka } from '../../deploy/kafka/node.mjs';
import { counted, differences, settled, startLoad } from '../backends/load.mjs';

const config = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../../deploy/collector/${name}`, import.meta.url));

/**
 * Linear between the two nearest, as SQL's `PERCENTILE_CONT`.
 * @param {number[]} values
 * @param {number} part
 */
function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = Math.floor(at);
  return sorted[low] + ((sorted[low + 1] ?? sorted[low]) - sorted[low]) * (at - low);
}

/** Rows that Flink wrote. @param {string} folder @returns {any[]} */
const rows = (folder) =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.') && !name.startsWith('_'))
    .flatMap((name) =>
      readFileSync(`${folder}/${name}`, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    );

test(
  "what listeners did arrives through Kafka, is sampled whole, and Flink's windows say the same",
  { timeout: 600_000 },
  async () => {
    const folder = mkdtempSync(`${tmpdir()}/tonearm-kafka-`);
    const kafka = await startKafka(folder);
    /** @type {Awaited<ReturnType<typeof startChain>> | undefined} */
    let chain;
    try {
      const processing = [
        'kafka-processing.yaml',
        'lake.yaml',
        fileURLToPath(new URL('lake-from-kafka.yaml', import.meta.url)),
      ];
      chain = await startChain(folder, {
        second: true,
        ingestOverlays: [config('kafka-ingest.yaml')],
        overlays: processing.map((name) => (name.startsWith('/') ? name : config(name))),
        env: { KAFKA_BROKERS: kafka.brokers },
        decisionWait: '5s',
      });
      writeFileSync(
        `${folder}/world.json`,
        JSON.stringify({ 'fra-1': { damaged: 0.3, stalls: 0.3 }, us: { slow: 20 } }),
      );
      // Nobody takes anything at first: what is told then comes late, and says so.
      await chain.stop('ingest');
      const load = startLoad(chain, folder, {
        listeners: 200,
        seconds: 40,
        seed: 5,
        skew: 86_400,
        'metric-interval': 3000,
        world: `${folder}/world.json`,
      });
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      await chain.start('ingest');
      const report = await load.done;
      const { started, exported, pending } = report.signals.metrics;
      assert.deepEqual([exported, pending], [started, 0]);
      await settled(chain, exported);

      const late = report.acknowledged.filter(({ attributes }) => attributes.late === 'true');
      assert.ok(late.length > 0, 'some came late');
      const totals = await counted(chain, 'radio');
      assert.deepEqual(differences(totals, report.acknowledged), [], 'both Collectors together have all');

      // Whole traces: each that is kept has its root and what hangs from it, though two Collectors sample.
      const { data: traces } = await until(
        async () => (await fetch(`${chain.jaeger}/api/traces?service=radio&limit=200&lookback=2d`)).json(),
        'traces',
      );
      const broken = traces.filter((/** @type {any} */ { spans }) => {
        const ids = new Set(spans.map((/** @type {any} */ { spanID }) => spanID));
        return spans.some((/** @type {any} */ { references }) =>
          references.some(
            (/** @type {any} */ { refType, spanID, traceID }) =>
              refType === 'CHILD_OF' && traceID === spans[0].traceID && !ids.has(spanID),
          ),
        );
      });
      assert.ok(traces.length > 50, `${traces.length} traces`);
      assert.deepEqual(
        broken.map((/** @type {any} */ { traceID }) => traceID),
        [],
      );

      const sink = (/** @type {string} */ name, /** @type {string} */ columns) =>
        `CREATE TABLE ${name}_out (${columns}) WITH ('connector' = 'filesystem', 'path' = '${folder}/${name}', 'format' = 'json');\nINSERT INTO ${name}_out SELECT * FROM ${name};\n`;
      const columns = {
        quality:
          'window_start TIMESTAMP(3), region STRING, node STRING, heard DOUBLE, waited DOUBLE, packets DOUBLE, failures DOUBLE, buffering_ratio DOUBLE, decode_failure_rate DOUBLE',
        start_up:
          'window_start TIMESTAMP(3), region STRING, node STRING, plays BIGINT, total DOUBLE, p50 DOUBLE, p95 DOUBLE, p99 DOUBLE',
      };
      const insert = sink('quality', columns.quality) + sink('start_up', columns.start_up);
      await runFlink(
        folder,
        qualitySql({ brokers: kafka.brokers, window: "'1' DAY", bounded: true }) + insert,
      );

      const sum = (/** @type {string} */ name, /** @type {string} */ place) =>
        report.script
          .filter(
            (one) =>
              one.name === name &&
              `${one.attributes['network.region']} ${one.attributes['cdn.node']}` === place,
          )
          .reduce((all, one) => all + one.sum, 0);
      const near = (/** @type {number} */ a, /** @type {number} */ b, /** @type {string} */ what) =>
        assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${what}: ${a}, the script's ${b}`);
      /** By region and node, those of several windows added up. @param {any[]} of */
      const byPlace = (of) => {
        /** @type {Map<string, any>} */
        const all = new Map();
        for (const { region, node, ...row } of of) {
          const known = all.get(`${region} ${node}`) ?? {};
          for (const [name, value] of Object.entries(row))
            if (typeof value === 'number') known[name] = (known[name] ?? 0) + value;
          all.set(`${region} ${node}`, known);
        }
        return all;
      };
      const judge = (/** @type {Map<string, any>} */ quality) => {
        assert.deepEqual([...quality.keys()].sort(), Object.keys(report.starts).sort());
        for (const [place, { heard, waited, packets, failures }] of quality) {
          near(heard, sum('track.play.time', place), `heard, ${place}`);
          near(waited, sum('track.buffer.time', place), `waited, ${place}`);
          near(packets, sum('audio.decode.attempts', place), `packets, ${place}`);
          near(failures, sum('audio.decode.failures', place), `failures, ${place}`);
        }
      };
      const whole = rows(`${folder}/quality`);
      judge(byPlace(whole));
      for (const { heard, waited, packets, failures, buffering_ratio, decode_failure_rate } of whole) {
        near(buffering_ratio, waited / (waited + heard), 'buffering');
        near(decode_failure_rate, failures / packets, 'decoding');
      }
      assert.ok(whole.some(({ decode_failure_rate }) => decode_failure_rate > 0.05));
      const starts = rows(`${folder}/start_up`);
      // A run across midnight has two windows: percentiles of parts are none of the whole.
      if (starts.length === Object.keys(report.starts).length) {
        for (const { region, node, plays, p50, p95, p99 } of starts) {
          const seconds = report.starts[`${region} ${node}`].map((millis) => millis / 1000);
          assert.equal(plays, seconds.length, `${region} ${node}`);
          for (const [part, value] of [
            [0.5, p50],
            [0.95, p95],
            [0.99, p99],
          ])
            near(value, percentile(seconds, part), `p${part * 100}, ${region} ${node}`);
        }
      }
      for (const [place, { plays }] of byPlace(starts))
        assert.equal(plays, report.starts[place].length, place);

      // The same in windows of ten seconds: none loses what comes at its edge, and late events are in that of
      // their arrival.
      for (const name of ['quality', 'start_up']) rmSync(`${folder}/${name}`, { recursive: true });
      await runFlink(
        folder,
        qualitySql({ brokers: kafka.brokers, window: "'10' SECOND", bounded: true }) + insert,
      );
      const many = rows(`${folder}/quality`);
      assert.ok(new Set(many.map(({ window_start }) => window_start)).size > 3, 'several windows');
      judge(byPlace(many));
      for (const [place, { plays }] of byPlace(rows(`${folder}/start_up`)))
        assert.equal(plays, report.starts[place].length, place);
    } finally {
      await chain?.stopAll();
      await kafka.stop();
      if (!process.env.KEEP) rmSync(folder, { recursive: true, force: true });
    }
  },
);
