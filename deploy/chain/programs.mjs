// The programs of the chain: binary, arguments, environment, and the address that says that each is ready.

import { deployFile, programOf } from './versions.mjs';

/** @typedef {import('./processes.mjs').Program} Program */
/** @typedef {(name: string) => string} Address of a port by its name: `host:port`, or a URL */

/** Every port that a chain may need. */
export const PORTS = [
  'ingest',
  'ingestHealth',
  'ingestMetrics',
  ...['processing', 'processing2'].flatMap((name) => [
    name,
    `${name}Grpc`,
    `${name}Health`,
    `${name}Metrics`,
    `${name}Scrape`,
  ]),
  'jaeger',
  'jaegerQuery',
  'jaegerGrpc',
  'jaegerHealth',
  'prometheus',
  'alertmanager',
  'logs',
];

/** @param {Address} at @param {Address} url @returns {Program} */
export const jaeger = (at, url) => ({
  name: 'jaeger',
  binary: programOf('jaeger'),
  args: ['--config', deployFile('jaeger/jaeger.yaml')],
  ready: `${url('jaegerQuery')}/api/services`,
  env: {
    JAEGER_OTLP: at('jaeger'),
    JAEGER_QUERY: at('jaegerQuery'),
    JAEGER_QUERY_GRPC: at('jaegerGrpc'),
    JAEGER_HEALTH: at('jaegerHealth'),
  },
});

/** @param {Address} at @param {Address} url @param {string} folder @returns {Program} */
export const prometheus = (at, url, folder) => ({
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
});

/**
 * @param {Address} at @param {Address} url @param {string} folder @param {string} config @returns {Program}
 */
export const alertmanager = (at, url, folder, config) => ({
  name: 'alertmanager',
  binary: programOf('alertmanager'),
  ready: `${url('alertmanager')}/-/ready`,
  args: [
    `--config.file=${config}`,
    `--storage.path=${folder}/alertmanager`,
    `--web.listen-address=${at('alertmanager')}`,
    // Empty: no port for other replicas.
    '--cluster.listen-address=',
  ],
});

/**
 * VictoriaLogs. It deletes lines after `retentionPeriod`. @param {Address} at @param {Address} url @param
 * {string} folder @returns {Program}
 */
export const logs = (at, url, folder) => ({
  name: 'logs',
  binary: programOf('victoria-logs'),
  ready: `${url('logs')}/health`,
  args: [
    `-httpListenAddr=${at('logs')}`,
    `-storageDataPath=${folder}/logs`,
    '-retentionPeriod=7d',
    '-loggerLevel=WARN',
  ],
});

const configs = (/** @type {string[]} */ paths) => paths.flatMap((path) => ['--config', path]);

/**
 * A processing Collector.
 * @param {Address} at
 * @param {Address} url
 * @param {string} name
 * @param {{ overlays: string[], keepPercent: number, decisionWait: string, appKeys: string[], logs: string }}
 * options `logs` is where lines go, as OTLP
 * @returns {Program}
 */
export const processing = (at, url, name, { overlays, keepPercent, decisionWait, appKeys, logs }) => ({
  name,
  binary: programOf('tonearm-collector'),
  ready: `${url(`${name}Health`)}/`,
  args: configs([deployFile('collector/processing.yaml'), ...overlays]),
  env: {
    COLLECTOR_ID: name,
    PROCESSING_ADDRESS: at(name),
    PROCESSING_GRPC_ADDRESS: at(`${name}Grpc`),
    PROCESSING_HEALTH: at(`${name}Health`),
    PROCESSING_METRICS_PORT: at(`${name}Metrics`).split(':')[1],
    PROCESSING_SCRAPE: at(`${name}Scrape`),
    TRACES_ENDPOINT: url('jaeger'),
    METRICS_ENDPOINT: `${url('prometheus')}/api/v1/otlp`,
    LOGS_ENDPOINT: logs,
    TONEARM_APP_KEYS: JSON.stringify(appKeys),
    KEEP_PERCENT: String(keepPercent),
    DECISION_WAIT: decisionWait,
    STARTS_INTERVAL: '1s',
  },
});

/**
 * The ingest Collector.
 * @param {Address} at
 * @param {Address} url
 * @param {string} folder
 * @param {{ overlays: string[], endpoint: string, resolver: string, token: string, origins: string }} options
 * `endpoint` is the processing tier over HTTP, `resolver` the same for loadbalancing.yaml
 * @returns {Program}
 */
export const ingest = (at, url, folder, { overlays, endpoint, resolver, token, origins }) => ({
  name: 'ingest',
  binary: programOf('tonearm-collector'),
  args: configs([deployFile('collector/ingest.yaml'), ...overlays]),
  ready: `${url('ingestHealth')}/`,
  env: {
    INGEST_ADDRESS: at('ingest'),
    INGEST_HEALTH: at('ingestHealth'),
    INGEST_METRICS_PORT: at('ingestMetrics').split(':')[1],
    INGEST_QUEUE: `${folder}/queue`,
    PROCESSING_ENDPOINT: endpoint,
    PROCESSING_RESOLVER: resolver,
    TONEARM_TOKEN: token,
    TONEARM_ORIGINS: origins,
  },
});
