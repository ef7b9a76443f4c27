// The folder of the package: its sources are in the repository, what is built from them is not.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Whether git ignores a path. @param {string} path */
const ignores = (path) =>
  spawnSync('git', ['check-ignore', '-q', '--no-index', path], { cwd: root }).status === 0;

test('git ignores what is built, and nothing else of the package', () => {
  for (const path of [
    'pkg/src/index.ts',
    'pkg/src/core/new.ts',
    'pkg/package.json',
    'pkg/bin/tonearm-slo.js',
  ])
    assert.equal(ignores(path), false, path);
  assert.ok(ignores('pkg/dist/index.js') && ignores('pkg/dist/types/index.d.ts'));
});
