/** The core's functions, as wasm-bindgen types them. */
export type Core = Pick<
  typeof import('../../target/wasm/extended-core/tonearm_full.js'),
  'tell' | 'ask' | 'read'
>;
