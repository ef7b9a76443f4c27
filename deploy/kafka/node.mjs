// One node of Kafka, and Flink's SQL client, for tests and trials: what `scripts/setup.sh kafka` brought to
// the cache, on loopback.

import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { backendFolder, freePorts, until } from '../chain.mjs';

/** Starts Kafka in `folder`. @param {string} folder @param {number} [partitions] */
export async function startKafka(folder, partitions = 4) {
  mkdirSync(folder, { recursive: true });
  const [port, controller] = await freePorts(2);
  const brokers = `127.0.0.1:${port}`;
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'num.partitions': partitions,
    listeners: `PLAINTEXT://${brokers},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://${brokers}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': `${folder}/kafka`,
    'offsets.topic.replication.factor': 1,
    'message.max.bytes': 10_000_000,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  writeFileSync(
    `${folder}/kafka.properties`,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  );
  const classes = `${backendFolder('kafka')}/*`;
  const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  const { status, stdout, stderr } = spawnSync(
    'java',
    ['-cp', classes, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', `${folder}/kafka.properties`],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`Kafka's storage could not be formatted: ${stdout}${stderr}`);
  const log = openSync(`${folder}/kafka.log`, 'a');
  const child = spawn('java', ['-Xmx512m', '-cp', classes, 'kafka.Kafka', `${folder}/kafka.properties`], {
    stdio: ['ignore', log, log],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await until(
    () =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket.end()));
        socket.once('error', reject);
      }),
    'Kafka listens',
  );
  return { brokers, stop: () => new Promise((resolve) => child.once('exit', resolve) && child.kill()) };
}

/**
 * Runs SQL in Flink's client, in one process, and waits for what it inserts.
 * @param {string} folder
 * @param {string} sql
 */
export async function runFlink(folder, sql) {
  const home = backendFolder('flink');
  mkdirSync(`${folder}/conf`, { recursive: true });
  writeFileSync(
    `${folder}/conf/config.yaml`,
    'execution:\n  target: local\nparallelism:\n  default: 1\ntable:\n  dml-sync: true\n',
  );
  writeFileSync(
    `${folder}/conf/log4j2.properties`,
    'rootLogger.level=ERROR\nrootLogger.appenderRef.c.ref=C\nappender.c.type=Console\nappender.c.name=C\n',
  );
  writeFileSync(`${folder}/query.sql`, sql);
  const open = ['java.base/java.lang', 'java.base/java.util', 'java.base/java.nio'].map(
    (name) => `--add-opens=${name}=ALL-UNNAMED`,
  );
  const child = spawn(
    'java',
    [
      '-Xmx1g',
      `-Dlog4j.configurationFile=${folder}/conf/log4j2.properties`,
      ...open,
      '--add-exports=java.base/sun.nio.ch=ALL-UNNAMED',
      '-cp',
      `${home}/lib/*:${home}/opt/*:${home}/beside/*`,
      'org.apache.flink.table.client.SqlClient',
      'embedded',
      '-f',
      `${folder}/query.sql`,
    ],
    { env: { ...process.env, FLINK_CONF_DIR: `${folder}/conf` }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0 || /\[ERROR\]/.test(said))
    throw new Error(`Flink ended with ${code}: ${said.slice(-20000)}`);
}

/**
 * `quality.sql` with its places filled.
 * @param {{ brokers: string, window: string, bounded?: boolean }} options `'1' MINUTE`
 */
export const qualitySql = ({ brokers, window, bounded = false }) =>
  readFileSync(fileURLToPath(new URL('../flink/quality.sql', import.meta.url)), 'utf8')
    .replaceAll('${KAFKA_BROKERS}', brokers)
    .replaceAll('${WINDOW}', window)
    .replaceAll('${BOUNDED}', bounded ? "'scan.bounded.mode' = 'latest-offset'," : '');
