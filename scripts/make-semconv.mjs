// Writes what is made from the registry of names (semconv/registry.yaml); a test compares the files.
//   node scripts/make-semconv.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { goFile } from './semconv/go.mjs';
import { documentTables } from './semconv/markdown.mjs';
import { rustInstruments, rustNames, rustSdkInstruments } from './semconv/rust.mjs';
import { queryNames, scriptNames } from './semconv/scripts.mjs';
import { readRegistry } from './semconv.mjs';

const root = new URL('../', import.meta.url);

/** Files by their path, as they are to be. @param {import('./semconv.mjs').Registry} [registry] */
export function files(registry = readRegistry()) {
  const document = readFileSync(new URL('docs/telemetry.md', root), 'utf8');
  return {
    'crates/player/src/instrumentation/semconv.rs': rustNames(registry),
    'crates/player/src/instrumentation/metrics.rs': rustInstruments(registry),
    'crates/telemetry/src/sdk_instruments.rs': rustSdkInstruments(registry),
    'pkg/src/semconv.ts': scriptNames(registry),
    'deploy/semconv.mjs': queryNames(registry),
    'deploy/collector/allowlist/declared.go': goFile(registry),
    'docs/telemetry.md': documentTables(registry, document),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, content] of Object.entries(files())) writeFileSync(new URL(path, root), content);
