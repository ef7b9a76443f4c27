// Each file of `pkg/src` as JavaScript by itself, as tests of single files import them: `script_modules.mjs
// FOLDER`.

import { readdirSync } from 'node:fs';
import { build } from 'esbuild';
import { TSCONFIG } from './scripts.mjs';

await build({
  entryPoints: readdirSync('pkg/src', { recursive: true })
    .map(String)
    .filter((file) => /(?<!\.d)\.ts$/.test(file))
    .map((file) => `pkg/src/${file}`),
  outbase: 'pkg/src',
  outdir: process.argv[2],
  format: 'esm',
  target: 'es2022',
  tsconfigRaw: TSCONFIG,
  logLevel: 'warning',
});
