// The Collector's sources as data: modules are those of builder.yaml and have their sums, the allow list has
// the metrics that the package declares, processors run in their order in each pipeline, and nothing is bound
// to all addresses by default.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = new URL('../../', import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, root), 'utf8');
const yaml = (/** @type {string} */ path) => parse(read(`deploy/collector/${path}`));

test('go.mod has the modules of builder.yaml at their versions, and go.sum their sums', () => {
  const { dist, ...kinds } = yaml('builder.yaml');
  const modules = read('deploy/collector/go.mod');
  const sums = read('deploy/collector/go.sum');
  const own = 'tonearm.example/collector';
  assert.match(modules, new RegExp(`^module ${own}$`, 'm'));
  const wanted = Object.values(kinds)
    .flat()
    .map(({ gomod }) => gomod.split(' '))
    .filter(([path]) => path !== own);
  wanted.push(['go.opentelemetry.io/collector/otelcol', `v${dist.version}`]);
  assert.ok(wanted.length > 20);
  for (const [path, version] of wanted) {
    assert.ok(modules.includes(`\t${path} ${version}`), `${path} ${version} in go.mod`);
    assert.match(sums, new RegExp(`^${path} ${version} h1:`, 'm'));
  }
  const replaced = new Map(
    [...modules.matchAll(/^replace (\S+) => (\S+) (\S+)$/gm)].map(([, from, to, version]) => [
      from,
      [to, version],
    ]),
  );
  for (const [, path, version] of modules.matchAll(/^\t(\S+) (v\S+)/gm)) {
    const [name, at] = replaced.get(path) ?? [path, version];
    assert.ok(
      sums.includes(`${name} ${at} h1:`) || sums.includes(`${name} ${at}/go.mod h1:`),
      `${name} ${at}`,
    );
  }
});

test('what pages send passes the allow list before anything else looks into it', () => {
  for (const file of ['processing.yaml', 'kafka-processing.yaml', 'lake.yaml']) {
    const pipelines = Object.entries(yaml(file).service.pipelines).filter(
      ([, { receivers }]) => receivers.includes('otlp') || receivers.includes('kafka'),
    );
    assert.ok(pipelines.length >= 2);
    for (const [name, { processors }] of pipelines)
      assert.deepEqual(processors.slice(0, 2), ['memory_limiter', 'allow_list'], `${file}: ${name}`);
  }
  const { traces, logs } = yaml('processing.yaml').service.pipelines;
  assert.deepEqual(traces.processors.slice(-2), ['tail_sampling', 'service_rate_limit']);
  assert.equal(logs.processors.at(-1), 'split_refused');
});

test('queues and batches are bounded in bytes, below what the next tier takes', () => {
  const { receivers, exporters } = yaml('processing.yaml');
  const taken = receivers.otlp.protocols.http.max_request_body_size;
  const body = yaml('ingest.yaml').receivers.otlp.protocols.http.max_request_body_size;
  for (const [file, exporter] of [
    ['ingest.yaml', 'otlp_http'],
    ['loadbalancing.yaml', 'load_balancing'],
    ['kafka-ingest.yaml', 'kafka'],
  ]) {
    const { sending_queue: queue, producer } = yaml(file).exporters[exporter];
    assert.deepEqual([queue.sizer, queue.batch.sizer], ['bytes', 'bytes'], file);
    assert.match(queue.queue_size, /^\$\{env:INGEST_QUEUE_BYTES:-\d+\}$/);
    assert.ok(queue.batch.max_size * 1.2 < Math.min(taken, producer?.max_message_bytes ?? taken), file);
    // A single record beyond the bound would take along what comes after it.
    const growth = producer ? 1 : 4;
    assert.ok(queue.batch.max_size > growth * body, file);
  }
  assert.equal(exporters['otlp_http/traces'].sending_queue.sizer, 'bytes');
});

test('nothing is bound to all addresses unless it is set', () => {
  const folders = ['deploy/collector/', 'deploy/jaeger/', 'deploy/loki/'];
  const files = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => folder + file),
  );
  assert.ok(files.length >= 8);
  for (const file of files)
    assert.doesNotMatch(read(file).replace(/^\s*#.*$/gm, ''), /0\.0\.0\.0|\[?::\]?:\d/, file);
});

test('the edge hands no cookie on, and sets none', () => {
  const edge = read('deploy/edge/nginx.conf');
  for (const line of [
    'proxy_set_header Cookie "";',
    'proxy_set_header Referer "";',
    'proxy_hide_header Set-Cookie;',
  ])
    assert.ok(edge.includes(`\n    ${line}\n`), line);
});
