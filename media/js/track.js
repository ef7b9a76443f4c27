// One track in an instance of its format's module, as the media plane calls it: the exports of the module
// (`formats/src/exports.rs`), and in front of some what the browser does.

import { HostDecoder } from './host_decoder.js';
import { setInput } from './memory.js';
import { readTags } from './tags.js';

/** The exports of a format's module: the same of each.
 *  @typedef {typeof import('../../target/wasm/mp3/tonearm_mp3.js') & { memory: WebAssembly.Memory }} FormatExports */

/**
 * @param {FormatExports} exports
 * @param {import('tonearm-media-glue').Family} family
 * @param {number} start in seconds
 * @param {import('./modules.js').HostSupport} host
 * @param {() => void} onDecoded called after the browser has decoded something
 * @param {(tags: import('./tags.js').Tags) => void} onTags called after the tags have changed
 */
export function openTrack(exports, family, start, host, onDecoded, onTags) {
  // A trap breaks the instance, and this track with it; other tracks go on.
  const guard = (/** @type {(...args: number[]) => number} */ call) =>
    function (/** @type {number[]} */ ...args) {
      try {
        return call(...args);
      } catch {
        decoder.failed = true;
        return 0;
      }
    };
  /** @type {FormatExports} */
  const format = { ...exports };
  for (const [name, value] of Object.entries(exports))
    if (typeof value === 'function') Object.assign(format, { [name]: guard(/** @type {any} */ (value)) });
  const decoder = new HostDecoder(format, onDecoded);
  let tagsVersion = 0;
  const reportTags = () => {
    const version = format.tags_version();
    if (version !== tagsVersion) onTags(readTags(format));
    tagsVersion = version;
  };
  format.open(family, start, host.decodes, host.decodesAac);
  return {
    ...format,
    advance: (/** @type {number} */ frames) => decoder.advance(frames, reportTags),
    push(/** @type {Uint8Array} */ bytes) {
      setInput(format, bytes);
      format.push();
    },
    probe_end(/** @type {Uint8Array} */ bytes) {
      setInput(format, bytes);
      format.probe_end();
    },
    seek(/** @type {number} */ position) {
      decoder.reset();
      format.seek(position);
    },
    /** Copies a channel of the frames that were taken. @type {(channel: number, out: Float32Array) => void} */
    plane(channel, out) {
      const address = format.plane(channel);
      if (address) out.set(new Float32Array(format.memory.buffer, address, out.length));
    },
  };
}
