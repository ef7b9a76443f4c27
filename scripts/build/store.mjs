// Keeps what was built by the hash of what it was made from, in `target/build/OUTPUT/HASH`: an output whose
// sources are as they were before is copied back, not built. Holds the last few states of each.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { contentOf, filesOf, hashOf } from './fingerprint.mjs';

const STORE = 'target/build';
/** States of an output that are kept. */
const MAX_KEPT = 4;

/** @typedef {import('./table.mjs').Output} Output */

/** What is in the files that an output makes; undefined where one is missing. @param {Output} output */
function madeNow({ makes, large }) {
  if (!makes.every((path) => existsSync(path))) return undefined;
  const files = makes.flatMap((path) => filesOf(path));
  // Reading a program of a hundred megabytes takes longer than asking when it was written.
  const mark = (/** @type {string} */ file) =>
    large ? `${statSync(file).mtimeMs} ${statSync(file).size}` : contentOf(file);
  return hashOf(files.flatMap((file) => [file, mark(file)]));
}

const folderOf = (/** @type {Output} */ { name }, /** @type {string} */ hash) => join(STORE, name, hash);
const stampOf = (/** @type {Output} */ output) => join(STORE, output.name, 'stamp.json');

/** Whether the output's files are those of this hash. @param {Output} output @param {string} hash */
export function isUpToDate(output, hash) {
  try {
    const stamp = JSON.parse(readFileSync(stampOf(output), 'utf8'));
    return stamp.hash === hash && stamp.made === madeNow(output);
  } catch {
    return false;
  }
}

/** @param {Output} output @param {string} hash */
function stamp(output, hash) {
  mkdirSync(join(STORE, output.name), { recursive: true });
  writeFileSync(stampOf(output), JSON.stringify({ hash, made: madeNow(output) }));
}

/**
 * Takes an output's files away, so that a failed step leaves none of an earlier state. @param {Output} output
 */
export function clear(output) {
  rmSync(stampOf(output), { force: true });
  if (!output.large) for (const path of output.makes) rmSync(path, { recursive: true, force: true });
  for (const path of output.makes) mkdirSync(dirname(path), { recursive: true });
}

/**
 * Copies the files of this hash back; false where they are not kept. @param {Output} output @param {string}
 * hash
 */
export function restore(output, hash) {
  const folder = folderOf(output, hash);
  if (output.large || !existsSync(folder)) return false;
  clear(output);
  for (const [at, path] of output.makes.entries())
    cpSync(join(folder, String(at)), path, { recursive: true });
  utimesSync(folder, new Date(), new Date());
  stamp(output, hash);
  return true;
}

/** Keeps the files that were just made. @param {Output} output @param {string} hash */
export function keep(output, hash) {
  for (const path of output.makes)
    if (!existsSync(path)) throw new Error(`${output.name}: ${path} was not made`);
  stamp(output, hash);
  if (output.large) return;
  const folder = folderOf(output, hash);
  // Under another name until it is whole: a copy that was cut off is not taken for one.
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const [at, path] of output.makes.entries())
    cpSync(path, join(partial, String(at)), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  const kept = readdirSync(join(STORE, output.name), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(STORE, output.name, entry.name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of kept.slice(MAX_KEPT)) rmSync(old, { recursive: true, force: true });
}
