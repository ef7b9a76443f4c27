/** The package's version; the build puts it in. */
declare const TONEARM_VERSION: string;

/** wasm-bindgen's glue of the control plane. */
declare module '*/tonearm_bg.js' {
  type Exports = typeof import('../../pkg/dist/tonearm.js');
  export const begin: Exports['begin'];
  export const tell: Exports['tell'];
  export const ask: Exports['ask'];
  export const read: Exports['read'];
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}

/** wasm-bindgen's glue of the media plane. */
declare module '*/tonearm_media_bg.js' {
  export const Plane: typeof import('../../pkg/dist/tonearm_media.js').Plane;
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
