/** The package's version; the build puts it in. */
declare const TONEARM_VERSION: string;
/** Whether this is the build for bundlers in development mode; the build puts it in. */
declare const TONEARM_DEVELOPMENT: boolean;

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
