// Builds outputs in the order of their needs, as many at once as there are processors, and only those whose
// sources have changed. Prints each with its time; a command that fails shows what it printed.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { fingerprint, forgetContents } from './fingerprint.mjs';
import { clear, isUpToDate, keep, restore } from './store.mjs';

/** @typedef {import('./table.mjs').Output} Output */
/** @typedef {import('./table.mjs').Command} Command */

const say = (/** @type {string} */ line) => console.log(`[tonearm] ${line}`);
const seconds = (/** @type {number} */ millis) => `${(millis / 1000).toFixed(1)} s`;

/** A command that failed, with what it printed. */
export class CommandFailed extends Error {
  /** @param {string} output @param {Command} command @param {string} printed */
  constructor(output, { program, args }, printed) {
    super(`${output}: ${program} failed\n  ${program} ${args.join(' ')}\n${printed}`);
  }
}

/** Flags that take the paths of this machine out of compiled code. @param {string} root */
function remapFlags(root) {
  const { stdout } = spawnSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' });
  const sources = `${process.env.CARGO_HOME ?? `${homedir()}/.cargo`}/registry/src`;
  // Each registry has a folder of its own name there, which differs between machines.
  const registries = existsSync(sources) ? readdirSync(sources).map((name) => `${sources}/${name}/`) : [];
  return [`${root}/`, `${stdout.trim()}/lib/rustlib/src/rust/library/`, ...registries]
    .map((prefix) => `--remap-path-prefix=${prefix}=`)
    .join(' ');
}

/** Runs promises of one lane one after the other. */
class Lanes {
  /** @type {Map<string, Promise<unknown>>} */
  #last = new Map();
  /** @template T @param {string | undefined} lane @param {() => Promise<T>} work @returns {Promise<T>} */
  run(lane, work) {
    if (!lane) return work();
    const turn = (this.#last.get(lane) ?? Promise.resolve()).then(work, work);
    this.#last.set(lane, turn);
    return turn;
  }
}

/** Lets so many run at once. @param {number} count */
function limit(count) {
  /** @type {(() => void)[]} */
  const waiting = [];
  let free = count;
  return async (/** @type {() => Promise<void>} */ work) => {
    if (free > 0) free--;
    else await new Promise((resolve) => waiting.push(() => resolve(undefined)));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

/** @param {Output} output @param {Command} command @param {(text: string) => string} fill */
const execute = (output, command, fill) =>
  new Promise((resolve, reject) => {
    const env = Object.entries(command.env ?? {}).map(([key, value]) => [key, fill(value)]);
    const child = spawn(command.program, command.args.map(fill), {
      env: { ...process.env, ...Object.fromEntries(env) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
    child.once('error', (error) => reject(new CommandFailed(output.name, command, `${error.message}\n`)));
    child.once('close', (code) => {
      children.delete(child);
      if (code === 0) resolve(undefined);
      else reject(new CommandFailed(output.name, command, printed));
    });
  });

/**
 * Those outputs and all that they need, each after what it needs. @param {Output[]} all @param {string[]}
 * names
 */
function closure(all, names) {
  /** @type {Set<Output>} */
  const found = new Set();
  const add = (/** @type {string} */ name) => {
    const output = all.find((output) => output.name === name);
    if (!output) throw new Error(`the build knows no output "${name}"`);
    output.needs?.forEach(add);
    found.add(output);
  };
  names.forEach(add);
  return [...found];
}

/**
 * Builds what is not up to date among those outputs and their needs.
 * @param {Output[]} all @param {string[]} names @param {string} root of the checkout
 * @returns {Promise<string[]>} the names of what was built or brought back
 */
export async function build(all, names, root) {
  forgetContents();
  const wanted = closure(all, names);
  /** @type {Map<string, string>} */
  const fingerprints = new Map();
  for (const output of wanted) {
    fingerprints.set(
      output.name,
      fingerprint(output, (name) => /** @type {string} */ (fingerprints.get(name))),
    );
  }
  const hashOf = (/** @type {Output} */ output) => /** @type {string} */ (fingerprints.get(output.name));
  const stale = wanted.filter((output) => !isUpToDate(output, hashOf(output)));
  const old = stale.filter((output) => !restore(output, hashOf(output)));
  const restored = stale.filter((output) => !old.includes(output));
  if (restored.length > 0) say(`brought back: ${restored.map(({ name }) => name).join(', ')}`);
  if (old.length > 0) say(`to build, of ${wanted.length} outputs: ${old.map(({ name }) => name).join(', ')}`);

  const began = performance.now();
  const lanes = new Lanes();
  const slot = limit(Math.max(2, availableParallelism()));
  const remap = remapFlags(root);
  const fill = (/** @type {string} */ text) => text.replaceAll('{root}', root).replaceAll('{remap}', remap);
  /** @type {Map<string, Promise<void>>} */
  const running = new Map();
  let done = 0;
  /** The first one; those that follow from it say less. @type {unknown} */
  let failure;
  for (const output of old) {
    const before = (output.needs ?? []).flatMap((name) => running.get(name) ?? []);
    const work = async () => {
      await Promise.all(before);
      let working = 0;
      clear(output);
      for (const command of output.commands) {
        // A command that waits for its lane takes no slot from others.
        await lanes.run(command.lane, () =>
          slot(async () => {
            if (failure) throw new Error(`${output.name}: given up, since another output failed`);
            const start = performance.now();
            await execute(output, command, fill);
            working += performance.now() - start;
          }),
        );
      }
      forgetContents();
      keep(output, hashOf(output));
      say(`${String(++done).padStart(2)} of ${old.length}  ${output.name}  ${seconds(working)}`);
    };
    const promise = work();
    promise.catch((error) => {
      failure ??= error;
      for (const child of children) child.kill();
    });
    running.set(output.name, promise);
  }
  await Promise.allSettled(running.values());
  if (failure) throw failure;
  if (old.length > 0) say(`built in ${seconds(performance.now() - began)}`);
  return stale.map(({ name }) => name);
}
