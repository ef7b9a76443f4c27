// Shortens the names by which a module imports the functions of its glue: wasm-bindgen gives each the hash of
// its signature, which no compressor makes smaller, in the module and in the script. As a program:
// `imports.mjs FILE …` rewrites modules in place.

import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** What modules call their glue. */
export const GLUE_NAME = 'glue';
const HASHED = /^__wbg_\w+_([0-9a-f]{4})[0-9a-f]{12}$/;
const IMPORTS = 2;
const MAGIC_AND_VERSION = 8;

/** The short name of a function of the glue. @param {string} name */
export const shortName = (name) => name.replace(HASHED, '_$1');

/** A number in LEB128. @param {number} value @returns {number[]} */
const leb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);

/** A text after its length. @param {string} value */
const text = (value) => [...leb(value.length), ...Buffer.from(value)];

/** The module with short names. @param {Uint8Array} bytes */
export function shortenImports(bytes) {
  let at = MAGIC_AND_VERSION;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      value |= (bytes[at] & 127) << shift;
      if (bytes[at++] < 128) return value;
    }
  };
  const name = () => {
    const length = number();
    return Buffer.from(bytes.subarray(at, (at += length))).toString();
  };
  while (at < bytes.length) {
    const begin = at;
    const section = bytes[at++];
    const end = number() + at;
    if (section !== IMPORTS) {
      at = end;
      continue;
    }
    const count = number();
    const out = leb(count);
    const names = new Set();
    for (let n = 0; n < count; n++) {
      name();
      const short = shortName(name());
      if (names.has(short)) throw new Error(`Two imports are ${short}: their hashes need more digits`);
      names.add(short);
      // A function, and its type.
      if (bytes[at++] !== 0) throw new Error(`${short} is no function`);
      out.push(...text(GLUE_NAME), ...text(short), 0, ...leb(number()));
    }
    return Uint8Array.from([
      ...bytes.subarray(0, begin),
      ...[IMPORTS, ...leb(out.length), ...out],
      ...bytes.subarray(end),
    ]);
  }
  return bytes;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const file of process.argv.slice(2)) writeFileSync(file, shortenImports(readFileSync(file)));
