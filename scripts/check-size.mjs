// Prints the brotli bytes of every artefact, and fails where one is over its budget (size-budget.json).

import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const root = new URL('../', import.meta.url);
const budget = JSON.parse(readFileSync(new URL('size-budget.json', root), 'utf8'));

const compressed = (/** @type {string} */ file) =>
  brotliCompressSync(readFileSync(new URL(file, root)), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
    .length;

let over = false;
for (const [group, { limit, files }] of Object.entries(budget)) {
  const sizes = files.map((/** @type {string} */ file) => [file, compressed(file)]);
  const sum = sizes.reduce(
    (/** @type {number} */ total, /** @type {[string, number]} */ [, size]) => total + size,
    0,
  );
  console.log(`${group}: ${sum} of ${limit} bytes (brotli -11)`);
  for (const [file, size] of sizes) console.log(`  ${String(size).padStart(6)}  ${file}`);
  over ||= sum > limit;
}
if (over) {
  console.error(
    'A budget is exceeded: raise it in the change that needs it, with the reason in docs/decisions.md.',
  );
  process.exit(1);
}
