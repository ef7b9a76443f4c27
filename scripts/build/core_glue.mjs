// Makes what a page bundles of the glue that wasm-bindgen writes for the core: one object, `glue`, in the
// place of exports that a namespace would repeat; names of imports as `imports.mjs` shortens them; without
// the functions that only forward their parameters, numbers as they are and bytes by their place and length.
// Scripts call those exports of the instance itself (`core/client.ts`). As a program: `core_glue.mjs FILE
// OUT`.

import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { shortName } from './imports.mjs';

const FUNCTION = /^export function (\w+)\(([^)]*)\) \{\n([^]*?)\n\}\n/gm;
/**
 * A number that is converted before memory is taken: the call converts it too, and types say that it is one.
 */
const CONVERSION = /^ +const (val\d+) = \+(\w+);\n/gm;
/** Bytes that are copied into the module's memory. */
const BYTES =
  /^ {4}const (ptr\d+) = passArray8ToWasm0\((\w+), wasm\.__wbindgen_malloc\);\n {4}const (len\d+) = WASM_VECTOR_LEN;\n/gm;

/**
 * Whether a function only forwards its parameters. @param {string} name @param {string} parameters @param
 * {string} body
 */
function forwards(name, parameters, body) {
  let call = body;
  for (const [, pointer, bytes, length] of body.matchAll(BYTES))
    call = call.replace(`${pointer}, ${length}`, bytes);
  call = call.replace(BYTES, '').trim();
  const forwarded = `wasm.${name}(${parameters});`;
  return call === forwarded || call === `const ret = ${forwarded}\n    return ret;`;
}

/** @param {string} glue */
export function compactGlue(glue) {
  /** @type {string[]} */
  const methods = [];
  const rest = glue.replace(FUNCTION, (_, name, parameters, given) => {
    const numbers = new Map([...given.matchAll(CONVERSION)].map(([, value, number]) => [value, number]));
    const body = given
      .replace(CONVERSION, '')
      .replace(/\bval\d+\b/g, (/** @type {string} */ value) => numbers.get(value) ?? value);
    if (!forwards(name, parameters, body)) methods.push(`${shortName(name)}(${parameters}) {\n${body}\n}`);
    return '';
  });
  // What the client passes bytes by.
  methods.push(
    'pass(value) {\n    return value instanceof Uint8Array ? [passArray8ToWasm0(value, wasm.__wbindgen_malloc), WASM_VECTOR_LEN] : value;\n}',
  );
  return `${rest}\nexport const glue = {\n${methods.join(',\n')},\n};\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , file, out] = process.argv;
  writeFileSync(out, compactGlue(readFileSync(file, 'utf8')));
}
