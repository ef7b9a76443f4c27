// What an output is made from, as one hash: its sources, its commands, the versions of the tools, and the
// outputs that it needs. Knows files and programs; knows nothing of what is built already.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Folders that other programs write, and that nothing is made from. */
const SKIPPED = new Set(['target', 'dist', 'node_modules', '.git']);

/**
 * Files of `path`, sorted: itself, or those within that have one of the extensions.
 * @param {string} path @param {string[]} [extensions] @returns {string[]}
 */
export function filesOf(path, extensions) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (SKIPPED.has(entry.name)) return [];
      const inner = join(path, entry.name);
      if (entry.isDirectory()) return filesOf(inner, extensions);
      return !extensions || extensions.some((end) => entry.name.endsWith(end)) ? [inner] : [];
    });
}

/** @param {(string | Buffer)[]} parts */
export function hashOf(parts) {
  const hash = createHash('sha256');
  // Each part with its length: parts can't be shifted against each other.
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 24);
}

/** @type {Map<string, string>} */
const hashes = new Map();

/** Hash of what a file contains; read once a run. @param {string} file */
export function contentOf(file) {
  let hash = hashes.get(file);
  if (!hash) hashes.set(file, (hash = hashOf([readFileSync(file)])));
  return hash;
}

/** Forgets what was read: files may have changed since. */
export const forgetContents = () => hashes.clear();

/** The programs of npm have their version in package-lock.json. */
const NPM = { esbuild: 'esbuild', terser: 'terser', webpack: 'webpack', 'wasm-opt': 'binaryen' };
const LOCK = 'package-lock.json';

/** @type {Map<string, string>} */
const versions = new Map();

/** @param {string} tool */
function versionOf(tool) {
  let version = versions.get(tool);
  if (version) return version;
  const name = NPM[/** @type {keyof typeof NPM} */ (tool)];
  if (name) version = JSON.parse(readFileSync(LOCK, 'utf8')).packages[`node_modules/${name}`].version;
  else {
    const { stdout, status } = spawnSync(tool, [tool === 'rustc' ? '-vV' : '--version'], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${tool} is not installed: npm run setup`);
    version = stdout;
  }
  versions.set(tool, /** @type {string} */ (version));
  return /** @type {string} */ (version);
}

/**
 * The hash of what an output is made from.
 * @param {import('./table.mjs').Output} output
 * @param {(name: string) => string} fingerprintOf that of an output which this one needs
 */
export function fingerprint(
  { name, from, extensions, tools = [], commands, makes, needs = [] },
  fingerprintOf,
) {
  const files = from.flatMap((path) => filesOf(path, extensions));
  return hashOf([
    JSON.stringify([name, commands, makes]),
    ...tools.map(versionOf),
    ...files.flatMap((file) => [file, contentOf(file)]),
    ...needs.map(fingerprintOf),
  ]);
}
