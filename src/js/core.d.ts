/** The core's functions, as wasm-bindgen types them. */
export type Core = Pick<typeof import('../../pkg/dist/tonearm.js'), 'tell' | 'ask' | 'read'>;
