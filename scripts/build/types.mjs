// The published types, from `pkg/src`: `types.mjs FOLDER`. TypeScript declares all files; those that an app's
// imports lead to are kept. What is marked `@internal` is left out, and nothing may lead to what the package
// does not contain.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The files that `package.json` names as types. */
const ENTRIES = ['index.d.ts', 'queue.d.ts', 'media_session.d.ts'];

const [, , folder] = process.argv;
const declared = mkdtempSync(join(tmpdir(), 'tonearm-types-'));
try {
  execFileSync(
    'tsc',
    [
      ...['-p', 'pkg/tsconfig.json', '--noEmit', 'false', '--declaration', '--emitDeclarationOnly'],
      ...['--stripInternal', '--rootDir', 'pkg/src', '--outDir', declared],
    ],
    { stdio: 'inherit' },
  );
  rmSync(folder, { recursive: true, force: true });
  const kept = new Set();
  /** @param {string} file */
  const keep = (file) => {
    if (kept.has(file)) return;
    kept.add(file);
    const text = readFileSync(join(declared, file), 'utf8');
    for (const [, path] of text.matchAll(/(?:from |import\()'([^']+)'/g)) {
      if (!path.startsWith('.')) throw new Error(`${file}: "${path}" is not in the package`);
      keep(join(dirname(file), path).replace(/\.js$/, '.d.ts'));
    }
    cpSync(join(declared, file), join(folder, file));
  };
  for (const entry of ENTRIES) keep(entry);
} finally {
  rmSync(declared, { recursive: true });
}
