// The core that has all, as the package has it, without a page: what the scripts tell it becomes OTLP here.

import { readFileSync } from 'node:fs';
import { bindExports } from '../../target/modules/core/exports.js';
import { flat } from '../../target/modules/core/flat.js';
import { glue } from '../../target/glue.js';

const root = new URL('../../', import.meta.url);
const module = new WebAssembly.Module(readFileSync(new URL('pkg/dist/tonearm_full_bg.wasm', root)));
/** @type {Record<string, Record<string, unknown>>} */
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module))
  (imports[from] ??= {})[name] = /** @type {any} */ (glue)[name];
const { exports } = new WebAssembly.Instance(module, /** @type {any} */ (imports));
glue.__wbg_set_wasm(exports);
/** @type {any} */ (exports).__wbindgen_start();

/** What was sent. @type {{ request: number, signal: string, body: Uint8Array }[]} */
const posted = [];
const nothing = () => {};
const host = {
  observe: nothing,
  spool: nothing,
  inspect: nothing,
  report_diagnostic: nothing,
  /** @param {number} request @param {string} signal @param {Uint8Array} body */
  post_export: (request, signal, body) => void posted.push({ request, signal, body: body.slice() }),
};

/** @type {any} */ (globalThis).TONEARM_VERSION = '0.0.0';
globalThis.navigator ??= /** @type {any} */ ({ userAgent: 'node', language: 'en', onLine: true });
const { telemetryCreator } = await import('../../target/modules/core/config.js');
/** @type {any} */
const all = bindExports(/** @type {any} */ (exports), /** @type {any} */ (glue));
/** @type {import('../../pkg/src/core/client.js').Core} */
export const core = all;
all.begin(performance, 1n, 2n, { wake_in: nothing });

/** Creates a pipeline. @param {number} id @param {object} options */
export const createPipeline = (id, options) =>
  telemetryCreator({ serviceName: 'test', storage: false, compression: 'none', ...options })(
    core,
    id,
    /** @type {any} */ (host),
  );
createPipeline(1, { maxExportBatchSize: 10_000 });

/**
 * Attributes in protobuf, each as a field of that tag.
 * @param {number} tag
 * @param {object} attributes
 * @returns {Uint8Array}
 */
export const encode = (tag, attributes) =>
  /** @type {Uint8Array} */ (core.encode_attributes(tag >> 3, flat(attributes)));

/** The bodies of all that is queued, which arrive, of a signal. @param {string} of @returns {Uint8Array[]} */
export function sent(of) {
  core.flush(1);
  const all = posted.splice(0);
  for (const { request } of all) core.export_responded(1, request, 200, NaN, NaN, NaN, new Uint8Array());
  return all.flatMap(({ signal, body }) => (signal === of ? [body] : []));
}
