// Writes what is made from data: the configuration of Prometheus and Alertmanager, the rules, Grafana's
// boards. `node deploy/generate.mjs [--jaeger URL] [--runbook URL]` writes the files that ship, with the
// addresses that alerts lead to; the tests compare the files with what this makes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { alertmanager } from './alertmanager/config.mjs';
import { BOARDS } from './grafana/boards.mjs';
import { ruleGroups } from './prometheus/rules.mjs';

const HEAD = '# Written by deploy/generate.mjs.\n';
/** Comments of the data are not in what is written: where to look, and what to edit. */
const ALERTMANAGER_HEAD = `# config.mjs has the reasons. Yours to edit there or here: the files that url_file names (one URL each, in deploy/alertmanager/webhooks
# for compose), receivers (a pager, a chat, a mailbox), time_intervals (mute windows, UTC).
`;
const yaml = (/** @type {unknown} */ value) => HEAD + stringify(value, { lineWidth: 0 });

/**
 * Beyond what the Collector's allow list lets through: 22 services with 2,475 series each. A scrape beyond
 * them fails, and CollectorDown says so.
 */
const SCRAPE_LIMITS = {
  sample_limit: 60_000,
  label_limit: 20,
  label_name_length_limit: 100,
  label_value_length_limit: 200,
  body_size_limit: '64MB',
};

/**
 * Prometheus' configuration: what listeners counted, from each processing Collector, and the Collectors
 * themselves.
 * @param {{ interval?: string, listenersInterval?: string, listeners?: string[], targets?: Record<string,
 * string[]>, rules?: string, alertmanagers?: string[] }} [options]
 */
export const prometheus = ({
  interval = '15s',
  listenersInterval = '5s',
  listeners = ['processing:9464'],
  targets = { 'tonearm-ingest': ['ingest:8888'], 'tonearm-processing': ['processing:8889'] },
  rules = 'rules.yml',
  alertmanagers = ['alertmanager:9093'],
} = {}) => ({
  global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
  rule_files: [rules],
  alerting: {
    alertmanagers: alertmanagers.length > 0 ? [{ static_configs: [{ targets: alertmanagers }] }] : [],
  },
  otlp: { translation_strategy: 'UnderscoreEscapingWithSuffixes' },
  scrape_configs: [
    // Labels are the listeners': `job` is the service, `instance` the Collector that counted. Often: what a
    // Collector that is killed had counted since the last time is gone.
    {
      job_name: 'tonearm-listeners',
      scrape_interval: listenersInterval,
      scrape_timeout: listenersInterval,
      honor_labels: true,
      scrape_native_histograms: true,
      ...SCRAPE_LIMITS,
      static_configs: [{ targets: listeners }],
    },
    ...Object.entries(targets).map(([job_name, hosts]) => ({
      job_name,
      static_configs: [{ targets: hosts }],
    })),
  ],
});

/**
 * Files by their path under `deploy/`.
 * @param {{ scale?: number, jaeger?: string, runbook?: string }} [options]
 */
export function files(options) {
  return {
    'alertmanager/alertmanager.yml': HEAD + ALERTMANAGER_HEAD + stringify(alertmanager(), { lineWidth: 0 }),
    'prometheus/prometheus.yml': yaml(prometheus()),
    'prometheus/rules.yml': yaml({ groups: ruleGroups(options) }),
    ...Object.fromEntries(
      BOARDS.map((board) => [`grafana/boards/${board.uid}.json`, `${JSON.stringify(board, null, 2)}\n`]),
    ),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { jaeger: { type: 'string' }, runbook: { type: 'string' } } });
  for (const [path, content] of Object.entries(files(values))) {
    const target = new URL(path, import.meta.url);
    mkdirSync(new URL('.', target), { recursive: true });
    writeFileSync(target, content);
  }
}
