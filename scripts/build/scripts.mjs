// Makes the build's outputs for the scripts of the package (`pkg/src`, TypeScript): bundled, then minified.
// One script for the page, one for the Worker, one for the worklet, and those that a page loads on demand;
// and their types.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packed } from './wasm.mjs';

/** Scripts that load on demand: they stay imports of files beside the one that is bundled. */
export const ON_DEMAND = /\/(traced_fetch|records|diagnostics|element|stretch|stretch_worklet)\.js$/;
/** The page's own script: others that import it share its classes. */
export const PAGE = /^\.\/index\.js$/;

/** How esbuild reads TypeScript: fields are defined, imports of types alone are dropped. */
export const TSCONFIG = { compilerOptions: { target: 'es2024', verbatimModuleSyntax: true } };

/**
 * A script and all that it imports and is bundled with.
 * @param {string} file @param {Set<string>} [found]
 */
function importsOf(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|\} from|export .* from)\b[^'"]*'(\.[^']+)';$/gm,
  )) {
    const bundled = !ON_DEMAND.test(path) && !PAGE.test(path);
    if (bundled) importsOf(join(dirname(file), path).replace(/\.js$/, '.ts'), found);
  }
  return found;
}

/** @typedef {import('./table.mjs').Output} Output */

/**
 * @typedef {object} Script
 * @property {string} name of the file in `pkg/dist`
 * @property {string} source
 * @property {string} [glue] the wasm module whose glue is bundled with it
 * @property {string} [page] the page's script beside it, where that is not `index.js`
 * @property {string} [banner] what the minified file starts with
 * @property {boolean} [development] bundled for bundlers in development mode: not minified
 */

/** @type {Script[]} */
const SCRIPTS = [
  {
    name: 'index.js',
    source: 'pkg/src/index.ts',
    // The glue of the core with all options has everything that the smaller core's has.
    glue: 'extended-core',
    // The browser compiles the whole script off the main thread while it loads, not call by call at start.
    banner: '//# allFunctionsCalledOnLoad',
  },
  { name: 'index.development.js', source: 'pkg/src/index.ts', glue: 'development-core', development: true },
  { name: 'queue.js', source: 'pkg/src/queue.ts' },
  {
    name: 'queue.development.js',
    source: 'pkg/src/queue.ts',
    page: './index.development.js',
    development: true,
  },
  { name: 'traced_fetch.js', source: 'pkg/src/traced_fetch.ts' },
  { name: 'records.js', source: 'pkg/src/records.ts', glue: 'records' },
  { name: 'diagnostics.js', source: 'pkg/src/diagnostics.ts' },
  { name: 'stretch.js', source: 'pkg/src/stretch.ts' },
  { name: 'element.js', source: 'pkg/src/element.ts', glue: 'media' },
  { name: 'media-session.js', source: 'pkg/src/media_session.ts' },
  { name: 'worker.js', source: 'pkg/src/worker/worker.ts', glue: 'media' },
  { name: 'worklet.js', source: 'pkg/src/worklet/worklet.ts' },
];

// Without terser's unsafe options: they save 48 bytes of the page and assume what nothing checks
// (docs/decisions.md).
const COMPRESS = 'passes=3';

/** @param {string} file @param {string} [banner] @returns {import('./table.mjs').Command} */
const minify = (file, banner) => ({
  program: 'terser',
  args: [
    ...[file, '--module', '--ecma', '2022', '--compress', COMPRESS, '--mangle'],
    ...[
      '--source-map',
      `content='${file}.map',includeSources,url='${file.slice(file.lastIndexOf('/') + 1)}.map'`,
    ],
    ...(banner ? ['--format', `preamble='${banner}'`] : []),
    ...['-o', file],
  ],
});

/** @param {Script} script @returns {Output} */
function scriptOutput({ name, source, glue, page, banner, development }) {
  const file = `pkg/dist/${name}`;
  return {
    name,
    group: 'package',
    needs: glue ? [glue] : [],
    from: [
      ...importsOf(source),
      'pkg/package.json',
      ...['bundle', 'core_glue', 'imports', 'worker_glue'].map((name) => `scripts/build/${name}.mjs`),
    ],
    tools: ['esbuild', 'terser'],
    commands: [
      {
        program: 'node',
        args: [
          ...['scripts/build/bundle.mjs', source, file],
          ...(glue ? ['--glue', `${GLUE[glue].name}=${GLUE[glue].file}`] : []),
          ...(page ? ['--page', page] : []),
          ...(development ? ['--development'] : []),
        ],
      },
      ...(development ? [] : [minify(file, banner)]),
    ],
    makes: [file, `${file}.map`],
  };
}

/**
 * The glue that wasm-bindgen writes for a module, and the name by which a script imports it.
 * @type {Record<string, { name: string, file: string }>}
 */
const GLUE = {
  'extended-core': {
    name: 'tonearm-core-glue',
    file: `${packed('extended-core')}/tonearm_full_bg.js`,
  },
  'development-core': {
    name: 'tonearm-core-glue',
    file: `${packed('development-core')}/tonearm_development_bg.js`,
  },
  media: { name: 'tonearm-media-glue', file: `${packed('media')}/tonearm_media_bg.js` },
  records: { name: 'tonearm-records-glue', file: `${packed('records')}/tonearm_records_bg.js` },
};

const STRETCH_WORKLET = 'node_modules/signalsmith-stretch/SignalsmithStretch.mjs';

/** @returns {Output[]} */
export const scriptOutputs = () => [
  ...SCRIPTS.map(scriptOutput),
  {
    // Copied as it is.
    name: 'stretch_worklet.js',
    group: 'package',
    from: [STRETCH_WORKLET],
    commands: [{ program: 'cp', args: [STRETCH_WORKLET, 'pkg/dist/stretch_worklet.js'] }],
    makes: ['pkg/dist/stretch_worklet.js'],
  },
  {
    // What the package publishes of its types.
    name: 'types',
    group: 'package',
    needs: ['extended-core', 'media', 'mp3', 'records'],
    from: ['pkg/src', 'pkg/tsconfig.json', 'scripts/build/types.mjs'],
    extensions: ['.ts', '.json', '.mjs'],
    tools: ['tsc'],
    commands: [{ program: 'node', args: ['scripts/build/types.mjs', 'pkg/dist/types'] }],
    makes: ['pkg/dist/types'],
  },
  {
    // Each file of the scripts by itself, as tests import them.
    name: 'modules',
    group: 'package',
    from: ['pkg/src'],
    extensions: ['.ts'],
    tools: ['esbuild'],
    commands: [{ program: 'node', args: ['scripts/build/script_modules.mjs', 'target/modules'] }],
    makes: ['target/modules'],
  },
  {
    // A part of index.js; alone it is measured (size-budget.json) and drives the core in tests.
    name: 'glue',
    group: 'package',
    needs: ['extended-core'],
    from: ['scripts/build/core_glue.mjs', 'scripts/build/imports.mjs'],
    tools: ['terser'],
    commands: [
      {
        program: 'node',
        args: ['scripts/build/core_glue.mjs', GLUE['extended-core'].file, 'target/glue.js'],
      },
      {
        program: 'terser',
        args: [
          'target/glue.js',
          ...['--module', '--compress', 'passes=3', '--mangle', '-o', 'target/glue.js'],
        ],
      },
    ],
    makes: ['target/glue.js'],
  },
];
