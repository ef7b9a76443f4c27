// An esbuild plugin that reads wasm-bindgen's glue as TypeScript: the numbers of its enums are written where
// they are used, and the objects that map names to numbers are left out. It adds `imports`, what the module
// imports of its glue.

import { readFileSync } from 'node:fs';
import { shortName } from './imports.mjs';

const ENUM = /^export const (\w+) = Object\.freeze\(\{([^}]*)\}\);$/gm;
const MEMBER = /^ *(\w+): (\d+), "\d+": "\w+",$/gm;
const IMPORT = /^export function (__wb\w+)/gm;

/** @param {string} glue as wasm-bindgen writes it */
export function bundledGlue(glue) {
  const enums = glue.replace(ENUM, (_, name, members) => {
    const parts = [...members.matchAll(MEMBER)].map(([, member, value]) => `${member} = ${value}`);
    return `export enum ${name} { ${parts.join(', ')} }`;
  });
  const names = [...glue.matchAll(IMPORT)].map(([, name]) => `${shortName(name)}: ${name}`);
  return `${enums}\nexport const imports = { ${names.join(', ')} };\n`;
}

/** @param {string} file the glue @returns {import('esbuild').Plugin} */
export const gluePlugin = (file) => ({
  name: 'glue',
  setup({ onLoad }) {
    onLoad({ filter: /_bg\.js$/ }, ({ path }) =>
      path === file ? { contents: bundledGlue(readFileSync(path, 'utf8')), loader: 'ts' } : undefined,
    );
  },
});
