// One track in an instance of its format's module, as the media plane calls it: the exports of the module
// (`crates/formats/src/exports.rs`), and in front of some what the browser does.

import { AdvanceCode } from 'tonearm-media-glue';
import { HostDecoder } from './host_decoder.js';
import { bytesAt, setInput } from './memory.js';
import { readTags } from './tags.js';
import type { HostSupport } from './modules.js';
import type { Tags } from './messages.js';
import type { Family } from 'tonearm-media-glue';

/** The exports of a format's module: the same of each. */
export type FormatExports = typeof import('tonearm-format-glue') & { memory: WebAssembly.Memory };

/**
 * @param start in seconds
 * @param onDecoded called after the browser has decoded something
 * @param onTags called after the tags have changed
 */
export function openTrack(
  exports: FormatExports,
  family: Family,
  start: number,
  host: HostSupport,
  onDecoded: () => void,
  onTags: (tags: Tags) => void,
) {
  /** A trap breaks the instance, and this track with it; other tracks go on. */
  let isBroken = false;
  const guard = (call: (...args: number[]) => number) =>
    function (...args: number[]) {
      try {
        return call(...args);
      } catch {
        isBroken = true;
        return 0;
      }
    };
  const format: FormatExports = { ...exports };
  for (const [name, value] of Object.entries(exports))
    if (typeof value === 'function') Object.assign(format, { [name]: guard(value as any) });
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
    advance(frames: number) {
      const code = isBroken ? AdvanceCode.Undecodable : format.advance(frames);
      reportTags();
      return isBroken ? AdvanceCode.Undecodable : code;
    },
    push(bytes: Uint8Array) {
      setInput(format, bytes);
      format.push();
    },
    probe_end(bytes: Uint8Array) {
      setInput(format, bytes);
      format.probe_end();
    },
    /** Copies a channel of the frames that were taken. */
    plane(channel: number, out: Float32Array) {
      const address = format.plane(channel);
      if (address) out.set(new Float32Array(format.memory.buffer, address, out.length));
    },
    packet: () => bytesAt(format, format.packet()),
    push_output: (position: number, frames: number) => decoder.push(position, frames),
    open_decoder: () => decoder.open(),
    decode: (timestamp: number, packet: Uint8Array<ArrayBuffer>) => decoder.decode(timestamp, packet),
    flush_decoder: () => decoder.flush(),
    close_decoder: () => decoder.close(),
  };
}
