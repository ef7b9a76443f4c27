// One registry has every name of the telemetry: what is generated from it is as it would be generated now,
// and queries read no other metric.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { files } from '../../scripts/make-semconv.mjs';
import { check, prometheusName, readRegistry } from '../../scripts/semconv.mjs';

const ROOT = new URL('../../', import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, ROOT), 'utf8');
/** What Prometheus adds to a histogram's name, and the prefix of what the Collector derives from spans. */
const SUFFIX = /_(bucket|sum|count)$/;
const OURS = /\b(?:track|player|audio|music|http_client|otel_sdk)_[a-z_]+\b/g;

test('what is generated from the registry is as it would be generated now', () => {
  for (const [path, content] of Object.entries(files()))
    assert.ok(read(path) === content, `${path}: run node scripts/make-semconv.mjs`);
});

test('boards and rules read the metrics of the registry, and what rules record', () => {
  const { attributes, metrics } = readRegistry();
  const known = new Set([
    ...[...metrics.player, ...metrics.sdk].map(prometheusName),
    ...attributes.map(({ name }) => name.replaceAll('.', '_')),
    // Recorded by a rule, and made of spans by the Collector.
    'player_active_sessions_total',
    'track_play_kept_duration_seconds',
    // The beginning of three names in a regular expression.
    'otel_sdk_exporter_',
  ]);
  const boards = readdirSync(new URL('deploy/grafana/boards/', ROOT)).map(
    (file) => `deploy/grafana/boards/${file}`,
  );
  let found = 0;
  for (const path of ['deploy/prometheus/rules.yml', ...boards]) {
    for (const [name] of read(path).matchAll(OURS)) {
      assert.ok(known.has(name) || known.has(name.replace(SUFFIX, '')), `${path}: ${name}`);
      found++;
    }
  }
  assert.ok(found > 80, `${found} names`);
});

test('a registry that contradicts itself is refused by name', () => {
  const refuses = (
    /** @type {(registry: import('../../scripts/semconv.mjs').Registry) => void} */ change,
    /** @type {RegExp} */ message,
  ) => {
    const registry = readRegistry();
    change(registry);
    assert.throws(() => check(registry), message);
  };
  refuses(({ spans }) => spans.push({ ...spans[0] }), /^Error: track\.play: named twice/);
  refuses(({ spans }) => (spans[0].name = 'Track play'), /Track play: expected a name/);
  refuses(({ attributes }) => (attributes[0].brief = 'no sentence'), /music\.track_id: expected a brief/);
  refuses(
    ({ metrics }) => (metrics.player[0].attributes = ['cdn.nod']),
    /track\.play\.latency: no attribute cdn\.nod/,
  );
  refuses(({ metrics }) => (metrics.player[0].unit = ''), /track\.play\.latency: expected a unit/);
});
