// What comes out of the browser's decoder, and where that is laid: with decoders that count, that tell, that
// say nothing, that fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const FRAMES = 1152;
const RATE = 44_100;

/** @typedef {{ counts: boolean, ahead: number, silent?: (n: number) => boolean, fails?: (n: number) => boolean }} Engine
 *   `ahead`: packets that it takes before it gives what the one before came to */

/** A browser's decoder. @param {Engine} engine */
const decoderOf = ({ counts, ahead, silent = () => false, fails = () => false }) =>
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
          const time = counts ? this.base + (this.out * 1e6) / RATE : timestamp;
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

let runs = 0;
/** Plays so many packets; gives the numbers of those that were laid somewhere, by their place, and how it ended.
 *  @param {Engine} engine @param {number} packets */
async function play(engine, packets) {
  Object.assign(globalThis, {
    AudioDecoder: decoderOf(engine),
    EncodedAudioChunk: class {
      constructor(/** @type {object} */ all) {
        Object.assign(this, all);
      }
    },
  });
  // What it has learned of a browser is the module's.
  const { Track } = await import(/** @type {any} */ (`../../crates/media/js/track.js?${++runs}`));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new DataView(memory.buffer);
  let [next, length, drained, place] = [-1, 0, false, -1];
  /** @type {number[]} */
  const laid = [];
  /** @param {number} what @param {number} value */
  const tell = (what, value) => {
    if (what === 6) {
      if (next < 0) return ((next = 0), 3);
      if (next < packets) return (next++, 4);
      return drained ? 6 : 5;
    }
    if (what === 9) return { 7: RATE, 8: 1, 11: (next - 1) * FRAMES, 17: length, 22: FRAMES }[value] ?? 0;
    if (what === 10) {
      const content =
        value === 1 ? [...Buffer.from('mp3')] : value === 0 ? [0, 0, (next - 1) >> 8, (next - 1) & 255] : [];
      content.forEach((byte, at) => bytes.setUint8(at, byte));
      return ((length = content.length), 0);
    }
    if (what === 13) place = value;
    if (what === 14) laid.push(place / FRAMES);
    if (what === 15) drained = true;
    return 0;
  };
  return new Promise((resolve) => {
    const go = () => {
      for (let came; (came = track.advance(4096)) !== 4;) if (came >= 6) return resolve({ laid, came });
    };
    const track = new Track({ memory, tell }, 0, 0, 8, go, () => {});
    go();
  });
}

/** All but some. @param {number} packets @param {(n: number) => boolean} [missing] */
const but = (packets, missing = () => false) =>
  Array.from({ length: packets }, (_, n) => n).filter((n) => !missing(n));

/** @type {[string, Engine][]} */
const ENGINES = [
  ['counts, one at a time', { counts: true, ahead: 0 }],
  ['tells, one ahead', { counts: false, ahead: 1 }],
  ['tells', { counts: false, ahead: 0 }],
];

for (const [name, engine] of ENGINES) {
  test(`a decoder that ${name}: each packet in its place, whatever came to nothing`, async () => {
    assert.deepEqual(await play(engine, 60), { laid: but(60), came: 6 });
    for (const missing of [[0], [1], [5, 6, 30], [59], [0, 1, 2, 3, 20, 59]]) {
      const silent = (/** @type {number} */ n) => missing.includes(n);
      // Who counts lays a first output by its time, at the place of what came before it: until more is known
      // it can't be told.
      const expected = engine.counts && missing[0] === 0 ? undefined : but(60, silent);
      const { laid, came } = await play({ ...engine, silent }, 60);
      assert.equal(came, 6);
      if (expected) assert.deepEqual(laid, expected, `${missing}`);
      else assert.deepEqual(laid.slice(2), but(60, silent).slice(2), `${missing}`);
    }
  });

  test(`a decoder that ${name}: behind its fault another goes on`, async () => {
    const fails = (/** @type {number} */ n) => [0, 7, 8, 59].includes(n);
    assert.deepEqual(await play({ ...engine, fails }, 60), { laid: but(60, fails), came: 6 });
  });

  test(`a decoder that ${name}: of packets that all come to nothing some are borne, not all`, async () => {
    const some = (/** @type {number} */ n) => n >= 20 && n < 60;
    assert.deepEqual(await play({ ...engine, silent: some }, 100), { laid: but(100, some), came: 6 });
    const all = (/** @type {number} */ n) => n >= 20;
    assert.deepEqual(await play({ ...engine, silent: all }, 1000), { laid: but(20), came: 8 });
  });
}
