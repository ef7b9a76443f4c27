// The core as scripts call it: the only importer of its glue. Each export is there under its own name, and throws
// nothing: what a call throws is reported once, here.

import { glue } from 'tonearm-core-glue';
import { instantiate } from '../browser/wasm.js';
import { bindExports } from './core_exports.js';

/** @typedef {typeof import('tonearm-core-glue')} Exports */

/**
 * The exports of the core (`src/exports`); a call that throws returns undefined.
 * @typedef {{ [Name in keyof Exports as Exports[Name] extends (...args: any[]) => any ? Name : never]:
 *   Exports[Name] extends (...args: infer Args) => infer Result ? (...args: Args) => Result | undefined : never }} Core
 */

export const NO_BYTES = new Uint8Array();

/**
 * Called with what a call of the core, or one that the core makes, throws; `loader.js` decides whether that ended the core.
 * @type {{ onThrow: (error: unknown) => void }}
 */
export const trap = { onThrow() {} };

/** @param {unknown} error */
export const isTrap = (error) => error instanceof WebAssembly.RuntimeError;

/**
 * Whether an error ended the wasm instance: a trap, or a stack that overflowed inside a call, which may have left
 * the core or what it asked for half done. What else JavaScript throws while it converts a value, in a getter or
 * in a callback, leaves the instance as it was. Firefox calls an overflow `InternalError`.
 * @param {unknown} error
 */
export const endsCore = (error) =>
  isTrap(error) || (error instanceof Error && /call stack|too much recursion/.test(error.message));

/**
 * The same functions, which throw nothing. An exception from a host would unwind the core without its destructors.
 * @template {object} T @param {T} calls @returns {T}
 */
export const guard = (calls) =>
  /** @type {any} */ (
    Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [
        name,
        (/** @type {any[]} */ ...args) => {
          try {
            return call(...args);
          } catch (error) {
            trap.onThrow(error);
          }
        },
      ]),
    )
  );

/** The exports of the instance. @type {{ memory: WebAssembly.Memory } | undefined} */
let instance;

/** Makes an instance of a core's file, in the place of the one before. @param {Response} response */
export async function instantiateCore(response) {
  const before = instance;
  instance = await instantiate(response, glue, 'begin');
  // The glue keeps views of a core's memory: this takes from it those of one that ended, whatever has called that
  // since.
  before?.memory.grow(0);
}

/** Begins the core of the instance. @param {import('tonearm-core-glue').PageHost} page @returns {Core} */
export function beginCore(page) {
  /** @type {any} */
  const exports = bindExports(/** @type {any} */ (instance), glue);
  /** @type {Core} */
  const core = guard(exports);
  const [high, low] = crypto.getRandomValues(new BigUint64Array(2));
  core.begin(performance, high, low, guard(page));
  return core;
}
