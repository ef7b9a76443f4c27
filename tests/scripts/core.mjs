// The core that has all, as the package has it, without a page: what the scripts tell it becomes OTLP here.

import { readFileSync } from 'node:fs';
import { flat } from '../../src/js/flat.js';
import * as glue from '../../target/glue.js';

const root = new URL('../../', import.meta.url);
const module = new WebAssembly.Module(readFileSync(new URL('pkg/dist/tonearm_full_bg.wasm', root)));
/** @type {Record<string, Record<string, unknown>>} */
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module))
  (imports[from] ??= {})[name] = /** @type {any} */ (glue)[name];
const { exports } = new WebAssembly.Instance(module, /** @type {any} */ (imports));
glue.__wbg_set_wasm(exports);
/** @type {any} */ (exports).__wbindgen_start();

/** What was sent. @type {{ request: number, signal: number, body: Uint8Array }[]} */
const posted = [];
const nothing = () => {};
const host = {
  tell: nothing,
  media: nothing,
  wake: nothing,
  spool: nothing,
  observe: nothing,
  inspect: nothing,
  /** @param {number} _ @param {number} request @param {number} signal @param {Uint8Array} body */
  post: (_, request, signal, body) => void posted.push({ request, signal, body: body.slice() }),
};

/** @type {any} */ (globalThis).TONEARM_VERSION = '0.0.0';
globalThis.navigator ??= /** @type {any} */ ({ userAgent: 'node', language: 'en', onLine: true });
const { flatConfig } = await import('../../src/js/config.js');
glue.begin(performance, 1n, 2n, host);
export const core = { tell: glue.tell, ask: glue.ask, read: glue.read };
core.tell(
  27,
  1,
  0,
  0,
  0,
  false,
  flatConfig({ serviceName: 'test', storage: false, compression: 'none', maxExportBatchSize: 10_000 }),
);

/**
 * Attributes in protobuf, each as a field of that tag.
 * @param {number} tag
 * @param {object} attributes
 * @returns {Uint8Array}
 */
export const encode = (tag, attributes) => core.ask(3, 1, flat(tag >> 3, attributes));

/** The bodies of all that is queued, which arrive, of a signal. @param {number} of @returns {Uint8Array[]} */
export function sent(of) {
  core.tell(22, 1, 0, 0, 0, false, new Uint8Array());
  const all = posted.splice(0);
  for (const { request } of all) core.tell(26, 1, request, 200, -1, false, new Uint8Array());
  return all.flatMap(({ signal, body }) => (signal === of ? [body] : []));
}
