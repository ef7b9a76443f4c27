// One track in an instance of its format's module. Packets that the module has no decoder for, or no good
// one, go through the browser's (WebCodecs). What the numbers mean stands in `crates/formats/src/wasm.rs`.

const OPEN = 0;
const ROOM = 1;
const PUSH = 2;
const SEEK = 5;
const ADVANCE = 6;
const PLANE = 8;
const NUMBER = 9;
const BYTES = 10;
const DECODED_ROOM = 11;
const DECODED_PLANE = 12;
const DECODED_AT = 13;
const DECODED = 14;
const DRAINED = 15;
const TAIL = 16;

const SAMPLE_RATE = 7;
const CHANNELS = 8;
const PACKET_AT = 11;
const TAGS_VERSION = 12;
const LENGTH = 17;
const OBJECT_TYPE = 18;
const PACKET_FRAMES = 22;

/** What an advance came to. */
const FORMAT = 3;
const PACKET = 4;
const DRAIN = 5;
const UNSUPPORTED = 7;
const UNDECODABLE = 8;

/** Packets that may be with the browser's decoder at once. */
const MOST_UNDER_WAY = 16;
/** Faults of the browser's decoder in a row after which a track is given up: before anything was decoded, and after. */
const MAX_FAULTS = [20, 500];

/** Packets in a row of which nothing comes, after which a track is given up: before anything was decoded, and after. Fewer than in
 *  `track/mod.rs`: each sixteen of them take `SILENCE`, in which nothing is heard. */
const MAX_SILENT = [250, 500];
/** Milliseconds without an output after which nothing is expected of what is with an idle decoder. */
const SILENCE = 100;
/** Microseconds by which all packets but a decoder's first are told to lie later: who gives that back tells of each packet its own time;
 *  who does not counts frames from the first on. */
const NUDGE = 700;
/** Whether the browser's decoder does, once that is known. @type {boolean | undefined} */
let counts;

/** @param {number} frames @param {number} rate */
const micros = (frames, rate) => Math.round((frames * 1e6) / rate);

/**
 * @typedef {{ texts: [string, string][], picture?: { mime: string, bytes: Uint8Array }, gains: number[] }} Tags
 */

/** Where it lies, in frames or -1, and how many it stands for, or 0; its decoder's first.
 *  @typedef {{ at: number, frames: number, bytes: Uint8Array<ArrayBuffer>, first?: boolean }} Packet */

export class Track {
  #exports;
  /** Called once the browser has decoded something. */
  #onDecoded;
  #onTags;
  #tags = 0;
  /** @type {AudioDecoder | undefined} */
  #decoder;
  /** @type {AudioDecoderConfig | undefined} */
  #config;
  /** What is with the browser's decoder. @type {Packet[]} */
  #underWay = [];
  #faults = 0;
  #silent = 0;
  /** 1 once anything was decoded. */
  #decoded = 0;
  #drains = false;
  #failed = false;
  /** The decoder has had no packet yet, since it was there or was flushed. */
  #fresh = true;
  /** Grows with each seek: what was decoded for an earlier position is thrown away. */
  #run = 0;

  /**
   * @param {{ memory: WebAssembly.Memory, tell: (what: number, value: number) => number }} exports
   * @param {number} family @param {number} start in seconds @param {number} host what the browser decodes: 8, and 16 more where AAC too
   * @param {() => void} onDecoded @param {(tags: Tags) => void} onTags
   */
  constructor(exports, family, start, host, onDecoded, onTags) {
    this.#exports = exports;
    this.#onDecoded = onDecoded;
    this.#onTags = onTags;
    this.tell(OPEN, family + host);
    this.tell(SEEK, start);
  }

  /** @param {number} what @param {number} value */
  tell(what, value) {
    if (what === SEEK) this.#forget();
    try {
      return this.#exports.tell(what, value);
    } catch {
      // The instance is broken, and this track with it; no other is.
      this.#failed = true;
      return 0;
    }
  }

  /** @param {Uint8Array} bytes */
  push(bytes) {
    this.#give(bytes, PUSH);
  }

  /** The last bytes of the file, out of turn. @param {Uint8Array} bytes */
  tail(bytes) {
    this.#give(bytes, TAIL);
  }

  /** @param {Uint8Array} bytes @param {number} what */
  #give(bytes, what) {
    const at = this.tell(ROOM, bytes.length);
    new Uint8Array(this.#exports.memory.buffer, at, bytes.length).set(bytes);
    this.tell(what, bytes.length);
  }

  /** Copies a plane of what was taken. @param {number} channel @param {Float32Array} out */
  plane(channel, out) {
    const at = this.tell(PLANE, channel);
    if (at) out.set(new Float32Array(this.#exports.memory.buffer, at, out.length));
  }

  /** @param {number} which */
  #bytes(which) {
    const at = this.tell(BYTES, which);
    return new Uint8Array(this.#exports.memory.buffer, at, this.tell(NUMBER, LENGTH)).slice();
  }

  /** @param {number} which */
  #text(which) {
    return new TextDecoder().decode(this.#bytes(which));
  }

  codec() {
    return this.#text(1);
  }

  /** Decodes until so many frames are ready; gives what that came to. @param {number} frames */
  advance(frames) {
    for (;;) {
      const came =
        this.#underWay.length >= MOST_UNDER_WAY || this.#drains ? PACKET : this.tell(ADVANCE, frames);
      if (this.#failed) return UNDECODABLE;
      this.#tell();
      if (came === FORMAT && !this.#begin()) return UNSUPPORTED;
      if (came === DRAIN) {
        if (this.#underWay.length === 0) {
          this.tell(DRAINED, 0);
          continue;
        }
        this.#flush(() => this.tell(DRAINED, 0));
        return PACKET;
      }
      if (came !== PACKET || this.#underWay.length >= MOST_UNDER_WAY || this.#drains) return came;
      this.#decode();
    }
  }

  /** What the file says of its music goes to whom it concerns, as it changes. */
  #tell() {
    const version = this.tell(NUMBER, TAGS_VERSION);
    if (version === this.#tags) return;
    this.#tags = version;
    const parts = this.#text(3).split('\0');
    /** @type {[string, string][]} */
    const texts = [];
    for (let at = 0; at + 1 < parts.length; at += 2) texts.push([parts[at], parts[at + 1]]);
    const mime = this.#text(4);
    const picture = mime ? { mime, bytes: this.#bytes(5) } : undefined;
    this.#onTags({ texts, picture, gains: [13, 14, 15, 16].map((which) => this.tell(NUMBER, which)) });
  }

  /** A stream begins: what the browser's decoder would be given for it. */
  #begin() {
    const name = this.codec();
    const codec = name === 'aac' ? `mp4a.40.${this.tell(NUMBER, OBJECT_TYPE)}` : name;
    const configuration = this.#bytes(2);
    // FLAC's description is the beginning of a file: its mark, and STREAMINFO as the last block.
    const head = name === 'flac' ? [0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34] : [];
    /** @type {AudioDecoderConfig} */
    const config = {
      codec,
      sampleRate: this.tell(NUMBER, SAMPLE_RATE),
      numberOfChannels: this.tell(NUMBER, CHANNELS),
    };
    // Opus goes without, but for a table of its channels: what its head says of both ends is applied here.
    if (configuration.length > 19 || (configuration.length > 0 && name !== 'opus'))
      config.description = Uint8Array.from([...head, ...configuration]);
    this.#config = config;
    this.#close();
    return true;
  }

  #close() {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = undefined;
    ((this.#underWay = []), (this.#drains = false));
  }

  #forget() {
    this.#run++;
    this.#faults = this.#silent = 0;
    if (this.#decoder) this.#close();
  }

  /** Gives the browser's decoder a packet. @param {Packet} packet */
  #decode(
    packet = {
      at: this.tell(NUMBER, PACKET_AT),
      frames: this.tell(NUMBER, PACKET_FRAMES),
      bytes: this.#bytes(0),
    },
  ) {
    const { sampleRate } = /** @type {AudioDecoderConfig} */ (this.#config);
    if (!this.#decoder && !this.#failed) this.#openDecoder(sampleRate);
    if (this.#failed) return;
    packet.first = this.#fresh;
    this.#fresh = false;
    this.#underWay.push(packet);
    const timestamp = packet.at < 0 ? 0 : micros(packet.at, sampleRate) + (packet.first ? 0 : NUDGE);
    this.#decoder?.decode(new EncodedAudioChunk({ type: 'key', timestamp, data: packet.bytes }));
  }

  /** Waits for all that is with the decoder; of what is left then nothing comes. @param {() => void} then */
  #flush(then) {
    this.#drains = true;
    const decoder = this.#decoder;
    decoder?.flush().then(
      () => {
        if (decoder !== this.#decoder) return;
        this.#drains = false;
        this.#fresh = true;
        this.#silent += this.#underWay.length;
        this.#failed ||= this.#silent > MAX_SILENT[this.#decoded];
        this.#underWay = [];
        then();
        this.#onDecoded();
      },
      () => {},
    );
  }

  /** @param {number} sampleRate */
  #openDecoder(sampleRate) {
    const run = this.#run;
    const decoder = new AudioDecoder({
      output: (data) => {
        if (run === this.#run && decoder === this.#decoder) this.#output(data, sampleRate);
        data.close();
      },
      error: ({ name }) => {
        // The decoder is closed by it: another one goes on behind the packet at fault, whose place stays
        // silent.
        if (decoder !== this.#decoder) return;
        const rest = this.#underWay.slice(1);
        this.#close();
        this.#failed = name === 'NotSupportedError' || ++this.#faults > MAX_FAULTS[this.#decoded];
        for (const packet of rest) this.#decode(packet);
        this.#onDecoded();
      },
    });
    this.#decoder = decoder;
    this.#fresh = true;
    // As many as may be, and nothing comes of them: that is said by nothing but a flush.
    decoder.ondequeue = () => {
      const [first] = this.#underWay;
      if (decoder.decodeQueueSize > 0 || this.#underWay.length < MOST_UNDER_WAY) return;
      setTimeout(
        () =>
          decoder === this.#decoder && first === this.#underWay[0] && !this.#drains && this.#flush(() => {}),
        SILENCE,
      );
    };
    try {
      decoder.configure(/** @type {AudioDecoderConfig} */ (this.#config));
    } catch {
      this.#failed = true;
    }
  }

  /** The packet that came out. Chromium counts frames from the first on, and says nothing of a packet that it can't decode: behind
   *  one its times are too early. But it takes packet by packet, and then how many wait tells which is in work.
   *  @param {number} timestamp @param {number} sampleRate */
  #cameOut(timestamp, sampleRate) {
    const told = (/** @type {number} */ nudge) =>
      this.#underWay.findIndex(
        ({ at, first }) =>
          at >= 0 && !(first && nudge) && Math.abs(micros(at, sampleRate) + nudge - timestamp) < NUDGE / 2,
      );
    const [own, counted] = [told(NUDGE), told(0)];
    if (own >= 0) counts ??= false;
    else if (counted >= 0 && !this.#underWay[counted].first) counts ??= true;
    const inWork = this.#underWay.length - (this.#decoder?.decodeQueueSize ?? 0) - 1;
    const known = counts ? inWork : Math.max(own, counted);
    return (
      this.#underWay.splice(0, Math.max(known, 0) + 1).at(-1) ?? {
        at: -1,
        frames: 0,
        bytes: new Uint8Array(),
      }
    );
  }

  /** @param {AudioData} data @param {number} sampleRate of the stream */
  #output(data, sampleRate) {
    this.#faults = this.#silent = 0;
    this.#decoded = 1;
    const packet = this.#cameOut(data.timestamp, sampleRate);
    // A damaged packet may decode to more than it stands for.
    const most = packet.frames * Math.round(data.sampleRate / sampleRate) || Infinity;
    const frames = Math.min(data.numberOfFrames, most);
    this.tell(DECODED_ROOM, frames);
    // One channel where two were expected is heard on both sides; others that are missing are silent.
    const channels = Math.max(data.numberOfChannels, 2);
    for (let channel = 0, at; channel < channels && (at = this.tell(DECODED_PLANE, channel)); channel++) {
      const plane = new Float32Array(frames);
      const planeIndex = Math.min(channel, data.numberOfChannels - 1);
      data.copyTo(plane, { planeIndex, frameCount: frames, format: 'f32-planar' });
      new Float32Array(this.#exports.memory.buffer, at, frames).set(plane);
    }
    this.tell(DECODED_AT, packet.at);
    this.tell(DECODED, data.sampleRate);
    this.#onDecoded();
  }
}
