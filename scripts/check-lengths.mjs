// No file over 600 lines, the median under 150 (docs/architecture.md).

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const files = execFileSync(
  'git',
  [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '--',
    '*.rs',
    '*.js',
    '*.mjs',
    '*.ts',
    '*.sh',
    '*.css',
  ],
  { encoding: 'utf8' },
);
const lengths = files
  .trim()
  .split('\n')
  .filter((file) => existsSync(file))
  .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }));
lengths.sort((a, b) => a.lines - b.lines);
const median = lengths[lengths.length >> 1].lines;
const long = lengths.filter(({ lines }) => lines > 600);
console.log(
  `${lengths.length} files, median ${median} lines, longest ${lengths.at(-1)?.lines} (${lengths.at(-1)?.file})`,
);
for (const { file, lines } of long) console.error(`${file} has ${lines} lines, over 600`);
if (long.length > 0 || median >= 150) process.exit(1);
