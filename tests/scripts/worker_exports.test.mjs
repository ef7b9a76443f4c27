// Every export of the media plane, of a format's module and of the records' module has a TypeScript type,
// with names for its parameters.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { MODULES } from '../../scripts/build/modules.mjs';

const ROOT = new URL('../../', import.meta.url);
/** What wasm-bindgen itself exports: for its glue, and to call closures. */
const BINDGEN = /^__(wbindgen|externref)_|___convert__closures_/;

/** @param {string} text of a .d.ts file @returns {Map<string, string[]>} names and parameters */
function declared(text) {
  const found = new Map();
  for (const [, name, parameters] of text.matchAll(/^export function (\w+)\((.*)\): .+;$/gm))
    found.set(name, parameters ? parameters.split(', ') : []);
  return found;
}

/** @param {import('../../scripts/build/modules.mjs').WasmModule} module */
async function read({ name, file }) {
  const folder = new URL(`target/wasm/${name}/`, ROOT);
  const wasm = await WebAssembly.compile(await readFile(new URL(`pkg/dist/${file}_bg.wasm`, ROOT)));
  const exported = WebAssembly.Module.exports(wasm)
    .filter(({ name, kind }) => kind === 'function' && !BINDGEN.test(name))
    .map(({ name }) => name);
  return { exported, types: await readFile(new URL(`${file}.d.ts`, folder), 'utf8') };
}

const TYPED = MODULES.filter(({ crate }) => crate !== 'tonearm');
const FORMATS = TYPED.filter(({ crate }) => crate === 'tonearm-formats');

for (const module of TYPED) {
  test(`${module.name}: every export has a type, and every type an export`, async () => {
    const { exported, types } = await read(module);
    const functions = declared(types);
    assert.deepEqual([...functions.keys()].sort(), exported.sort());
    for (const [name, parameters] of functions) {
      for (const parameter of parameters)
        assert.match(parameter, /^[a-z_]{2,}\??: (?!any)/, `${name}(${parameter})`);
    }
  });
}

test('the modules of all formats have one type: a script uses each of them as any other', async () => {
  const [first, ...others] = await Promise.all(FORMATS.map(async (module) => (await read(module)).types));
  for (const types of others) assert.equal(types, first);
});
