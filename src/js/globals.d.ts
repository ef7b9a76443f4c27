/** The package's version; the build puts it in. */
declare const TONEARM_VERSION: string;
/** Whether this is the build for bundlers in development mode; the build puts it in. */
declare const TONEARM_DEVELOPMENT: boolean;

/** wasm-bindgen's glue of the media plane. */
declare module 'tonearm-media-glue' {
  export const Plane: typeof import('../../target/wasm/media/tonearm_media.js').Plane;
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
