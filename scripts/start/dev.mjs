// Serves the demo and builds it anew whenever a source changes: `dev.mjs PORT`. A failed build shows what
// failed; its files are served again once it works.

import { statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build/runner.mjs';
import { outputs } from '../build/table.mjs';
import { onEnd, startDemo } from './demo.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
process.chdir(root);
const port = Number(process.argv[2]);
const GROUPS = ['package', 'backend', 'demo'];
/** Editors write a file in several steps. */
const SETTLE_MILLIS = 100;

/** Builds; gives the names of what is new, undefined where the build failed. */
async function rebuild() {
  try {
    const all = outputs();
    const names = all.filter(({ group }) => GROUPS.includes(group)).map(({ name }) => name);
    return await build(all, names, root);
  } catch (error) {
    console.error(`[tonearm] ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

if (!(await rebuild())) process.exit(1);
let demo = await startDemo(port);
onEnd(() => demo.stop());
console.log(`[tonearm] Tonearm is playing at ${demo.address} and builds what you change (Ctrl+C ends it).`);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let building = false;
async function changed() {
  if (building) return void (timer = setTimeout(changed, SETTLE_MILLIS));
  building = true;
  const built = await rebuild();
  if (built?.includes('backend')) {
    await demo.stop();
    demo = await startDemo(port);
  }
  if (built && built.length > 0) console.log('[tonearm] Reload the page.');
  building = false;
}

const folders = new Set(
  outputs()
    .filter(({ group }) => GROUPS.includes(group))
    .flatMap(({ from }) => from.map((path) => (statSync(path).isDirectory() ? path : dirname(path))))
    .filter((folder) => folder !== '.' && !folder.startsWith('node_modules')),
);
for (const folder of folders) {
  watch(folder, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE_MILLIS);
  });
}
