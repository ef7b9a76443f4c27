// Builds what is named: `main.mjs [GROUP or OUTPUT …]`, by default the package. Groups and outputs are in
// `table.mjs`.

import { fileURLToPath } from 'node:url';
import { build } from './runner.mjs';
import { outputs } from './table.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
process.chdir(root);
const asked = process.argv.slice(2);
if (asked.length === 0) asked.push('package');
const all = outputs();
const names = asked.flatMap((word) => {
  const group = all.filter(({ group }) => group === word).map(({ name }) => name);
  return group.length > 0 ? group : [word];
});
try {
  const built = await build(all, names, root);
  if (built.length === 0) console.log(`[tonearm] up to date: ${asked.join(', ')}`);
} catch (error) {
  console.error(`[tonearm] ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
