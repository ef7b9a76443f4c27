// What the development build says of a panic: what failed, and in which line.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { shortName } from '../../scripts/build/imports.mjs';
import * as glue from '../../target/wasm/development-core/tonearm_development_bg.js';

const WASM = new URL('../../pkg/dist/tonearm_development_bg.wasm', import.meta.url);

test('a panic in the development build is on the console with its message and its place', (context) => {
  const module = new WebAssembly.Module(readFileSync(WASM));
  const given = Object.entries(glue).map(([name, value]) => [shortName(name), value]);
  const { exports } = new WebAssembly.Instance(module, { glue: Object.fromEntries(given) });
  glue.__wbg_set_wasm(exports);
  /** @type {any} */ (exports).__wbindgen_start();

  // A clock that calls the core while it works finds its engine borrowed.
  let calls = false;
  const clock = {
    timeOrigin: 0,
    now() {
      if (calls) glue.timeout();
      return 0;
    },
  };
  glue.begin(/** @type {any} */ (clock), 1n, 2n, { wake_in() {} });
  const { mock } = context.mock.method(console, 'error', () => {});
  calls = true;
  assert.throws(() => glue.destroy_player(1), WebAssembly.RuntimeError);
  assert.match(
    String(mock.calls[0]?.arguments[0]),
    /^panicked at src\/browser\/driver\.rs:\d+:\d+:\n.*already.*borrowed/,
  );
});
