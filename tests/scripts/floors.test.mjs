// The floors of the package: the linter refuses an import that leads upward.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { ESLint } = createRequire(`${root}scripts/eslint/config.js`)('eslint');
const linter = new ESLint({ cwd: root });

/** Whether a file may import another. @param {string} file @param {string} imported */
async function allows(file, imported) {
  const code = `import { a } from '${imported}';\nexport const b = a;\n`;
  const [{ messages }] = await linter.lintText(code, { filePath: `${root}pkg/src/${file}` });
  return !messages.some((/** @type {any} */ { ruleId }) => ruleId === 'no-restricted-imports');
}

test('an import that leads upward is refused, one that leads down is not', async () => {
  for (const [file, up, down] of [
    ['host/new.ts', '../before/url.js', './abort.js'],
    ['before/new.ts', '../core/flat.js', '../host/webidl.js'],
    ['core/new.ts', '../span.js', '../before/context.js'],
    ['core/new.ts', '../worker/tags.js', '../semconv.js'],
    ['worker/new.ts', '../core/loader.js', '../before/module_names.js'],
    ['worklet/new.ts', '../host/abort.js', './reports.js'],
    ['host/new.ts', '../player.js', '../types/index.js'],
  ]) {
    assert.equal(await allows(file, up), false, `${file}: ${up}`);
    assert.equal(await allows(file, down), true, `${file}: ${down}`);
  }
});
