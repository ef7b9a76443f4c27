// Where the files of the package are.

/** Where the package's files are, if not beside its script. */
export interface InitOptions {
  /** `tonearm_bg.wasm`. */
  wasm?: string | URL;
  /**
   * `worker.js`; `tonearm_media_bg.wasm` lies beside it. Of another origin it is imported, by CORS.
   */
  worker?: string | URL;
  /** `worklet.js`. */
  worklet?: string | URL;
  /**
   * `tonearm_full_bg.wasm`, which is loaded in the place of the other where an option of a pipeline asks for
   * it.
   */
  fullWasm?: string | URL;
  /**
   * Loads that one whatever is asked for, so that later pipelines may ask; rejects where the other is on its
   * way already.
   */
  full?: boolean;
}
