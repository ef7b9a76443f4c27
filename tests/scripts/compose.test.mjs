// The compose files as data (there is no Docker where the tests run): images, mounts, names and ports.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url));
const read = (/** @type {string} */ path) => readFileSync(`${deploy}${path}`, 'utf8');
const yaml = (/** @type {string} */ path) => parse(read(path), { merge: true });

const base = yaml('compose.yaml');
const overlay = yaml('compose.grafana.yaml');
/** @type {{ backends: Record<string, string> }} */
const { backends } = JSON.parse(read('versions.json'));

/**
 * As compose merges files: maps by key, lists one after the other, all else is replaced. @param {any} a
 * @param {any} b @returns {any}
 */
function merge(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (a?.constructor !== Object || b?.constructor !== Object) return b ?? a;
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, merge(a[key], b[key])]),
  );
}
const merged = merge(base, overlay);
const FILES = { 'compose.yaml': base, 'compose.yaml with compose.grafana.yaml': merged };

/**
 * Tags of images by the versions of Go modules: Prometheus 3.x is the module 0.3xx, Jaeger 1.(63 + n) and 2.n
 * are one release.
 */
const TAGS = {
  'otel/opentelemetry-collector-contrib': backends.collector,
  'prom/alertmanager': backends.alertmanager,
  'victoriametrics/victoria-logs': backends.victorialogs,
  'prom/prometheus': backends.prometheus.replace(
    /^v0\.3(\d\d)\.(\d+)$/,
    (_, minor, patch) => `v3.${Number(minor)}.${patch}`,
  ),
  'jaegertracing/jaeger': backends.jaeger.replace(
    /^v1\.(\d+)\.(\d+)$/,
    (_, minor, patch) => `2.${minor - 63}.${patch}`,
  ),
};

test('by default nothing of Loki, Grafana or Tempo runs', () => {
  for (const [name, { image }] of Object.entries(base.services))
    assert.doesNotMatch(`${name} ${image}`, /grafana|loki|tempo|mimir/i);
  assert.doesNotMatch(JSON.stringify(base.services), /grafana|loki/i);
  assert.deepEqual(Object.keys(overlay.services), ['processing', 'loki', 'grafana']);
  assert.match(read('compose.grafana.yaml'), /^# .*AGPL-3\.0.*Loki 3\.7\.8/ms);
});

test('images are pinned, at the versions that the tests run', () => {
  const images = Object.values(merged.services).map(({ image }) => image);
  for (const image of images) assert.match(image, /^[\w./-]+:v?\d+\.\d+\.\d+$/);
  for (const [image, version] of Object.entries(TAGS))
    assert.deepEqual(
      [...new Set(images.filter((one) => one.startsWith(`${image}:`)))],
      [`${image}:${version}`],
    );
});

for (const [name, { services, volumes }] of Object.entries(FILES)) {
  /**
   * Mounts of a service: host, or a volume's name, and the path in the container. @param {any} service
   * @returns {string[][]}
   */
  const mounts = (service) => (service.volumes ?? []).map((/** @type {string} */ mount) => mount.split(':'));

  test(`${name}: what is mounted is there, and files that are named are in it`, () => {
    const named = new Set();
    for (const [id, service] of Object.entries(services)) {
      for (const [host, inside] of mounts(service)) {
        if (!host.startsWith('./')) {
          named.add(host);
          continue;
        }
        assert.ok(statSync(`${deploy}${host}`).isDirectory(), `${id}: ${host}`);
        for (const [path] of JSON.stringify(service.command ?? []).matchAll(/\/etc\/[\w./-]+/g))
          if (path.startsWith(`${inside}/`))
            assert.ok(existsSync(`${deploy}${host}${path.slice(inside.length)}`), `${id}: ${path}`);
      }
      for (const [path] of JSON.stringify(service.command ?? []).matchAll(/\/etc\/[\w./-]+/g))
        assert.ok(
          mounts(service).some(([, inside]) => path.startsWith(`${inside}/`)),
          `${id}: ${path} is not mounted`,
        );
    }
    assert.deepEqual([...named].sort(), Object.keys(volumes).sort());
  });

  test(`${name}: ports are open to this machine alone`, () => {
    const ports = Object.values(services).flatMap(({ ports }) => ports ?? []);
    assert.ok(ports.length >= 5);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
    assert.equal(new Set(ports).size, ports.length);
  });

  test(`${name}: every name leads to a service`, () => {
    const known = Object.keys(services);
    const prometheus = yaml('prometheus/prometheus.yml');
    /** @type {string[]} */
    const addresses = [...prometheus.alerting.alertmanagers, ...prometheus.scrape_configs].flatMap(
      ({ static_configs }) => static_configs.flatMap((/** @type {any} */ { targets }) => targets),
    );
    for (const [id, { command = [], environment = {}, depends_on = [] }] of Object.entries(services)) {
      for (const dependency of depends_on) assert.ok(known.includes(dependency), `${id}: ${dependency}`);
      for (const value of Object.values(environment)) addresses.push(...hosts(String(value)));
      // A Collector's own defaults, but for variables that are set here.
      for (const [, file] of JSON.stringify(command).matchAll(/\/etc\/otel\/([\w.-]+)/g))
        for (const [, variable, value] of read(`collector/${file}`).matchAll(/\$\{env:(\w+):-([^}]*)\}/g))
          if (!(variable in environment)) addresses.push(...hosts(value));
    }
    assert.ok(addresses.length >= 8, addresses.join());
    for (const address of addresses) assert.ok(known.includes(address.split(':')[0]), address);
  });
}
/** Hosts of URLs in a text. @param {string} text */
const hosts = (text) => [...text.matchAll(/https?:\/\/([\w.-]+:\d+)/g)].map(([, host]) => host);

test('logs go to VictoriaLogs, with the overlay to Loki', () => {
  assert.match(
    base.services.processing.environment.LOGS_ENDPOINT,
    /^http:\/\/victorialogs:9428\/insert\/opentelemetry$/,
  );
  assert.equal(merged.services.processing.environment.LOGS_ENDPOINT, 'http://loki:3100/otlp');
  assert.equal(merged.services.processing.environment.COLLECTOR_ID, 'processing-1');
});

test("Alertmanager's and Grafana's own files are where the containers have them", () => {
  const { receivers } = yaml('alertmanager/alertmanager.yml');
  const [[host, inside]] = base.services.alertmanager.volumes.map((/** @type {string} */ one) =>
    one.split(':'),
  );
  for (const { webhook_configs } of receivers)
    for (const { url_file } of webhook_configs) {
      assert.ok(url_file.startsWith(`${inside}/`), url_file);
      const folder = url_file.slice(inside.length, url_file.lastIndexOf('/'));
      assert.ok(existsSync(`${deploy}${host}${folder}`), url_file);
    }
  const mounted = overlay.services.grafana.volumes.map((/** @type {string} */ one) => one.split(':')[1]);
  for (const { options } of yaml('grafana/provisioning/dashboards/tonearm.yaml').providers)
    assert.ok(mounted.includes(options.path), options.path);
  for (const [, variable] of read('grafana/provisioning/datasources/tonearm.yaml').matchAll(
    /^ +url: \$\{(\w+)\}$/gm,
  ))
    assert.ok(variable in overlay.services.grafana.environment, variable);
});
