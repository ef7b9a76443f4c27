// The build: each output is made again when what it is made from changes, and only then.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, beforeEach, test } from 'node:test';
import { build } from '../../scripts/build/runner.mjs';
import { outputs } from '../../scripts/build/table.mjs';

const table = outputs();
const home = process.cwd();
const folder = mkdtempSync(`${tmpdir()}/tonearm-build-`);
process.chdir(folder);
after(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

/** @param {string} text of a shell command @returns {import('../../scripts/build/table.mjs').Command} */
const shell = (text) => ({ program: 'sh', args: ['-c', text] });
/** `b` is made from `a` and a source of its own; `c` from nothing of theirs. */
const OUTPUTS = [
  { name: 'a', group: 'g', from: ['src'], commands: [shell('cat src/* > out/a')], makes: ['out/a'] },
  {
    name: 'b',
    group: 'g',
    needs: ['a'],
    from: ['b.txt'],
    commands: [shell('cat out/a b.txt > out/b')],
    makes: ['out/b'],
  },
  { name: 'c', group: 'g', from: ['c.txt'], commands: [shell('cp c.txt out/c')], makes: ['out/c'] },
];
const all = OUTPUTS.map(({ name }) => name);
const run = (/** @type {string[]} */ names = all, table = OUTPUTS) => build(table, names, folder);
const read = (/** @type {string} */ file) => readFileSync(file, 'utf8');

beforeEach(() => {
  rmSync('target', { recursive: true, force: true });
  rmSync('out', { recursive: true, force: true });
  mkdirSync('src', { recursive: true });
  for (const [file, text] of Object.entries({ 'src/1': 'one ', 'src/2': 'two ', 'b.txt': 'b', 'c.txt': 'c' }))
    writeFileSync(file, text);
});

test('everything is built once, and what has not changed is left alone', async () => {
  assert.deepEqual(await run(), all);
  assert.equal(read('out/b'), 'one two b');
  assert.deepEqual(await run(), []);
});

test('a change builds what is made from it, and nothing else', async () => {
  await run();
  writeFileSync('src/2', '2 ');
  assert.deepEqual(await run(), ['a', 'b']);
  assert.equal(read('out/b'), 'one 2 b');
  writeFileSync('c.txt', 'C');
  assert.deepEqual(await run(), ['c']);
});

test('a file more, or under another name, is a change', async () => {
  await run();
  writeFileSync('src/3', '');
  assert.deepEqual(await run(['a']), ['a']);
});

test('other flags are a change', async () => {
  await run();
  const [a, ...rest] = OUTPUTS;
  assert.deepEqual(await run(all, [{ ...a, commands: [shell('cat src/2 src/1 > out/a')] }, ...rest]), [
    'a',
    'b',
  ]);
  assert.equal(read('out/b'), 'two one b');
});

test('an earlier state is brought back without its commands', async () => {
  await run();
  writeFileSync('src/2', '2 ');
  await run();
  writeFileSync('src/2', 'two ');
  // A command that would fail now: it is not run.
  rmSync('b.txt');
  writeFileSync('b.txt', 'b');
  assert.deepEqual(await run(), ['a', 'b']);
  assert.equal(read('out/b'), 'one two b');
});

test('a made file that is lost or written over is made good', async () => {
  await run();
  rmSync('out/a');
  assert.deepEqual(await run(), ['a']);
  writeFileSync('out/c', 'spoiled');
  assert.deepEqual(await run(), ['c']);
  assert.equal(read('out/c'), 'c');
});

test('a command that fails shows what it printed, leaves nothing old, and is tried again', async () => {
  await run();
  writeFileSync('src/1', 'changed ');
  const broken = [
    { ...OUTPUTS[0], commands: [shell('echo the reason; echo and more >&2; exit 3')] },
    ...OUTPUTS.slice(1),
  ];
  await assert.rejects(run(all, broken), /a: sh failed[\s\S]*the reason[\s\S]*and more/);
  assert.throws(() => read('out/a'), { code: 'ENOENT' });
  assert.deepEqual(await run(), ['a', 'b']);
});

test('a command that makes nothing has failed', async () => {
  await assert.rejects(run(['c'], [{ ...OUTPUTS[2], commands: [shell('true')] }]), /out\/c was not made/);
});

test('commands of one lane never run at once', async () => {
  const exclusive = 'mkdir lock && sleep 0.05 && rmdir lock';
  const many = ['x', 'y', 'z'].map((name) => ({
    name,
    group: 'g',
    from: ['c.txt'],
    commands: [{ ...shell(`${exclusive} && cp c.txt out/${name}`), lane: 'one' }],
    makes: [`out/${name}`],
  }));
  assert.deepEqual(await run(['x', 'y', 'z'], many), ['x', 'y', 'z']);
});

test('every output of the table has a name and files of its own, and needs what is there', () => {
  const names = table.map(({ name }) => name);
  const files = table.flatMap(({ makes }) => makes);
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(files).size, files.length);
  for (const { needs = [] } of table) for (const name of needs) assert.ok(names.includes(name), name);
});
