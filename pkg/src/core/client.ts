// The core as scripts call it: the only importer of its glue. Each export is there under its own name, and
// throws nothing: what a call throws is reported once, here.

import { glue } from 'tonearm-core-glue';
import { instantiate } from '../host/wasm.js';
import { bindExports } from './exports.js';
import type { PageHost } from 'tonearm-core-glue';

export type Exports = typeof import('tonearm-core-glue');

/** The exports of the core (`src/exports`); a call that throws returns undefined. */
export type Core = {
  [
    Name in keyof Exports as Exports[Name] extends (...args: any[]) => any ? Name : never
  ]: Exports[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Result | undefined
    : never;
};

export const NO_BYTES = new Uint8Array();

/**
 * Called with what a call of the core, or one that the core makes, throws; `loader.ts` decides whether that
 * ended the core.
 */
export const trap: { onThrow: (error: unknown) => void } = { onThrow() {} };

export const isTrap = (error: unknown) => error instanceof WebAssembly.RuntimeError;

/**
 * Whether an error ended the wasm instance: a trap, or a stack that overflowed inside a call, which may have
 * left the core or what it asked for half done. What else JavaScript throws while it converts a value, in a
 * getter or in a callback, leaves the instance as it was. Firefox calls an overflow `InternalError`.
 */
export const endsCore = (error: unknown) =>
  isTrap(error) || (error instanceof Error && /call stack|too much recursion/.test(error.message));

/**
 * The same functions, which throw nothing. An exception from a host would unwind the core without its
 * destructors.
 */
export const guard = <T extends object>(calls: T): T =>
  Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      name,
      (...args: any[]) => {
        try {
          return call(...args);
        } catch (error) {
          trap.onThrow(error);
        }
      },
    ]),
  ) as any;

/** The exports of the instance. */
let instance: { memory: WebAssembly.Memory } | undefined;

/** Makes an instance of a core's file, in the place of the one before. */
export async function instantiateCore(response: Response) {
  const before = instance;
  instance = await instantiate(response, glue, 'begin');
  // The glue keeps views of a core's memory: this takes from it those of one that ended, whatever has called
  // that since.
  before?.memory.grow(0);
}

/** Begins the core of the instance. */
export function beginCore(page: PageHost): Core {
  const exports: any = bindExports(instance as any, glue);
  const core: Core = guard(exports);
  const [high, low] = crypto.getRandomValues(new BigUint64Array(2));
  core.begin(performance, high, low, guard(page));
  return core;
}
