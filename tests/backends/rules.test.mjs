// Prometheus' own judge over our configuration and rules.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { programOf } from '../../deploy/chain.mjs';

/** @param {string[]} args */
const promtool = (...args) =>
  spawnSync(programOf('promtool'), args, {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });

test('promtool finds no fault in configuration and rules', () => {
  const { status, stdout, stderr } = promtool('check', 'config', '../../deploy/prometheus/prometheus.yml');
  assert.equal(status, 0, stdout + stderr);
});

test('every alert fires, resolves, and is inhibited', () => {
  const { status, stdout, stderr } = promtool('test', 'rules', 'rules.test.yml');
  assert.equal(status, 0, stdout + stderr);
});
