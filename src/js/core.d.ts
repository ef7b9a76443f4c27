/** The core, as wasm-bindgen types it. */
export type Core = import('../../pkg/dist/tonearm.js').Core;
