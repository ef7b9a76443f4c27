// A file that a comment or a document names exists. Decisions and the changelog are dated: they name what
// there was.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).trim();
const files = tracked.split('\n');
const DATED = /^(docs\/decisions\.md|CHANGELOG\.md)$/;
const READ = /\.(rs|ts|js|mjs|md|toml|yaml|sh)$/;
/** A file's name in backquotes: in code elsewhere it may be a literal of a test. */
const NAMED = /`((?:[\w.-]+\/)*[\w-]+(?:\.d)?\.(?:rs|ts|js|mjs|sh|yaml|toml))`/g;
/** Files that are made: scripts of the package, what wasm-bindgen writes; and files of apps. */
const MADE = [
  /^(pkg\/)?(dist\/)?(worker|worklet|index|queue|records|element|stretch|stretch_worklet|traced_fetch|diagnostics)\.js$/,
  /^(dist|target|node_modules)\//,
  /^(main|app|vite\.config|webpack\.config)\.[jt]s$/,
];

test('each file that is named exists', () => {
  const missing = [];
  for (const file of files.filter((file) => READ.test(file) && !DATED.test(file))) {
    const text = readFileSync(root + file, 'utf8');
    const comments = /\.md$/.test(file) ? text : text.replace(/^(?!\s*(\/\/|\*|\/\*|#)).*$/gm, '');
    for (const [, name] of comments.matchAll(NAMED)) {
      const exists = files.some((known) => known === name || known.endsWith(`/${name}`));
      if (!exists && !MADE.some((made) => made.test(name))) missing.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});
