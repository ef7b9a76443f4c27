// The whole chain natively, on loopback, from the files in this folder: both Collector tiers, Jaeger,
// Prometheus, VictoriaLogs, and Alertmanager where a configuration is given. For `npm run backends`, the
// tests and the drills; where there is Docker, compose.yaml starts the same.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePorts, startSplitter } from './chain/network.mjs';
import { processes } from './chain/processes.mjs';
import * as program from './chain/programs.mjs';
import { cache, deployFile } from './chain/versions.mjs';
import { prometheus } from './generate.mjs';
import { ruleGroups } from './prometheus/rules.mjs';

export { freePorts, until } from './chain/network.mjs';
export { backendFolder, programOf } from './chain/versions.mjs';

/**
 * @typedef {object} ChainOptions
 * @property {string} [token] what pages send
 * @property {string} [origins] of the pages
 * @property {number} [scale] how many times as fast as they ship the rules run
 * @property {number} [keepPercent] share of ordinary traces that is kept
 * @property {string} [decisionWait] how long tail sampling waits for a trace's spans
 * @property {Record<string, string>} [env] for every program
 * @property {boolean} [second] two processing Collectors; ingest's connections go to them in turn
 * @property {boolean} [loadbalancing] two processing Collectors; spans go to one of them by their trace id
 * (collector/loadbalancing.yaml), metrics and logs to either
 * @property {{ config: string }} [alertmanager] starts Alertmanager with this file, and Prometheus sends
 * alerts to it
 * @property {string[]} [overlays] more files for the processing Collectors
 * @property {string[]} [ingestOverlays] more files for the ingest Collector
 * @property {string} [listenersInterval] how often Prometheus scrapes what listeners counted
 * @property {Record<string, number>} [ports] fixed ones by their names
 * @property {string[]} [appKeys] attributes that metrics under `app.` may have
 * @property {(store: string) => string} [logsThrough] gives the address that lines are sent to, of something
 * in front of VictoriaLogs
 */

/**
 * Starts the chain in `folder`, where it keeps logs and data.
 * @param {string} folder
 * @param {ChainOptions} [options]
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
    loadbalancing = false,
    alertmanager,
    overlays = [],
    ingestOverlays = [],
    listenersInterval = scale === 1 ? '2s' : '1s',
    ports: fixed = {},
    appKeys = ['kind'],
    logsThrough = (store) => store,
  } = {},
) {
  mkdirSync(folder, { recursive: true });
  const free = await freePorts(program.PORTS.length);
  /** @type {Record<string, number>} */
  const ports = { ...Object.fromEntries(program.PORTS.map((name, at) => [name, free[at]])), ...fixed };
  const at = (/** @type {string} */ name) => `127.0.0.1:${ports[name]}`;
  const url = (/** @type {string} */ name) => `http://${at(name)}`;

  const two = second || loadbalancing;
  const processing = two ? ['processing', 'processing2'] : ['processing'];
  const splitter = two ? await startSplitter(processing.map((name) => ports[name])) : undefined;
  writeFileSync(
    `${folder}/prometheus.yml`,
    stringify(
      prometheus({
        interval: scale === 1 ? '5s' : '1s',
        listenersInterval,
        listeners: processing.map((name) => at(`${name}Scrape`)),
        targets: {
          'tonearm-ingest': [at('ingestMetrics')],
          'tonearm-processing': processing.map((name) => at(`${name}Metrics`)),
        },
        rules: `${folder}/rules.yml`,
        alertmanagers: alertmanager ? [at('alertmanager')] : [],
      }),
    ),
  );
  writeFileSync(
    `${folder}/rules.yml`,
    stringify({ groups: ruleGroups({ scale, jaeger: url('jaegerQuery') }) }),
  );

  const children = processes(
    [
      program.jaeger(at, url),
      ...(alertmanager ? [program.alertmanager(at, url, folder, alertmanager.config)] : []),
      program.prometheus(at, url, folder),
      program.logs(at, url, folder),
      ...processing.map((name) =>
        program.processing(at, url, name, {
          overlays,
          keepPercent,
          decisionWait,
          appKeys,
          logs: `${logsThrough(url('logs'))}/insert/opentelemetry`,
        }),
      ),
      program.ingest(at, url, folder, {
        overlays: [...(loadbalancing ? [deployFile('collector/loadbalancing.yaml')] : []), ...ingestOverlays],
        endpoint: splitter?.url ?? url('processing'),
        resolver: JSON.stringify({ static: { hostnames: processing.map((name) => at(`${name}Grpc`)) } }),
        token,
        origins,
      }),
    ],
    folder,
    env,
  );
  const chain = {
    token,
    start: children.start,
    stop: children.stop,
    endpoint: url('ingest'),
    jaeger: url('jaegerQuery'),
    prometheus: url('prometheus'),
    alertmanager: alertmanager && url('alertmanager'),
    /** VictoriaLogs. */
    logs: url('logs'),
    async stopAll() {
      await children.stopAll();
      splitter?.stop();
    },
    /**
     * Evaluates a query in Prometheus: labels and value of each series.
     * @param {string} query
     * @returns {Promise<{ metric: Record<string, string>, value?: [number, string], histogram?: [number, any]
     * }[]>}
     */
    async query(query) {
      const answer = await (
        await fetch(`${url('prometheus')}/api/v1/query?query=${encodeURIComponent(query)}`)
      ).json();
      if (answer.status !== 'success') throw new Error(`${query}: ${answer.error}`);
      return answer.data.result;
    },
    /**
     * Lines that match a LogsQL query in VictoriaLogs, each an object of its fields.
     * @param {string} query
     * @returns {Promise<Record<string, string>[]>}
     */
    async lines(query) {
      const answer = await fetch(`${url('logs')}/select/logsql/query?query=${encodeURIComponent(query)}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${query}: ${text}`);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
  };
  try {
    await children.startAll();
  } catch (error) {
    await chain.stopAll();
    throw error;
  }
  return chain;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = `${cache}/chain`;
  rmSync(folder, { recursive: true, force: true });
  const known = { ingest: 4318, jaegerQuery: 16_686, prometheus: 9090, logs: 9428 };
  const chain = await startChain(folder, { ports: known, keepPercent: 100, decisionWait: '5s' });
  console.log(`OTLP for pages at ${chain.endpoint}, with the header "authorization: Bearer ${chain.token}"`);
  console.log(
    `Jaeger ${chain.jaeger}   Prometheus ${chain.prometheus}   VictoriaLogs ${chain.logs}/select/vmui/   (output in ${folder}; Ctrl+C ends them)`,
  );
}
