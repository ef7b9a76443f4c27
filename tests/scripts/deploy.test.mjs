// The generated files of `deploy/` are what its data make, and every alert has its section in the handbook
// and its test.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { files } from '../../deploy/generate.mjs';
import { ALERTS, ruleGroups } from '../../deploy/prometheus/rules.mjs';

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('generated files are as generated', () => {
  for (const [path, content] of Object.entries(files()))
    assert.equal(read(`deploy/${path}`), content, `${path}: node deploy/generate.mjs`);
});

test('every alert is in the handbook with its severities, and has a test that fires it at each', () => {
  const handbook = read('docs/operations.md');
  const { tests } = parse(read('tests/backends/rules.test.yml'));
  const cases = tests.flatMap((/** @type {any} */ { alert_rule_test }) => alert_rule_test);
  for (const { alert, look, levels } of ALERTS) {
    assert.equal(look, alert.toLowerCase());
    const section = handbook.split(`### ${alert}\n`)[1]?.split('\n#')[0];
    assert.ok(section, `${alert} is not in docs/operations.md`);
    assert.deepEqual(
      [...new Set(section.match(/\*\*(page|ticket|notice)\*\*/gi))].map((word) =>
        word.slice(2, -2).toLowerCase(),
      ),
      levels.map(({ severity }) => severity),
      `severities of ${alert} in docs/operations.md`,
    );
    const of = cases.filter((/** @type {any} */ { alertname }) => alertname === alert);
    for (const { severity } of levels)
      assert.ok(
        of.some((/** @type {any} */ { exp_alerts }) =>
          exp_alerts.some((/** @type {any} */ { exp_labels }) => exp_labels.severity === severity),
        ),
        `${alert}, ${severity}`,
      );
    assert.ok(
      of.some((/** @type {any} */ { exp_alerts }) => exp_alerts.length === 0),
      alert,
    );
  }
});

test('every severity of a rule has a route and a receiver', () => {
  const { route, receivers } = parse(read('deploy/alertmanager/alertmanager.yml'));
  for (const { severity } of ALERTS.flatMap(({ levels }) => levels)) {
    assert.ok(
      route.routes.some((/** @type {any} */ { matchers }) => matchers[0] === `severity="${severity}"`),
    );
    assert.ok(receivers.some((/** @type {any} */ { name }) => name === severity));
  }
});

test('a scale divides every window and wait, and nothing else', () => {
  const [indicators, alerts] = ruleGroups({ scale: 60 });
  const all = JSON.stringify([indicators, alerts]);
  assert.ok(!/\[\d+h\]|\[30m\]/.test(all), 'a long window is left');
  assert.ok(all.includes('[5s]') && all.includes('[6m]') && all.includes('"for":"1500ms"'));
  assert.equal(
    indicators.rules.length + alerts.rules.length,
    ruleGroups().flatMap(({ rules }) => rules).length,
  );
});
