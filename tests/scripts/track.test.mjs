// The output of the browser's decoder and its place on the time line: with decoders that restamp their
// output, that preserve timestamps, that give no output, that fail.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { build } from 'esbuild';
import { TSCONFIG } from '../../scripts/build/scripts.mjs';
import { gluePlugin } from '../../scripts/build/worker_glue.mjs';
import { fileURLToPath } from 'node:url';

const GLUE = fileURLToPath(new URL('../../target/wasm/media/tonearm_media_bg.js', import.meta.url));
const { outputFiles } = await build({
  stdin: {
    contents: "export { openTrack } from './track.js'; export * from 'tonearm-media-glue';",
    resolveDir: fileURLToPath(new URL('../../pkg/src/worker/', import.meta.url)),
  },
  bundle: true,
  write: false,
  format: 'esm',
  alias: { 'tonearm-media-glue': GLUE },
  tsconfigRaw: TSCONFIG,
  plugins: [gluePlugin(GLUE)],
});
const PLANE = await WebAssembly.compile(
  readFileSync(new URL('../../pkg/dist/tonearm_media_bg.wasm', import.meta.url)),
);
/** A command to open a source. */
const OPEN = JSON.parse(
  readFileSync(new URL('../vectors/messages.json', import.meta.url), 'utf8'),
).commands.find((/** @type {any} */ { command }) => command.kind === 'Open');
/**
 * Each import is another module with another plane: what it learns of a browser lasts as long as the module.
 * @param {number} run
 */
const importTrack = (run) =>
  import(`data:text/javascript;base64,${Buffer.from(`${outputFiles[0].text}\n//${run}`).toString('base64')}`);

const FRAMES = 1152;
const RATE = 44_100;

/**
 * @typedef {{ restamps: boolean, ahead: number, silent?: (n: number) => boolean, fails?: (n: number) =>
 * boolean }} Engine `ahead`: packets that it takes before the output of the first
 */

/** A browser's decoder. @param {Engine} engine */
const decoderOf = ({ restamps, ahead, silent = () => false, fails = () => false }) =>
  class {
    state = 'configured';
    decodeQueueSize = 0;
    /** @type {(() => void) | undefined} */
    ondequeue;
    /** @type {any[]} */
    chunks = [];
    taken = 0;
    given = 0;
    base = NaN;
    out = 0;
    /** @type {{ resolve: () => void, reject: (error: unknown) => void } | undefined} */
    flushing;
    /** @param {{ output: (data: object) => void, error: (error: object) => void }} to */
    constructor(to) {
      this.to = to;
    }

    configure() {}
    /** @param {any} chunk */
    decode(chunk) {
      this.chunks.push(chunk);
      this.decodeQueueSize++;
      setImmediate(() => this.work());
    }
    close() {
      this.state = 'closed';
      this.flushing?.reject(new Error('closed'));
    }
    flush() {
      setImmediate(() => this.work());
      return new Promise(
        (resolve, reject) => (this.flushing = { resolve: () => resolve(undefined), reject }),
      );
    }

    work() {
      if (this.state === 'closed') return;
      while (this.taken < this.chunks.length && this.taken <= this.given + ahead) {
        this.taken++;
        this.decodeQueueSize--;
      }
      this.ondequeue?.();
      if (this.given < this.taken) {
        const { timestamp, data } = this.chunks[this.given++];
        const n = new DataView(data.buffer).getUint32(0);
        if (Number.isNaN(this.base)) [this.base, this.out] = [timestamp, 0];
        if (fails(n)) {
          this.state = 'closed';
          return this.to.error({ name: 'EncodingError' });
        }
        if (!silent(n)) {
          const time = restamps ? this.base + (this.out * 1e6) / RATE : timestamp;
          this.out += FRAMES;
          this.to.output({
            timestamp: Math.round(time),
            numberOfFrames: FRAMES,
            numberOfChannels: 1,
            sampleRate: RATE,
            copyTo: () => {},
            close: () => {},
          });
        }
        return setImmediate(() => this.work());
      }
      if (this.flushing && this.given === this.chunks.length) {
        this.base = NaN;
        this.flushing.resolve();
        this.flushing = undefined;
      }
    }
  };

/** Exports of a format's module that the plane reads, beside those of packets. */
const UNKNOWN = [
  ...['take', 'plane', 'undecoded', 'end_offset', 'frames', 'packets', 'failures', 'buffered_end'],
  ...['bytes_per_second', 'channel_mask', 'stated_duration', 'estimated_duration', 'wants_end_probe'],
  ...['bit_rate', 'duration', 'duration_estimated', 'input', 'push', 'probe_end', 'finish', 'seek'],
  ...['set_total_bytes', 'forget_total_bytes', 'set_link_rate'],
];

let runs = 0;
/** Plays packets; resolves with the numbers of those that were placed, in order, and how it ended.
 *  @param {Engine} engine @param {number} packets */
async function play(engine, packets) {
  Object.assign(globalThis, {
    AudioDecoder: decoderOf(engine),
    EncodedAudioChunk: class {
      constructor(/** @type {object} */ all) {
        Object.assign(this, all, { data: /** @type {any} */ (all).data.slice() });
      }
    },
  });
  const plane = await importTrack(++runs);
  const { openTrack, AdvanceCode, FactKind, OutputKind } = plane;
  const instance = new WebAssembly.Instance(PLANE, { glue: plane.imports });
  plane.imports.__wbg_set_wasm(instance.exports);
  /** @type {any} */ (instance.exports).__wbindgen_start();
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new DataView(memory.buffer);
  let [next, length, drained] = [-1, 0, false];
  /** @type {number[]} */
  const laid = [];
  const lend = (/** @type {number[]} */ ...content) => {
    content.forEach((byte, at) => bytes.setUint8(at, byte));
    length = content.length;
    return 0;
  };
  const exports = {
    // What the media plane asks of a track beside, as of one that has nothing yet.
    ...Object.fromEntries(UNKNOWN.map((name) => [name, () => 0])),
    memory,
    open: () => 1,
    advance() {
      if (next < 0) return ((next = 0), AdvanceCode.Format);
      if (next < packets) return (next++, AdvanceCode.Packet);
      return drained ? AdvanceCode.End : AdvanceCode.Drain;
    },
    codec: () => 0,
    sample_rate: () => RATE,
    channels: () => 1,
    aac_object_type: () => 0,
    bytes_length: () => length,
    configuration: () => lend(),
    packet: () => lend(0, 0, (next - 1) >> 8, (next - 1) & 255),
    packet_position: () => (next - 1) * FRAMES,
    packet_frames: () => FRAMES,
    reserve_decoded() {},
    decoded_plane: () => 0,
    push_decoded: (/** @type {number} */ position) => void laid.push(position / FRAMES),
    drained: () => void (drained = true),
    tags_version: () => 0,
  };
  return new Promise((resolve) => {
    const work = () => {
      do {
        for (let kind; (kind = plane.next_output()) !== OutputKind.None;) {
          if (kind === OutputKind.Open) plane.handle_track(0, plane.epoch(), track);
          const fact = kind === OutputKind.Post ? plane.fact()[0] : undefined;
          if (fact === FactKind.DecodedAll) resolve({ laid, fact: 'DecodedAll' });
          if (fact === FactKind.Failed) resolve({ laid, fact: 'Failed' });
        }
      } while (plane.resume(0));
    };
    const onDecoded = () => {
      plane.handle_decoded(0);
      work();
    };
    const track = openTrack(exports, 0, 0, { decodes: true, decodesAac: false }, onDecoded, () => {});
    plane.handle_command(0, Buffer.from(OPEN.bytes, 'hex'));
    plane.handle_head(0, OPEN.command.request, 200, 'content-type: audio/mpeg');
    plane.handle_chunk(0, OPEN.command.request, new Uint8Array(8192));
    work();
  });
}

/** All but some. @param {number} packets @param {(n: number) => boolean} [missing] */
const but = (packets, missing = () => false) =>
  Array.from({ length: packets }, (_, n) => n).filter((n) => !missing(n));

/** @type {[string, Engine][]} */
const ENGINES = [
  ['restamps, one at a time', { restamps: true, ahead: 0 }],
  ['preserves timestamps, one ahead', { restamps: false, ahead: 1 }],
  ['preserves timestamps', { restamps: false, ahead: 0 }],
];

for (const [name, engine] of ENGINES) {
  test(`a decoder that ${name}: each packet has its place, whichever have no output`, async () => {
    assert.deepEqual(await play(engine, 60), { laid: but(60), fact: 'DecodedAll' });
    for (const missing of [[0], [1], [5, 6, 30], [59], [0, 1, 2, 3, 20, 59]]) {
      const silent = (/** @type {number} */ n) => missing.includes(n);
      // A first output that is restamped has the place of the packet before it, until the decoder is known.
      const expected = engine.restamps && missing[0] === 0 ? undefined : but(60, silent);
      const { laid, fact } = await play({ ...engine, silent }, 60);
      assert.equal(fact, 'DecodedAll');
      if (expected) assert.deepEqual(laid, expected, `${missing}`);
      else assert.deepEqual(laid.slice(2), but(60, silent).slice(2), `${missing}`);
    }
  });

  test(`a decoder that ${name}: after its fault another continues`, async () => {
    const fails = (/** @type {number} */ n) => [0, 7, 8, 59].includes(n);
    assert.deepEqual(await play({ ...engine, fails }, 60), { laid: but(60, fails), fact: 'DecodedAll' });
  });

  test(`a decoder that ${name}: some packets without output are borne, not all`, async () => {
    const some = (/** @type {number} */ n) => n >= 20 && n < 60;
    assert.deepEqual(await play({ ...engine, silent: some }, 100), {
      laid: but(100, some),
      fact: 'DecodedAll',
    });
    const all = (/** @type {number} */ n) => n >= 20;
    assert.deepEqual(await play({ ...engine, silent: all }, 1000), { laid: but(20), fact: 'Failed' });
  });
}
