// The wasm modules of the package: what each is compiled from, and how. Data only: `wasm.mjs` makes commands
// of it, `make-notice.mjs` names what is in each.

/**
 * @typedef {object} WasmModule
 * @property {string} name of the output in the build's table
 * @property {string} file name in `pkg/dist`, without `_bg.wasm`
 * @property {string} folder of the crate
 * @property {string} crate as Cargo names it
 * @property {string[]} features it has no other ones, the default ones included
 * @property {'page' | 'on-demand' | 'worker' | 'development'} kind which flags it is compiled and optimised
 * with
 */

/** @param {string[]} names */
const crates = (...names) => names.map((name) => `crates/${name}`);

/** Folders whose Rust files a crate is made of. @type {Record<string, string[]>} */
export const CRATE_FOLDERS = {
  tonearm: ['src', ...crates('base', 'gzip', 'messages', 'otlp', 'player', 'telemetry')],
  'tonearm-media': crates('base', 'formats', 'media', 'messages'),
  'tonearm-formats': crates('formats'),
  'tonearm-records': crates('otlp', 'records'),
};

/** @param {string} format @returns {WasmModule} */
const format = (format) => ({
  name: format,
  file: `tonearm_${format.replace('-', '_')}`,
  folder: 'crates/formats',
  crate: 'tonearm-formats',
  features: ['module', format],
  kind: 'worker',
});

/** @type {WasmModule[]} */
export const MODULES = [
  {
    name: 'core',
    file: 'tonearm',
    folder: '.',
    crate: 'tonearm',
    features: ['package'],
    kind: 'page',
  },
  {
    name: 'extended-core',
    file: 'tonearm_full',
    folder: '.',
    crate: 'tonearm',
    features: ['package', 'full'],
    kind: 'page',
  },
  {
    name: 'development-core',
    file: 'tonearm_development',
    folder: '.',
    crate: 'tonearm',
    features: ['package', 'full', 'panic-messages'],
    kind: 'development',
  },
  {
    name: 'media',
    file: 'tonearm_media',
    folder: 'crates/media',
    crate: 'tonearm-media',
    features: ['module'],
    kind: 'worker',
  },
  {
    name: 'records',
    file: 'tonearm_records',
    folder: 'crates/records',
    crate: 'tonearm-records',
    features: ['module'],
    kind: 'on-demand',
  },
  ...['mp3', 'aac', 'flac', 'vorbis', 'opus', 'wav', 'mp3-decoder', 'opus-decoder'].map(format),
];
