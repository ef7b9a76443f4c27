// Child processes of the chain: started one after the other, each awaited until it is ready, ended with this
// process.

import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { until } from './network.mjs';

/**
 * @typedef {{ name: string, env?: Record<string, string>, binary: string, args: string[], ready: string }}
 * Program `ready` is a URL that answers 2xx once the program can be used
 */

/**
 * Starts and stops `programs` by name. Their output is appended to `folder`/NAME.log.
 * @param {Program[]} programs
 * @param {string} folder
 * @param {Record<string, string>} env for all of them, stronger than their own
 */
export function processes(programs, folder, env) {
  /** @type {Map<string, import('node:child_process').ChildProcess>} */
  const running = new Map();
  // When this process ends, it ends the children that it started.
  process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));

  const start = async (/** @type {string} */ name) => {
    const program = programs.find((program) => program.name === name);
    if (!program) throw new Error(`no program ${name}`);
    const log = openSync(`${folder}/${name}.log`, 'a');
    const child = spawn(program.binary, program.args, {
      env: { ...process.env, ...program.env, ...env },
      stdio: ['ignore', log, log],
    });
    running.set(name, child);
    const ended = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`${name} ended (${code ?? signal}): see ${folder}/${name}.log`)),
      );
    });
    ended.catch(() => {});
    await Promise.race([ended, until(async () => (await fetch(program.ready)).ok, `${name} is ready`)]);
  };
  const stop = async (/** @type {string} */ name, /** @type {NodeJS.Signals} */ signal = 'SIGTERM') => {
    const child = running.get(name);
    running.delete(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(timer);
  };
  const startAll = async () => {
    for (const { name } of programs) await start(name);
  };
  const stopAll = async () => {
    for (const name of [...running.keys()].reverse()) await stop(name);
  };
  return { start, stop, startAll, stopAll };
}
