// Brings a wasm module to life (WebAssembly JavaScript Interface) with the glue that wasm-bindgen made for
// it.

/** @param entry an export that the module has and no other one of the package */
export async function instantiate(
  response: Response,
  glue: { __wbg_set_wasm: (exports: WebAssembly.Exports) => void },
  entry: string,
) {
  // The name by which every module imports its glue (`scripts/build/imports.mjs`).
  const imports = { glue: glue as any };
  // Compiled as it comes in, where the server names its type; not every server does.
  const streams = response.headers.get('content-type') === 'application/wasm';
  const { instance } = streams
    ? await WebAssembly.instantiateStreaming(response, imports)
    : await WebAssembly.instantiate(await response.arrayBuffer(), imports);
  // What another module imports may be in this glue, too.
  if (!(entry in instance.exports)) throw new WebAssembly.LinkError(`The module exports no "${entry}".`);
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports as any).__wbindgen_start();
  return instance.exports as any;
}
