// mutants.mjs [--seed HEX] [--count N] [--list]: faults of one line in the files that declare a bound, a sample of
// them drawn from a seed, each tried by cargo-mutants against the native tests. A survivor is a bound without a
// test, or a change that changes nothing. Not to be confused with `test:mutants`, which damages music files.

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

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    count: { type: 'string', default: '100' },
    list: { type: 'boolean', default: false },
  },
});
const run = (/** @type {string} */ program, /** @type {string[]} */ args) =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 });

const seed = values.seed ?? run('git', ['rev-parse', '--short=8', 'HEAD']).trim().slice(0, 8);
const files = [
  ...new Set([
    ...run('git', ['grep', '-lE', BOUND, '--', ...FOLDERS])
      .trim()
      .split('\n'),
    ...LIMITS,
  ]),
].sort();

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
  const packages = ['tonearm-formats', 'tonearm-media', 'tonearm-messages', 'tonearm'];
  const { status } = spawnSync(
    'cargo',
    [
      'mutants',
      '--workspace',
      ...['--output', join(tmpdir(), `tonearm-mutants-${seed}`), '--jobs', '1', '--no-shuffle'],
      ...['--minimum-test-timeout', '120', '--test-package', packages.join(',')],
      ...files.flatMap((file) => ['-f', file]),
      ...['--re', `^(${names})$`, '--', '--lib', '--tests'],
    ],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
}
