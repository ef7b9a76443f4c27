/** The package's version; the build puts it in. */
declare const TONEARM_VERSION: string;
/** Whether this is the build for bundlers in development mode; the build puts it in. */
declare const TONEARM_DEVELOPMENT: boolean;

/** wasm-bindgen's glue of the control plane: the build puts in that of the core which the script is made for. */
declare module 'tonearm-core-glue' {
  type Exports = typeof import('../../target/wasm/extended-core/tonearm_full.js');
  export const begin: Exports['begin'];
  export const tell: Exports['tell'];
  export const ask: Exports['ask'];
  export const read: Exports['read'];
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}

declare module '*/stretch_worklet.js' {
  const create: {
    (
      context: BaseAudioContext,
    ): Promise<AudioWorkletNode & { schedule(change: { active: boolean; semitones: number }): void }>;
    moduleUrl?: string;
  };
  export default create;
}

interface Navigator {
  /** User-Agent Client Hints; Chromium has them. */
  readonly userAgentData?: {
    mobile: boolean;
    platform: string;
    brands: { brand: string; version: string }[];
  };
}
