import type {} from 'tonearm-records-glue';

declare module 'tonearm-records-glue' {
  /** What the wasm imports of its glue; the build adds it (`scripts/build/worker_glue.mjs`). */
  export const imports: { __wbg_set_wasm: (exports: WebAssembly.Exports) => void };
}
