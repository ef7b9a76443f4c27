// Shortens the names of imports in a wasm module: `short_imports.mjs FILE`. wasm-bindgen ends each with sixteen random
// digits, which no compression makes smaller, in the module and in its glue alike; `glue.mjs` shortens those.

import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';

const NAME = /__wbg_(\w+)_([0-9a-f]{2})[0-9a-f]{14}\b/g;
const IMPORT_SECTION = 2;
const HEADER_BYTES = 8;

/** Text in which the names of imports are short. @param {string} text */
export const shortNames = (text) => text.replace(NAME, '$1_$2');

/** @param {number} value in LEB128 (WebAssembly core, section 5.2.2) */
function leb128(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

/** @param {Buffer} bytes @param {number} at @returns {[value: number, end: number]} */
function readLeb128(bytes, at) {
  let [value, shift] = [0, 0];
  for (; bytes[at] > 127; shift += 7) value |= (bytes[at++] & 127) << shift;
  return [value | (bytes[at] << shift), at + 1];
}

/** The module with short names of its imports. @param {Buffer} wasm */
export function withShortImports(wasm) {
  const parts = [wasm.subarray(0, HEADER_BYTES)];
  const names = new Set();
  for (let at = HEADER_BYTES; at < wasm.length;) {
    const [size, start] = readLeb128(wasm, at + 1);
    const end = start + size;
    if (wasm[at] === IMPORT_SECTION) {
      // Each name has its length in front, below 128 here; what lies between the names stays as it is.
      let body = wasm.subarray(start, end).toString('latin1');
      body = body.replace(new RegExp(`[\\x00-\\x7f](${NAME.source})`, 'g'), (_, name) => {
        const short = shortNames(name);
        if (names.has(short)) throw new Error(`two imports would be called ${short}`);
        names.add(short);
        return String.fromCharCode(short.length) + short;
      });
      const section = Buffer.from(body, 'latin1');
      parts.push(Buffer.from([IMPORT_SECTION]), leb128(section.length), section);
    } else parts.push(wasm.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

if (argv[1]?.endsWith('short_imports.mjs')) {
  const [, , file] = argv;
  writeFileSync(file, withShortImports(readFileSync(file)));
}
