// Every combination of Collector files that ships, and those of the tests: valid, and started without a
// warning of a deprecated name.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePorts, programOf, until } from '../../deploy/chain.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const shipped = 'deploy/collector/';
const COMBINATIONS = [
  ['ingest.yaml'],
  ['ingest.yaml', 'loadbalancing.yaml'],
  ['ingest.yaml', 'kafka-ingest.yaml'],
  ['processing.yaml'],
  ['processing.yaml', 'lake.yaml'],
  ['processing.yaml', 'kafka-processing.yaml'],
  ['processing.yaml', 'kafka-processing.yaml', 'lake.yaml'],
  ['processing.yaml', 'kafka-processing.yaml', 'lake.yaml', '../../tests/kafka/lake-from-kafka.yaml'],
  ['processing.yaml', '../../tests/hostile/open.yaml'],
  ['processing.yaml', '../../tests/load/received.yaml'],
  ['processing.yaml', '../../tests/backends/received-by.yaml'],
];
const folder = mkdtempSync(`${tmpdir()}/tonearm-collector-`);
after(() => rmSync(folder, { recursive: true, force: true }));

const RESOLVERS = {
  static: '{ static: { hostnames: ["127.0.0.1:9", "127.0.0.1:10"] } }',
  dns: '{ dns: { hostname: localhost, port: "9" } }',
};
/** @param {string[]} files */
const args = (files) => files.flatMap((file) => ['--config', `${root}${shipped}${file}`]);
/** What the files need from the environment, on ports that are free. @param {string} resolver */
async function environment(resolver) {
  const names = ['INGEST_ADDRESS', 'INGEST_HEALTH', 'PROCESSING_ADDRESS', 'PROCESSING_GRPC_ADDRESS'];
  names.push('PROCESSING_HEALTH', 'PROCESSING_SCRAPE', 'INGEST_METRICS_PORT', 'PROCESSING_METRICS_PORT');
  const ports = await freePorts(names.length);
  return {
    ...process.env,
    ...Object.fromEntries(
      names.map((name, at) => [name, name.endsWith('_PORT') ? String(ports[at]) : `127.0.0.1:${ports[at]}`]),
    ),
    TONEARM_TOKEN: 'public-token',
    TONEARM_ORIGINS: '*',
    INGEST_QUEUE: `${folder}/queue`,
    KAFKA_BROKERS: '127.0.0.1:9',
    PROCESSING_RESOLVER: resolver,
    RECEIVED: `${folder}/received.json`,
    RECEIVED_FOLDER: folder,
    COLLECTOR_ID: 'processing',
  };
}

/** @param {string[]} files @param {string} resolver */
async function check(files, resolver) {
  const env = await environment(resolver);
  const valid = spawnSync(programOf('tonearm-collector'), ['validate', ...args(files)], {
    encoding: 'utf8',
    env,
  });
  assert.equal(valid.status, 0, valid.stderr);

  const child = spawn(programOf('tonearm-collector'), args(files), {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const health = files[0] === 'ingest.yaml' ? env.INGEST_HEALTH : env.PROCESSING_HEALTH;
  const ready = until(async () => (await fetch(`http://${health}/`)).ok, `${files.join(' + ')} is ready`);
  try {
    await Promise.race([ready, ended.then((code) => assert.fail(`it ended (${code}): ${output}`))]);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  assert.doesNotMatch(output, /deprecated/i);
}

for (const files of COMBINATIONS)
  test(files.join(' + '), { timeout: 120_000 }, async () => {
    const resolvers = files.includes('loadbalancing.yaml') ? Object.values(RESOLVERS) : [''];
    for (const resolver of resolvers) await check(files, resolver);
  });

test('no file of the Collector is left out of the combinations', () => {
  const files = readdirSync(`${root}${shipped}`).filter(
    (file) => file.endsWith('.yaml') && file !== 'builder.yaml',
  );
  assert.deepEqual(
    files.filter((file) => !COMBINATIONS.flat().includes(file)),
    [],
  );
});
