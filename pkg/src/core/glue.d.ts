import type * as Exports from 'tonearm-core-glue';

declare module 'tonearm-core-glue' {
  /**
   * What the build makes of the glue (`scripts/build/core_glue.mjs`): the functions that convert parameters
   * or results.
   */
  export const glue: Partial<typeof Exports> & {
    __wbg_set_wasm(exports: WebAssembly.Exports): void;
    /** A parameter as the instance takes it: of bytes their place and length, in the instance's memory. */
    pass(value: unknown): unknown;
  };
}
