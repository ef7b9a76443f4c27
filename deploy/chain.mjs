// The whole chain natively, on loopback, from the files beside this one: both Collector tiers, Jaeger,
// Prometheus, Loki. For `npm run backends`, the tests and the drills; where there is Docker, compose.yaml
// starts the same.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { prometheus } from './generate.mjs';
import { ruleGroups } from './prometheus/rules.mjs';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const cache = process.env.TONEARM_CACHE ?? `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/tonearm`;
const { backends: versions } = JSON.parse(readFileSync(here('versions.json'), 'utf8'));

/** Where the set-up puts what belongs together. @param {string} name */
export function backendFolder(name) {
  if (name !== 'collector') return `${cache}/backends/${name}-${versions[name]}`;
  const manifest = readFileSync(here('collector/builder.yaml'));
  return `${cache}/backends/collector-${versions.collector}-${createHash('sha256').update(manifest).digest('hex').slice(0, 12)}`;
}

/** A program. @param {string} name */
export const programOf = (name) =>
  `${backendFolder({ 'tonearm-collector': 'collector', promtool: 'prometheus' }[name] ?? name)}/${name}`;

/** Ports that nobody has. @param {number} count @returns {Promise<number[]>} */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve) => {
          server.listen(0, '127.0.0.1', () =>
            resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
          );
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return /** @type {number[]} */ (ports);
}

/** @param {() => Promise<unknown>} attempt @param {string} what @param {number} [seconds] */
export async function until(attempt, what, seconds = 60) {
  let last;
  for (
    const end = Date.now() + seconds * 1000;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 200))
  ) {
    try {
      const got = await attempt();
      if (got) return got;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`it never came: ${what}${last ? ` (${last})` : ''}`);
}

/**
 * Hands connections to the ports in turn: what a balancer before two Collectors does.
 * @param {number[]} ports
 */
async function startSplitter(ports) {
  let next = 0;
  const server = createServer((socket) => {
    const port = ports[next++ % ports.length];
    const onward = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ])
      from.pipe(to).on('error', () => from.destroy());
    socket.once('close', () => onward.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/**
 * @typedef {{ name: string, env?: Record<string, string>, binary: string, args: string[], ready: string }} Program
 */

/**
 * Starts the chain in `folder`, where it keeps logs and data.
 * @param {string} folder
 * @param {{ token?: string, origins?: string, scale?: number, keepPercent?: number, decisionWait?: string, env?: Record<string, string>,
 *   second?: boolean, overlays?: string[], ingestOverlays?: string[], listenersInterval?: string, ports?: Record<string, number> }} [options] rules' scale; whether there are two processing
 *   Collectors behind a splitter; what else the Collectors of each tier read
 */
export async function startChain(
  folder,
  {
    token = 'public-token',
    origins = '*',
    scale = 1,
    keepPercent = 100,
    decisionWait = '2s',
    env = {},
    second = false,
    overlays = [],
    ingestOverlays = [],
    listenersInterval = scale === 1 ? '2s' : '1s',
    ports: fixed = {},
  } = {},
) {
  mkdirSync(folder, { recursive: true });
  const names = [
    'ingest',
    'ingestHealth',
    'ingestMetrics',
    'processing',
    'processingHealth',
    'processingMetrics',
    'processingScrape',
    'processing2',
    'processing2Health',
    'processing2Metrics',
    'processing2Scrape',
    'jaeger',
    'jaegerQuery',
    'jaegerGrpc',
    'jaegerHealth',
    'prometheus',
    'loki',
    'lokiGrpc',
  ];
  const free = await freePorts(names.length);
  /** @type {Record<string, number>} */
  const ports = { ...Object.fromEntries(names.map((name, at) => [name, free[at]])), ...fixed };
  const at = (/** @type {string} */ name) => `127.0.0.1:${ports[name]}`;
  const url = (/** @type {string} */ name) => `http://${at(name)}`;

  const processing = second ? ['processing', 'processing2'] : ['processing'];
  const splitter = second ? await startSplitter([ports.processing, ports.processing2]) : undefined;
  const targets = {
    'tonearm-ingest': [at('ingestMetrics')],
    'tonearm-processing': processing.map((name) => at(`${name}Metrics`)),
  };
  writeFileSync(
    `${folder}/prometheus.yml`,
    stringify(
      prometheus({
        interval: scale === 1 ? '5s' : '1s',
        listenersInterval,
        listeners: processing.map((name) => at(`${name}Scrape`)),
        targets,
        rules: `${folder}/rules.yml`,
        alertmanagers: [],
      }),
    ),
  );
  writeFileSync(
    `${folder}/rules.yml`,
    stringify({ groups: ruleGroups({ scale, jaeger: url('jaegerQuery') }) }),
  );

  /** @param {string} name @returns {Program} */
  const processingProgram = (name) => ({
    name,
    binary: programOf('tonearm-collector'),
    ready: `${url(`${name}Health`)}/`,
    args: [here('collector/processing.yaml'), ...overlays].flatMap((path) => ['--config', path]),
    env: {
      COLLECTOR_ID: name,
      PROCESSING_ADDRESS: at(name),
      PROCESSING_HEALTH: at(`${name}Health`),
      PROCESSING_METRICS_PORT: String(ports[`${name}Metrics`]),
      PROCESSING_SCRAPE: at(`${name}Scrape`),
      TRACES_ENDPOINT: url('jaeger'),
      METRICS_ENDPOINT: `${url('prometheus')}/api/v1/otlp`,
      LOGS_ENDPOINT: `${url('loki')}/otlp`,
      KEEP_PERCENT: String(keepPercent),
      DECISION_WAIT: decisionWait,
      STARTS_INTERVAL: '1s',
    },
  });
  /** @type {Program[]} */
  const programs = [
    {
      name: 'jaeger',
      binary: programOf('jaeger'),
      args: ['--config', here('jaeger/jaeger.yaml')],
      ready: `${url('jaegerQuery')}/api/services`,
      env: {
        JAEGER_OTLP: at('jaeger'),
        JAEGER_QUERY: at('jaegerQuery'),
        JAEGER_QUERY_GRPC: at('jaegerGrpc'),
        JAEGER_HEALTH: at('jaegerHealth'),
      },
    },
    {
      name: 'prometheus',
      binary: programOf('prometheus'),
      ready: `${url('prometheus')}/-/ready`,
      args: [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/prometheus`,
        `--web.listen-address=${at('prometheus')}`,
        '--web.enable-otlp-receiver',
        '--enable-feature=exemplar-storage',
        '--log.level=warn',
      ],
    },
    {
      name: 'loki',
      binary: programOf('loki'),
      args: [`-config.file=${here('loki/loki.yaml')}`, '-config.expand-env=true'],
      ready: `${url('loki')}/ready`,
      env: {
        LOKI_HOST: '127.0.0.1',
        LOKI_PORT: String(ports.loki),
        LOKI_GRPC_PORT: String(ports.lokiGrpc),
        LOKI_DATA: `${folder}/loki`,
      },
    },
    ...processing.map((name) => processingProgram(name)),
    {
      name: 'ingest',
      binary: programOf('tonearm-collector'),
      args: [here('collector/ingest.yaml'), ...ingestOverlays].flatMap((path) => ['--config', path]),
      ready: `${url('ingestHealth')}/`,
      env: {
        INGEST_ADDRESS: at('ingest'),
        INGEST_HEALTH: at('ingestHealth'),
        INGEST_METRICS_PORT: String(ports.ingestMetrics),
        INGEST_QUEUE: `${folder}/queue`,
        PROCESSING_ENDPOINT: splitter?.url ?? url('processing'),
        TONEARM_TOKEN: token,
        TONEARM_ORIGINS: origins,
      },
    },
  ];

  /** @type {Map<string, import('node:child_process').ChildProcess>} */
  const running = new Map();
  // Who ends this process ends what it started.
  process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
  const start = async (/** @type {string} */ name) => {
    const program = programs.find((program) => program.name === name);
    if (!program) throw new Error(`no program ${name}`);
    const log = openSync(`${folder}/${name}.log`, 'a');
    const child = spawn(program.binary, program.args, {
      env: { ...process.env, ...program.env, ...env },
      stdio: ['ignore', log, log],
    });
    running.set(name, child);
    const ended = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`${name} ended (${code ?? signal}): see ${folder}/${name}.log`)),
      );
    });
    ended.catch(() => {});
    await Promise.race([ended, until(async () => (await fetch(program.ready)).ok, `${name} is ready`)]);
  };
  const stop = async (/** @type {string} */ name, /** @type {NodeJS.Signals} */ signal = 'SIGTERM') => {
    const child = running.get(name);
    running.delete(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(timer);
  };
  const chain = {
    token,
    start,
    stop,
    endpoint: url('ingest'),
    jaeger: url('jaegerQuery'),
    prometheus: url('prometheus'),
    loki: url('loki'),
    async stopAll() {
      for (const name of [...running.keys()].reverse()) await stop(name);
      splitter?.stop();
    },
    /**
     * What Prometheus answers to a query: labels and value.
     * @param {string} query
     * @returns {Promise<{ metric: Record<string, string>, value?: [number, string], histogram?: [number, any] }[]>}
     */
    async query(query) {
      const answer = await (
        await fetch(`${url('prometheus')}/api/v1/query?query=${encodeURIComponent(query)}`)
      ).json();
      if (answer.status !== 'success') throw new Error(`${query}: ${answer.error}`);
      return answer.data.result;
    },
  };
  try {
    for (const { name } of programs) await start(name);
  } catch (error) {
    await chain.stopAll();
    throw error;
  }
  return chain;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = `${cache}/chain`;
  rmSync(folder, { recursive: true, force: true });
  const known = { ingest: 4318, jaegerQuery: 16_686, prometheus: 9090, loki: 3100 };
  const chain = await startChain(folder, { ports: known, keepPercent: 100, decisionWait: '5s' });
  console.log(`OTLP for pages at ${chain.endpoint}, with the header "authorization: Bearer ${chain.token}"`);
  console.log(
    `Jaeger ${chain.jaeger}   Prometheus ${chain.prometheus}   Loki ${chain.loki}   (logs in ${folder}; Ctrl+C ends them)`,
  );
}
