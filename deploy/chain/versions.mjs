// Where the set-up puts the programs of the chain: a folder for each program and version in the cache.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** A file of `deploy/`. @param {string} path */
export const deployFile = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
export const cache =
  process.env.TONEARM_CACHE ?? `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/tonearm`;
const { backends: versions } = JSON.parse(readFileSync(deployFile('versions.json'), 'utf8'));

/** What the Collector is built from. */
function collectorSources() {
  const folder = deployFile('collector/');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(builder\.yaml|go\.(mod|sum)|.*\.go)$/.test(file) && !file.endsWith('_test.go'))
    .sort()
    .map((file) => `${folder}${file}`);
}

/** The folder of what is installed together. @param {string} name a key of versions.json */
export function backendFolder(name) {
  if (name !== 'collector') return `${cache}/backends/${name}-${versions[name]}`;
  const hash = createHash('sha256');
  for (const file of collectorSources()) hash.update(readFileSync(file));
  return `${cache}/backends/collector-${versions.collector}-${hash.digest('hex').slice(0, 12)}`;
}

/** Programs whose folder has another name. @type {Record<string, string>} */
const FOLDERS = {
  'tonearm-collector': 'collector',
  promtool: 'prometheus',
  amtool: 'alertmanager',
  'victoria-logs': 'victorialogs',
};

/** The path of a program. @param {string} name */
export const programOf = (name) => `${backendFolder(FOLDERS[name] ?? name)}/${name}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(backendFolder(process.argv[2]));
