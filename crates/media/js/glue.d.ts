import '../../../target/wasm/media/tonearm_media.js';

declare module '../../../target/wasm/media/tonearm_media.js' {
  /** What the wasm imports of its glue; the build adds it (`scripts/build/worker_glue.mjs`). */
  export const imports: { __wbg_set_wasm: (exports: WebAssembly.Exports) => void };
}
