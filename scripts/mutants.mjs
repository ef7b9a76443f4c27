// mutants.mjs [--set NAME] [--seed HEX] [--count N] [--list]: faults of one line in a set of files, a sample
// of them drawn from a seed, each tried by cargo-mutants against the native tests. A survivor is a rule
// without a test, or a change that changes nothing. The set `bounds`, which is the default, has the files
// that declare a bound; `telemetry` has those of propagation, redaction, consent, the spool and export.
// `test:mutants` is another test: it damages music files.

import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Where bounds are declared, and the files of time limits, whose bounds have other names. */
const FOLDERS = ['crates/formats/src', 'crates/media/src', 'crates/messages/src', 'crates/player/src/engine'];
const BOUND = 'const (MAX|MOST|LONGEST|MENDABLE|SAMPLE_RATES|CHANNELS)';
const LIMITS = [
  'crates/player/src/engine/limit.rs',
  'crates/player/src/engine/heartbeat.rs',
  'crates/player/src/engine/recovery.rs',
  'crates/formats/src/bytes.rs',
];
/** Where contexts go in and out, and what becomes of a record from the queue to the endpoint or the spool. */
const TELEMETRY = [
  'crates/telemetry/src/propagation',
  ...[
    'lib',
    'batch',
    'export',
    'late',
    'request',
    'response',
    'retry',
    'rows',
    'sampling',
    'split',
    'spool',
  ].map((name) => `crates/telemetry/src/${name}.rs`),
  'src/opentelemetry/propagator.rs',
  'crates/player/src/instrumentation/request.rs',
];

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'bounds' },
    seed: { type: 'string' },
    count: { type: 'string', default: '100' },
    list: { type: 'boolean', default: false },
  },
});
const run = (/** @type {string} */ program, /** @type {string[]} */ args) =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 });

const seed = values.seed ?? run('git', ['rev-parse', '--short=8', 'HEAD']).trim().slice(0, 8);
const lines = (/** @type {string[]} */ args) => run('git', args).trim().split('\n');
/** The files of each set, the packages whose tests try a mutant, and features beside the default ones. */
const SETS = {
  bounds: {
    files: () => [...new Set([...lines(['grep', '-lE', BOUND, '--', ...FOLDERS]), ...LIMITS])],
    packages: ['tonearm-formats', 'tonearm-media', 'tonearm-messages', 'tonearm-player', 'tonearm'],
    features: /** @type {string[]} */ ([]),
  },
  telemetry: {
    files: () => lines(['ls-files', '--', ...TELEMETRY]),
    packages: ['tonearm', 'tonearm-telemetry', 'tonearm-player'],
    features: ['--features', 'tonearm/opentelemetry'],
  },
};
if (values.set !== 'bounds' && values.set !== 'telemetry') throw new Error(`no set '${values.set}'`);
const set = SETS[values.set];
const files = set.files().sort();

/** Numbers of 32 bits from a seed (mulberry32). @param {number} state */
const numbers = (state) => () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return (mixed ^ (mixed >>> 14)) >>> 0;
};

/** @type {{ name: string, package: string }[]} */
const all = JSON.parse(
  run('cargo', ['mutants', '--workspace', '--list', '--json', ...files.flatMap((file) => ['-f', file])]),
);
const rest = all.map(({ name }) => name).sort();
const next = numbers(Number.parseInt(seed, 16));
const sample = Array.from({ length: Math.min(Number(values.count), rest.length) }, () =>
  rest.splice(next() % rest.length, 1),
).flat();
console.log(`${sample.length} of ${all.length} mutants in ${files.length} files, by the seed ${seed}`);
if (values.list) {
  console.log(sample.join('\n'));
} else {
  const names = sample.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const { status } = spawnSync(
    'cargo',
    [
      'mutants',
      '--workspace',
      ...['--output', join(tmpdir(), `tonearm-mutants-${values.set}-${seed}`), '--jobs', '1', '--no-shuffle'],
      ...['--minimum-test-timeout', '120', '--test-package', set.packages.join(',')],
      ...set.features,
      ...files.flatMap((file) => ['-f', file]),
      ...['--re', `^(${names})$`, '--', '--lib', '--tests'],
    ],
    // The copy of the tree that mutants are tried in has nothing that is built.
    { stdio: 'inherit', env: { ...process.env, TONEARM_WITHOUT_FORMATS: '1' } },
  );
  process.exitCode = status ?? 1;
}
