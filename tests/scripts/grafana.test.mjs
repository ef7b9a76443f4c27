// Grafana's and Loki's parts as data: LogQL by its grammar, labels, data sources, links. Neither program runs
// here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parser } from '@grafana/lezer-logql';
import { parse } from 'yaml';
import { BOARDS } from '../../deploy/grafana/boards.mjs';
import { ruleGroups } from '../../deploy/prometheus/rules.mjs';

const read = (/** @type {string} */ path) =>
  readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');
const { datasources } = parse(read('grafana/provisioning/datasources/tonearm.yaml'));
const loki = parse(read('loki/loki.yaml'));
const panels = BOARDS.flatMap(({ title, panels = [] }) =>
  panels.map((panel) => ({ where: `${title} / ${panel.title}`, panel: /** @type {any} */ (panel) })),
);
const targets = panels.flatMap(({ where, panel }) =>
  panel.targets.map((/** @type {any} */ target) => ({ where, target })),
);

/**
 * A query with Grafana's variables, and Prometheus' labels in annotations, replaced. @param {string} query
 */
const filled = (query) =>
  query
    .replaceAll('$__range', '10m')
    .replaceAll(/\{\{ \$labels\.\w+ \}\}/g, 'radio')
    .replaceAll(/\$+\{[\w.]+\}|\$\w+/g, '.+');

/** Faults of a LogQL query, and the labels of its stream selectors. @param {string} query */
function examine(query) {
  /** @type {string[]} */
  const faults = [];
  /** @type {string[]} */
  const labels = [];
  let selector = 0;
  parser.parse(query).iterate({
    enter({ name, type, from, to }) {
      if (type.isError) faults.push(`at ${from}: ${query}`);
      if (name === 'Selector') selector = to;
      if (name === 'Identifier' && from < selector) labels.push(query.slice(from, to));
    },
  });
  if (labels.length === 0) faults.push(`no stream selector: ${query}`);
  return { faults, labels };
}

/** Every LogQL query that ships, by where it is. @type {[string, string][]} */
const queries = [
  ...targets
    .filter(({ target }) => target.datasource.type === 'loki')
    .map(({ where, target }) => /** @type {[string, string]} */ ([where, target.expr])),
  ...ruleGroups().flatMap(({ rules }) =>
    rules.flatMap((rule) =>
      'annotations' in rule && rule.annotations.lines
        ? [/** @type {[string, string]} */ ([rule.alert, rule.annotations.lines])]
        : [],
    ),
  ),
  ...datasources.flatMap((/** @type {any} */ { name, jsonData }) =>
    jsonData.tracesToLogsV2 ? [[name, jsonData.tracesToLogsV2.query]] : [],
  ),
];

test('the grammar finds what is wrong in a query', () => {
  const good = '{service="radio", event=~"a|b"} | trace_id="1"';
  assert.deepEqual(examine(good), { faults: [], labels: ['service', 'event'] });
  for (const broken of [
    '{service="radio"',
    '{service="radio"} | trace_id=',
    '{service="radio"} |',
    '{service=radio}',
    'service="radio"',
    '{service="radio" event="a"}',
    'rate({service="radio"})',
    '{}',
  ])
    assert.notDeepEqual(examine(broken).faults, [], broken);
});

test('every LogQL query can be parsed, and selects by labels that Loki has', () => {
  const [{ attributes }] = loki.limits_config.otlp_config.resource_attributes.attributes_config;
  // The boards' four, both severities of one alert, a data source's.
  assert.equal(queries.length, 7, queries.map(([where]) => where).join());
  for (const [where, query] of queries) {
    const { faults, labels } = examine(filled(query));
    assert.deepEqual(faults, [], where);
    for (const label of labels) assert.ok(attributes.includes(label), `${where}: ${label}`);
  }
});

test("Loki's labels are three, and what distinguishes plays is structured metadata", () => {
  const { limits_config, schema_config, compactor } = loki;
  const { ignore_defaults, attributes_config } = limits_config.otlp_config.resource_attributes;
  assert.equal(ignore_defaults, true);
  assert.deepEqual(attributes_config, [
    { action: 'index_label', attributes: ['service', 'environment', 'event'] },
  ]);
  assert.equal(limits_config.allow_structured_metadata, true);
  // Structured metadata needs it; retention needs the compactor.
  assert.deepEqual([schema_config.configs[0].schema, schema_config.configs[0].store], ['v13', 'tsdb']);
  assert.ok(compactor.retention_enabled && limits_config.retention_period);
  for (const [, variable, fallback] of read('loki/loki.yaml').matchAll(/\$\{(\w+)(:-[^}]+)?\}/g))
    assert.ok(fallback, `${variable} has a default`);
});

test('boards use the data sources that are provisioned, and these each other', () => {
  const known = new Map(datasources.map((/** @type {any} */ { uid, type }) => [uid, type]));
  assert.deepEqual([...known.keys()].sort(), ['jaeger', 'loki', 'prometheus']);
  const variables = BOARDS.flatMap(({ templating }) => /** @type {any[]} */ (templating?.list ?? []));
  for (const { datasource } of [
    ...panels.map(({ panel }) => panel),
    ...targets.map(({ target }) => target),
    ...variables.filter(({ type }) => type === 'query'),
  ])
    assert.equal(known.get(datasource.uid), datasource.type);
  for (const [, uid] of read('grafana/provisioning/datasources/tonearm.yaml').matchAll(
    /datasourceUid: (\w+)/g,
  ))
    assert.ok(known.has(uid), uid);
});

test('boards use the variables that they have, and links lead to boards', () => {
  const uids = BOARDS.map(({ uid }) => uid);
  for (const board of BOARDS) {
    const known = (board.templating?.list ?? []).map(({ name }) => name);
    for (const panel of board.panels ?? [])
      for (const { expr = '', query = '' } of /** @type {any[]} */ (/** @type {any} */ (panel).targets ?? []))
        for (const [, name] of `${expr} ${query}`.matchAll(/\$(\w+)/g))
          assert.ok(
            name.startsWith('__') || known.includes(name),
            `${board.title} / ${panel.title}: $${name}`,
          );
    for (const [, uid, query] of JSON.stringify(board).matchAll(/\/d\/([\w-]+)\?([^"]*)/g)) {
      const target = BOARDS[uids.indexOf(uid)];
      assert.ok(target, uid);
      const names = (target.templating?.list ?? []).map(({ name }) => name);
      for (const [, name] of query.matchAll(/var-(\w+)=/g))
        assert.ok(names.includes(name), `${uid}: ${name}`);
    }
  }
  for (const [, uid, name] of read('grafana/provisioning/datasources/tonearm.yaml').matchAll(
    /\/d\/([\w-]+)\?var-(\w+)=/g,
  ))
    assert.ok(
      BOARDS.find((board) => board.uid === uid)?.templating?.list?.some((one) => one.name === name),
      `${uid}: ${name}`,
    );
  const explore = JSON.stringify(BOARDS).matchAll(/"\/explore\?left=((?:[^"\\]|\\.)*)"/g);
  const states = [...explore].map(([, left]) => JSON.parse(JSON.parse(`"${left}"`)));
  assert.equal(states.length, 2);
  for (const { datasource } of states)
    assert.ok(datasources.some((/** @type {any} */ { uid }) => uid === datasource));
});
