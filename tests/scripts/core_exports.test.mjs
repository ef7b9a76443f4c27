// The boundary between the core and its scripts: each export has its TypeScript type, in the glue and in what
// scripts call.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SIGNALS } from '../../target/modules/host/fetch.js';
import { DROP_REASONS } from '../../target/modules/core/drop_reasons.js';
import { compactGlue } from '../../scripts/build/core_glue.mjs';
import { GLUE_NAME, shortName, shortenImports } from '../../scripts/build/imports.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const types = readFileSync(join(root, 'target/wasm/extended-core/tonearm_full.d.ts'), 'utf8');
const glue = readFileSync(join(root, 'target/wasm/extended-core/tonearm_full_bg.js'), 'utf8');

const coreOf = (/** @type {string} */ file) =>
  new WebAssembly.Module(readFileSync(join(root, 'pkg/dist', file)));

/** The functions that a core exports, without wasm-bindgen's own. @param {string} file */
function exportsOf(file) {
  return WebAssembly.Module.exports(coreOf(file))
    .filter(({ kind, name }) => kind === 'function' && !name.startsWith('__'))
    .map(({ name }) => name);
}

/** What TypeScript says of a file; empty where it has nothing to say. @param {string[]} args */
function complaints(...args) {
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

const OPTIONS = ['--strict', '--target', 'es2024', '--module', 'esnext', '--moduleResolution', 'bundler'];

test('each export of the core has its type', () => {
  const all = exportsOf('tonearm_full_bg.wasm');
  assert.ok(all.length > 70);
  const typed = [...types.matchAll(/^export function (\w+)\(/gm)].map(([, name]) => name);
  assert.deepEqual([...all].sort(), typed.sort());
  // The plain core has no export of its own.
  assert.deepEqual(
    exportsOf('tonearm_bg.wasm').filter((name) => !all.includes(name)),
    [],
  );
});

test('the types of the glue are whole', () => {
  const file = 'target/wasm/extended-core/tonearm_full.d.ts';
  assert.equal(complaints('--ignoreConfig', ...OPTIONS, '--lib', 'es2024,dom', '--types', '', file), '');
});

test('scripts call each export by its type', () => {
  const folder = mkdtempSync(join(root, 'target/exports-'));
  try {
    const names = exportsOf('tonearm_full_bg.wasm').map((name) => `'${name}'`);
    const file = join(folder, 'check.ts');
    writeFileSync(
      file,
      `import type { Core } from '../../pkg/src/core/client.js';
declare const core: Core;
export const all: Record<${names.join(' | ')}, (...args: any[]) => unknown> = core;
`,
    );
    const config = join(folder, 'tsconfig.json');
    writeFileSync(
      config,
      JSON.stringify({
        extends: '../../pkg/tsconfig.json',
        include: ['check.ts', '../../pkg/src/**/*.d.ts'],
      }),
    );
    const said = complaints('-p', config)
      .split('\n')
      .filter((line) => line.includes('check.ts'));
    assert.deepEqual(said, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a page bundles those functions of the glue that convert something', () => {
  const compact = compactGlue(glue);
  const left = [...compact.matchAll(/^(\w+)\([^)]*\) \{$/gm)].map(([, name]) => name);
  for (const name of ['begin', 'pause', 'seek', 'report_ended', 'current_time', 'resolve', 'set_context'])
    assert.ok(!left.includes(name), name);
  for (const name of ['paused', 'play', 'load', 'create_series', 'inject', '__wbg_set_wasm', 'pass'])
    assert.ok(left.includes(name), name);
  assert.ok(left.length > 30 && left.length < 65, String(left));
  assert.doesNotMatch(compact, /\bval\d|^export function/m);
});

test('what a module imports is in the glue, by a short name', () => {
  const imports = WebAssembly.Module.imports(coreOf('tonearm_full_bg.wasm'));
  const left = [...compactGlue(glue).matchAll(/^(\w+)\([^)]*\) \{$/gm)].map(([, name]) => name);
  assert.ok(imports.length > 15);
  for (const { module, name } of imports) {
    assert.equal(module, GLUE_NAME);
    assert.ok(left.includes(name), name);
  }
  // The plain core has the same glue.
  for (const { name } of WebAssembly.Module.imports(coreOf('tonearm_bg.wasm')))
    assert.ok(left.includes(name), name);
});

test('two imports whose short names are the same are an error', () => {
  const module = readFileSync(join(root, 'target/wasm/extended-core/tonearm_full_bg.wasm'));
  const [first, second] = WebAssembly.Module.imports(new WebAssembly.Module(module))
    .map(({ name }) => name)
    .filter((name) => shortName(name) !== name);
  const same = Buffer.from(module.toString('latin1').replace(second.slice(-16), first.slice(-16)), 'latin1');
  assert.throws(() => shortenImports(same), /Two imports are _[0-9a-f]{4}/);
  assert.doesNotThrow(() => new WebAssembly.Module(shortenImports(module)));
});

test('names that scripts list are those of the core', () => {
  for (const [type, names] of Object.entries({ Signal: SIGNALS, DropReason: DROP_REASONS })) {
    const [, union] = new RegExp(`export type ${type} = (.*);`).exec(types) ?? [];
    assert.equal(names.map((name) => `"${name}"`).join(' | '), union);
  }
});
