// The one table of what is built: each output, what it is made from, by which commands, and the files that it
// makes. Data only: `runner.mjs` decides what is up to date and runs the rest.

import { CRATE_FOLDERS } from './modules.mjs';
import { scriptOutputs } from './scripts.mjs';
import { wasmOutputs } from './wasm.mjs';

/**
 * `{root}` in an argument or in the environment is the checkout's folder; `{remap}` the compiler's flags that
 * take the paths of this machine out of what it compiles.
 * @typedef {object} Command
 * @property {string} program
 * @property {string[]} args
 * @property {Record<string, string>} [env]
 * @property {string} [lane] commands of one lane run one after the other: cargo locks its target folder
 */

/**
 * @typedef {object} Output
 * @property {string} name
 * @property {string} group what is asked for on the command line
 * @property {string[]} [needs] outputs that are made before it, and whose files it reads
 * @property {string[]} from files and folders that it is made from
 * @property {string[]} [extensions] of the files in those folders; without it all of them
 * @property {string[]} [tools] programs whose versions count
 * @property {Command[]} commands
 * @property {string[]} makes files and folders
 * @property {boolean} [large] too large to be kept for each state of its sources: only the newest is there
 */

/** Folders whose Rust files the native programs are made of. */
const NATIVE = ['Cargo.lock', 'Cargo.toml'];

/**
 * @param {string} name @param {string} crate @param {string[]} from @param {string[]} flags @returns {Output}
 */
const program = (name, crate, from, flags) => ({
  name,
  group: name,
  from: [...NATIVE, ...from],
  extensions: ['.rs', '.toml'],
  tools: ['rustc'],
  commands: [{ program: 'cargo', lane: 'cargo-host', args: ['build', '--quiet', ...flags, '-p', crate] }],
  makes: [`target/${flags.includes('--release') ? 'release' : 'debug'}/${crate}`],
  large: true,
});

/** @returns {Output[]} */
export const outputs = () => [
  ...wasmOutputs(),
  ...scriptOutputs(),
  program('backend', 'tonearm-backend', ['backend'], []),
  program('backend-release', 'tonearm-backend', ['backend'], ['--release']),
  program('load', 'tonearm-load', ['load', 'crates'], ['--release']),
  {
    name: 'demo',
    group: 'demo',
    needs: [...scriptOutputs(), ...wasmOutputs()].map(({ name }) => name).filter((name) => name !== 'glue'),
    from: ['www/src', 'webpack.config.js', 'pkg/package.json'],
    tools: ['webpack'],
    commands: [{ program: 'webpack', args: ['--config', 'webpack.config.js', '--stats', 'errors-warnings'] }],
    makes: ['www/dist'],
  },
  {
    name: 'example',
    group: 'example',
    from: ['Cargo.toml', 'examples/yew', ...CRATE_FOLDERS.tonearm],
    extensions: ['.rs', '.toml', '.lock'],
    tools: ['rustc', 'wasm-bindgen'],
    commands: [
      {
        program: 'cargo',
        lane: 'cargo-example',
        args: [
          ...['build', '--quiet', '--locked', '--release', '--manifest-path', 'examples/yew/Cargo.toml'],
          ...['--target', 'wasm32-unknown-unknown'],
        ],
        env: { CARGO_TARGET_DIR: '{root}/target/example' },
      },
      {
        program: 'wasm-bindgen',
        args: [
          ...['--target', 'web', '--no-typescript', '--out-dir', 'examples/yew/dist'],
          'target/example/wasm32-unknown-unknown/release/tonearm-example-yew.wasm',
        ],
      },
    ],
    makes: ['examples/yew/dist'],
  },
];
