// Writes pkg/NOTICE: the third-party works in each file of the package, and what their licences ask for. A
// crate is in a module if cargo links it there for the module's features; procedural macros and build
// dependencies are not. Needs npm's packages, and the crates' sources: cargo fetches what is not here.
//   node scripts/make-notice.mjs           writes the file
//   node scripts/make-notice.mjs --check   fails if the file is not as generated

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODULES } from './build/modules.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const target = join(root, 'pkg/NOTICE');
const WIDTH = 100;
const TARGET = 'wasm32-unknown-unknown';
/** A space that is no place to break a line. */
const JOINT = '\u00a0';

/** Licences that may be in the package, the preferred one first; deny.toml allows no other. */
const LICENCES = ['MIT', 'BSD-3-Clause', 'Unicode-3.0', 'MPL-2.0'];

/**
 * A third-party work.
 * @typedef {object} Work
 * @property {string} name with its version
 * @property {string} licence as its authors state it
 * @property {string[]} chosen the licences that it is used under
 * @property {string} repository
 * @property {string} authors
 * @property {string} folder
 */

/**
 * What cargo prints: without a network if all sources are here, else it fetches them. @param {string[]} args
 */
function cargo(...args) {
  /** @type {import('node:child_process').ExecFileSyncOptionsWithStringEncoding} */
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 };
  try {
    return execFileSync('cargo', [...args, '--locked', '--offline'], { ...options, stdio: 'pipe' });
  } catch {
    return execFileSync('cargo', [...args, '--locked'], options);
  }
}

/**
 * The licences to use a work under: of each alternative the preferred one, of each conjunction all.
 * @param {string} expression in SPDX, or with `/` for OR as older crates have it
 */
export function choose(expression) {
  return expression.split(' AND ').map((part) => {
    const alternatives = part.replace(/[()]/g, '').split(/ OR |\//);
    const licence = LICENCES.find((known) => alternatives.includes(known));
    if (!licence) throw new Error(`no accepted licence in "${expression}"`);
    return licence;
  });
}

/**
 * The crates that are linked into a module, as `name version`. @param
 * {import('./build/modules.mjs').WasmModule} module
 */
function linked({ crate, features }) {
  const tree = cargo(
    ...['tree', '-p', crate, '--target', TARGET, '--edges', 'normal,no-proc-macro'],
    ...['--no-default-features', '--features', features.join(), '--prefix', 'none', '--format', '{p}'],
  );
  const crates = tree
    .split('\n')
    // A path behind the version marks the crates of this workspace.
    .filter((line) => line && !line.includes('(/') && !line.includes('(proc-macro)'))
    .map((line) => line.replace(' (*)', '').replace(' v', ' '));
  return [...new Set(crates)].sort();
}

/** Every crate of Cargo.lock by `name version`. @returns {Map<string, Work>} */
function works() {
  const { packages } = JSON.parse(cargo('metadata', '--format-version', '1', '--filter-platform', TARGET));
  return new Map(
    packages.map((/** @type {any} */ { name, version, license, repository, authors, manifest_path }) => [
      `${name} ${version}`,
      {
        name: `${name} ${version}`,
        licence: license ?? '',
        chosen: [],
        repository,
        authors: authors.map((/** @type {string} */ author) => author.replace(/ *<.*>/, '')).join(', '),
        folder: dirname(manifest_path),
      },
    ]),
  );
}

/** The text of a licence in a crate's folder, if it has one. @param {Work} work @param {string} licence */
function text({ folder }, licence) {
  const names = {
    MIT: ['LICENSE-MIT', 'LICENSE', 'LICENSE.txt', 'LICENSE.md'],
    'BSD-3-Clause': ['COPYING', 'LICENSE-BSD', 'LICENSE'],
    'Unicode-3.0': ['LICENSE-UNICODE'],
    'MPL-2.0': [],
  }[licence];
  const file = names?.find((name) => existsSync(join(folder, name)));
  return file ? readFileSync(join(folder, file), 'utf8').replaceAll('\r', '') : undefined;
}

/** Lines that state a copyright: of the licence's text, or else of the head of the crate's sources. */
function copyrights(/** @type {Work} */ work, /** @type {string} */ licence) {
  const source = join(work.folder, 'src/lib.rs');
  const found = [text(work, licence), existsSync(source) ? readFileSync(source, 'utf8').slice(0, 500) : '']
    .map((part) => (part ?? '').match(/^\W*copyright (\(c\)|©|\d{4}).*/gim) ?? [])
    .find((lines) => lines.length > 0);
  const lines = found?.map((line) => line.replace(/^\W*/, '').trim());
  return lines ?? [`by ${work.authors || 'its contributors'} (its files state no copyright)`];
}

/** The body of a text of the MIT licence, to be compared: one line, without title and copyright. */
const bodyOf = (/** @type {string} */ mit) =>
  mit.slice(mit.indexOf('Permission is hereby granted')).replace(/\s+/g, ' ').trim();

/** Breaks text into lines. @param {string} words @param {string} [indent] of all lines but the first */
function wrap(words, indent = '') {
  const lines = [];
  let line = '';
  for (const word of words.split(/[ \n]/)) {
    if (line && line.length + word.length >= WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line += line && ` ${word}`;
    line ||= word;
  }
  return [...lines, line].join('\n').replaceAll(JOINT, ' ');
}

/** A list in which a name and its version stay on one line. @param {string[]} names */
const list = (names) => names.map((name) => name.replace(' ', JOINT)).join(', ');

const heading = (/** @type {string} */ title) => `${title}\n${'-'.repeat(title.length)}`;

/** The npm package that is a file of dist. @returns {Work} */
function stretch() {
  const folder = join(root, 'node_modules/signalsmith-stretch');
  const { name, version, license, author, repository } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  return {
    name: `${name} ${version}`,
    licence: license,
    chosen: choose(license),
    repository: repository.url.replace(/\.git$/, ''),
    authors: author,
    folder,
  };
}

/** The licence that most works share; a text that differs from it is reproduced for its work. */
const MIT = readFileSync(join(root, 'pkg/LICENSE-MIT'), 'utf8');

/** Whether the notice reproduces a work's own text of a licence, copyright included. */
function isReproduced(/** @type {Work} */ work, /** @type {string} */ licence) {
  if (licence === 'MIT') return bodyOf(text(work, licence) ?? MIT) !== bodyOf(MIT);
  return licence !== 'MPL-2.0';
}

/** A work's line, its address, its copyright. @param {Work} work */
function entry(work) {
  const stated = work.chosen.flatMap((licence) =>
    isReproduced(work, licence) ? [`Copyright and text of ${licence}: below`] : copyrights(work, licence),
  );
  return [`${work.name}: ${work.licence}`, work.repository, ...new Set(stated)].join('\n  ');
}

/** @param {Work} work @param {string} licence */
function reproduce(work, licence) {
  const own = text(work, licence);
  if (!own) throw new Error(`${work.name} has no text of ${licence}`);
  return `${heading(`${licence}: ${work.name}`)}\n\n${own.trim()}`;
}

const STANDARD_LIBRARY = `\
Every wasm module: the Rust standard library (MIT OR Apache-2.0, The Rust Project Contributors,
https://github.com/rust-lang/rust) of the compiler that it is built with, and in it hashbrown, dlmalloc and
rustc-demangle (each MIT OR Apache-2.0) and compiler-builtins (MIT AND Apache-2.0 WITH LLVM-exception AND
(MIT OR Apache-2.0)).`;

/** The whole text. @param {import('./build/modules.mjs').WasmModule[]} [modules] */
export function notice(modules = MODULES) {
  const known = works();
  const crates = modules.map((module) => linked(module));
  const npm = stretch();
  const all = [...new Set(crates.flat())].sort().map((name) => {
    const work = /** @type {Work} */ (known.get(name));
    return { ...work, chosen: choose(work.licence) };
  });
  all.push(npm);
  const under = (/** @type {string} */ licence) =>
    list(all.filter(({ chosen }) => chosen.includes(licence)).map(({ name }) => name));

  return [
    'Tonearm\nCopyright 2026 The Tonearm authors',
    wrap(`\
The files of dist/ contain the works below, unchanged. Where a work has alternative licences, it is used
under MIT. The texts of MIT and of the other licences follow; that of Apache-2.0 is in LICENSE-APACHE.
Written by scripts/make-notice.mjs.`),
    heading('What is in which file'),
    modules.map(({ file }, n) => wrap(`${file}_bg.wasm: ${list(crates[n])}`, '  ')).join('\n'),
    wrap(STANDARD_LIBRARY, '  '),
    wrap('index.js, index.development.js, records.js, worker.js: code that wasm-bindgen generates.', '  '),
    wrap(
      `\
stretch_worklet.js: ${list([npm.name])}, compiled by its author with Emscripten, whose runtime (MIT OR NCSA,
the Emscripten authors, https://github.com/emscripten-core/emscripten) is part of it.`,
      '  ',
    ),
    heading('The works'),
    all.map(entry).join('\n'),
    heading('Mozilla Public License 2.0'),
    wrap(`\
${under('MPL-2.0')} are subject to the terms of the Mozilla Public License, v. 2.0
(https://mozilla.org/MPL/2.0/). Their Source Code Form is available, at these versions, from the addresses
above and as the crates of these names in the Rust project's package registry.`),
    heading('MIT'),
    wrap(`\
The notice below, with the copyright of each, applies to ${under('MIT')}, to the parts of the Rust standard
library and to Emscripten's.`),
    MIT.slice(MIT.indexOf('Permission is hereby granted')).trim(),
    ...all.flatMap((work) =>
      work.chosen.filter((licence) => isReproduced(work, licence)).map((licence) => reproduce(work, licence)),
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const content = notice();
  if (!process.argv.includes('--check')) writeFileSync(target, content);
  else if (readFileSync(target, 'utf8') !== content) {
    console.error('pkg/NOTICE is not as generated: node scripts/make-notice.mjs');
    process.exit(1);
  }
}
