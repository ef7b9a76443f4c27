// Bundles one script of the package with what it imports: `bundle.mjs SOURCE FILE [--glue NAME=FILE] [--page
// PATH] [--development]`. Scripts that load on demand stay imports of files beside it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { compactGlue } from './core_glue.mjs';
import { ON_DEMAND, PAGE, TSCONFIG } from './scripts.mjs';
import { gluePlugin } from './worker_glue.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    glue: { type: 'string' },
    page: { type: 'string', default: './index.js' },
    development: { type: 'boolean', default: false },
  },
});
const [source, file] = positionals;
const glue = values.glue?.split('=');
const { version } = JSON.parse(readFileSync('pkg/package.json', 'utf8'));

// esbuild's helper for a namespace object enumerates what a page adds to `Object.prototype`, too, and then
// throws.
const HELPER = /for \(var name in all\)/;
const OWN_NAMES = 'for (var name of Object.keys(all))';

const { outputFiles } = await build({
  write: false,
  entryPoints: [source],
  outfile: file,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  logLevel: 'warning',
  // Of the branches for the other mode nothing is left, so that bundlers find no file of that mode.
  minifySyntax: true,
  // Without the paths of `pkg/tsconfig.json`, which lead to types.
  tsconfigRaw: TSCONFIG,
  define: { TONEARM_VERSION: JSON.stringify(version), TONEARM_DEVELOPMENT: String(values.development) },
  alias: Object.fromEntries(glue ? [[glue[0], resolve(glue[1])]] : []),
  plugins: [
    ...(glue && glue[0] !== 'tonearm-core-glue' ? [gluePlugin(resolve(glue[1]))] : []),
    {
      name: 'beside',
      setup({ onLoad, onResolve }) {
        if (glue?.[0] === 'tonearm-core-glue')
          onLoad({ filter: /_bg\.js$/ }, ({ path }) => ({
            contents: compactGlue(readFileSync(path, 'utf8')),
          }));
        onResolve({ filter: ON_DEMAND }, ({ path }) => ({ path: `./${basename(path)}`, external: true }));
        onResolve({ filter: PAGE }, () => ({ path: values.page, external: true }));
      },
    },
  ],
});

for (const { path, text, contents } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  if (path.endsWith('.map')) writeFileSync(path, contents);
  else {
    const own = text.replace(HELPER, OWN_NAMES);
    if (own.includes('__export = ') && own === text)
      throw new Error(`${path}: expected esbuild's helper for namespaces as it was`);
    writeFileSync(path, own);
  }
}
