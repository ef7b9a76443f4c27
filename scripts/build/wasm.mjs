// Makes the build's outputs for the wasm modules: compile (wasm-pack), then optimise (wasm-opt). Knows the
// flags and why each is there; knows nothing of hashes or of what is up to date.

import { CRATE_FOLDERS, MODULES } from './modules.mjs';

/** @typedef {import('./table.mjs').Output} Output */
/** @typedef {import('./table.mjs').Command} Command */

/** Features of WebAssembly that every supported browser has. */
const FEATURES = [
  '--enable-bulk-memory',
  '--enable-bulk-memory-opt',
  '--enable-nontrapping-float-to-int',
  '--enable-sign-ext',
  '--enable-mutable-globals',
  '--enable-reference-types',
  '--enable-multivalue',
];

const SMALL = ['--strip-debug', '--strip-producers'];
// Flat code, in which loops are found anew: one percent. Nothing is placed below the first KiB, where the
// stack ends.
const FLATTEN = ['--low-memory-unused', '--flatten', '--rereloop', '-O3'];
// Merges again what flattening has repeated: another percent of the smaller modules.
const MERGE = ['--low-memory-unused', '-Oz'];
// In the page a function with one caller stays a function: smaller, and compiled when it is first called.
const KEEP_FUNCTIONS = ['--one-caller-inline-max-function-size', '20'];

const SMALLEST = [
  [...KEEP_FUNCTIONS, '-Oz', '--converge', ...SMALL],
  [...KEEP_FUNCTIONS, ...FLATTEN],
  [...KEEP_FUNCTIONS, ...MERGE],
];

/**
 * The runs of wasm-opt, one after the other. @type {Record<import('./modules.mjs').WasmModule['kind'],
 * string[][]>}
 */
const OPTIMISATIONS = {
  page: SMALLEST,
  'on-demand': SMALLEST,
  worker: [['-O3', ...SMALL], FLATTEN, MERGE],
  development: [['-O1', '--strip-dwarf', '-g']],
};

// The wrappers of exports are calls within calls, which a build does not inline by itself: six percent of the
// page's, one of the media plane's.
const INLINE = ['-Zinline-mir=yes'];
// serde's errors describe values with `Debug`, and nobody reads them: nine percent.
const WITHOUT_DEBUG = ['-Zfmt-debug=none'];

/** Where wasm-pack puts a module and its glue. @param {string} name */
export const packed = (name) => `target/wasm/${name}`;

/**
 * A panic ends a module that ships, without a message: the messages would weigh a tenth of what a page loads
 * and a fifth of the media plane. The standard library is built along for that, which a stable compiler does
 * when asked like this. Paths of one machine are taken out of the locations of panics: smaller, and the same
 * bytes everywhere.
 * @param {import('./modules.mjs').WasmModule} module @returns {Command}
 */
function compile({ name, folder, file, features, kind }) {
  const ships = kind !== 'development';
  return {
    program: 'wasm-pack',
    lane: 'cargo-wasm',
    args: [
      ...['--log-level', 'warn', 'build', folder, '--mode', 'no-install', '--no-pack', '--target', 'bundler'],
      ...['--release', '--out-dir', `{root}/${packed(name)}`, '--out-name', file, '--', '--quiet'],
      '--no-default-features',
      ...(features.length > 0 ? ['--features', features.join()] : []),
      ...(ships ? ['-Zbuild-std=std,panic_abort', '-Zbuild-std-features=optimize_for_size'] : []),
    ],
    env: ships
      ? {
          RUSTC_BOOTSTRAP: '1',
          CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: [
            ...['{remap}', '-Zunstable-options', '-Cpanic=immediate-abort'],
            ...INLINE,
            ...(kind === 'on-demand' ? WITHOUT_DEBUG : []),
          ].join(' '),
        }
      : { CARGO_PROFILE_RELEASE_STRIP: 'none', CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: '{remap}' },
  };
}

/** @returns {Output[]} */
export const wasmOutputs = () =>
  MODULES.map((module) => {
    const dist = `pkg/dist/${module.file}_bg.wasm`;
    const passes = OPTIMISATIONS[module.kind];
    return {
      name: module.name,
      group: 'package',
      from: [
        'Cargo.lock',
        'Cargo.toml',
        ...(module.folder === '.' ? [] : [`${module.folder}/Cargo.toml`]),
        ...CRATE_FOLDERS[module.crate],
        'scripts/build/imports.mjs',
      ],
      extensions: ['.rs', '.toml'],
      tools: ['rustc', 'wasm-bindgen', 'wasm-pack', 'wasm-opt'],
      commands: [
        compile(module),
        ...passes.map((flags, pass) => ({
          program: 'wasm-opt',
          args: [
            ...FEATURES,
            ...flags,
            pass ? dist : `${packed(module.name)}/${module.file}_bg.wasm`,
            '-o',
            dist,
          ],
        })),
        {
          program: 'node',
          args: ['scripts/build/imports.mjs', dist],
        },
      ],
      // The glue and its types are what the page's scripts are bundled and checked with.
      makes: [dist, packed(module.name)],
    };
  });
