// Brings a wasm module to life (WebAssembly JavaScript Interface) with the glue that wasm-bindgen made for
// it.

/**
 * @param {Response} response
 * @param {{ __wbg_set_wasm: (exports: WebAssembly.Exports) => void }} glue
 */
export async function instantiate(response, glue) {
  // The name by which every module imports its glue (`scripts/build/imports.mjs`).
  const imports = { glue: /** @type {any} */ (glue) };
  // Compiled as it comes in, where the server names its type; not every server does.
  const streams = response.headers.get('content-type') === 'application/wasm';
  const { instance } = streams
    ? await WebAssembly.instantiateStreaming(response, imports)
    : await WebAssembly.instantiate(await response.arrayBuffer(), imports);
  glue.__wbg_set_wasm(instance.exports);
  /** @type {any} */ (instance.exports).__wbindgen_start();
  return /** @type {any} */ (instance.exports);
}
