// The browser's decoder of one track (WebCodecs): packets that the format's module has no decoder for, or no
// good one, go through it, and what it decodes goes back into the module.

import { AdvanceCode, CodecName } from 'tonearm-media-glue';
import { bytesAt } from './memory.js';
import type { FormatExports } from './track.js';

/** Packets that may be with the browser's decoder at once. */
const MAX_PENDING_PACKETS = 16;
/**
 * Faults of the browser's decoder in a row after which a track fails: before anything was decoded, and after.
 */
const MAX_FAULTS = [20, 500];
/**
 * Packets in a row without an output after which a track fails: before anything was decoded, and after. Fewer
 * than in `track/mod.rs`: each sixteen of them take `OUTPUT_TIMEOUT_MS`, in which there is silence.
 */
const MAX_PACKETS_WITHOUT_OUTPUT = [250, 500];
/** Milliseconds without an output after which an idle decoder is expected to give none for its packets. */
const OUTPUT_TIMEOUT_MS = 100;
/**
 * Microseconds by which every timestamp but a decoder's first is offset. A decoder that preserves timestamps
 * returns the offset; one that restamps its output counts frames from its first timestamp. This distinguishes
 * the two.
 */
const TIMESTAMP_OFFSET_US = 700;
/** Whether the browser's decoder restamps its output, once that is known. */
let decoderRestampsOutput: boolean | undefined;

/** What the WebCodecs registry calls a codec; that of AAC has its object type appended. */
const CODEC_STRINGS = {
  [CodecName.Mp3]: 'mp3',
  [CodecName.Aac]: 'mp4a.40.',
  [CodecName.Flac]: 'flac',
  [CodecName.Vorbis]: 'vorbis',
  [CodecName.Opus]: 'opus',
  [CodecName.Pcm]: 'pcm',
};

const microseconds = (frames: number, rate: number) => Math.round((frames * 1e6) / rate);

/**
 * A packet: its place in frames or -1, the frames that it stands for or 0, and whether it is its decoder's
 * first.
 */
export type Packet = { position: number; frames: number; bytes: Uint8Array<ArrayBuffer>; first?: boolean };

export class HostDecoder {
  /** True once the track can't go on. */
  failed = false;
  #format;
  /** Called after the browser has decoded something. */
  #onDecoded;
  #decoder: AudioDecoder | undefined;
  #config: AudioDecoderConfig | undefined;
  /** Packets that are with the browser's decoder. */
  #pendingPackets: Packet[] = [];
  #faults = 0;
  #packetsWithoutOutput = 0;
  /** 1 once anything was decoded. */
  #decoded = 0;
  #draining = false;
  /** The decoder has had no packet since it was configured or flushed. */
  #fresh = true;
  /** Grows with each seek: output for an earlier position is dropped. */
  #run = 0;

  constructor(format: FormatExports, onDecoded: () => void) {
    this.#format = format;
    this.#onDecoded = onDecoded;
  }

  /** Decodes until so many frames are ready. */
  advance(frames: number, onAdvance: () => void) {
    for (;;) {
      if (this.failed) return AdvanceCode.Undecodable;
      if (this.#pendingPackets.length >= MAX_PENDING_PACKETS || this.#draining) return AdvanceCode.Packet;
      const code = this.#format.advance(frames);
      if (this.failed) return AdvanceCode.Undecodable;
      onAdvance();
      if (code === AdvanceCode.Packet) {
        this.#decode({
          position: this.#format.packet_position(),
          frames: this.#format.packet_frames(),
          bytes: bytesAt(this.#format, this.#format.packet()),
        });
      } else if (code === AdvanceCode.Drain) {
        if (this.#pendingPackets.length > 0) {
          this.#flush(() => this.#format.drained());
          return AdvanceCode.Packet;
        }
        this.#format.drained();
      } else {
        if (code === AdvanceCode.Format) this.#configure();
        return code;
      }
    }
  }

  /** Drops what is with the decoder: the track goes to another position. */
  reset() {
    this.#run++;
    this.#faults = this.#packetsWithoutOutput = 0;
    if (this.#decoder) this.#close();
  }

  /** A stream begins: makes the configuration of its decoder. */
  #configure() {
    const name = this.#format.codec();
    const configuration = bytesAt(this.#format, this.#format.configuration());
    // FLAC's description is the beginning of a file: its mark, and STREAMINFO as the last block.
    const head = name === CodecName.Flac ? [0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34] : [];
    const config: AudioDecoderConfig = {
      codec: CODEC_STRINGS[name] + (name === CodecName.Aac ? this.#format.aac_object_type() : ''),
      sampleRate: this.#format.sample_rate(),
      numberOfChannels: this.#format.channels(),
    };
    // Opus has none but for a table of its channels: the trim that its header states is applied here.
    if (configuration.length > 19 || (configuration.length > 0 && name !== CodecName.Opus))
      config.description = Uint8Array.from([...head, ...configuration]);
    this.#config = config;
    this.#close();
  }

  #close() {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = undefined;
    this.#pendingPackets = [];
    this.#draining = false;
  }

  /** Gives the browser's decoder a packet. */
  #decode(packet: Packet) {
    const { sampleRate } = this.#config as AudioDecoderConfig;
    if (!this.#decoder && !this.failed) this.#openDecoder(sampleRate);
    if (this.failed) return;
    packet.first = this.#fresh;
    this.#fresh = false;
    this.#pendingPackets.push(packet);
    const offset = packet.first ? 0 : TIMESTAMP_OFFSET_US;
    const timestamp = packet.position < 0 ? 0 : microseconds(packet.position, sampleRate) + offset;
    this.#decoder?.decode(new EncodedAudioChunk({ type: 'key', timestamp, data: packet.bytes }));
  }

  /** Flushes the decoder. Packets that are left then have no output. */
  #flush(onFlushed?: () => void) {
    this.#draining = true;
    const decoder = this.#decoder;
    decoder?.flush().then(
      () => {
        if (decoder !== this.#decoder) return;
        this.#draining = false;
        this.#fresh = true;
        this.#packetsWithoutOutput += this.#pendingPackets.length;
        this.failed ||= this.#packetsWithoutOutput > MAX_PACKETS_WITHOUT_OUTPUT[this.#decoded];
        this.#pendingPackets = [];
        onFlushed?.();
        this.#onDecoded();
      },
      () => {},
    );
  }

  #openDecoder(sampleRate: number) {
    const run = this.#run;
    const decoder = new AudioDecoder({
      output: (data) => {
        if (run === this.#run && decoder === this.#decoder) this.#onOutput(data, sampleRate);
        data.close();
      },
      error: ({ name }) => {
        // An error closes the decoder. Another one continues after the packet at fault, which becomes
        // silence.
        if (decoder !== this.#decoder) return;
        const rest = this.#pendingPackets.slice(1);
        this.#close();
        this.failed = name === 'NotSupportedError' || ++this.#faults > MAX_FAULTS[this.#decoded];
        for (const packet of rest) this.#decode(packet);
        this.#onDecoded();
      },
    });
    this.#decoder = decoder;
    this.#fresh = true;
    // Where the queue is full of packets without an output, only a flush reveals it.
    decoder.ondequeue = () => {
      const [first] = this.#pendingPackets;
      if (decoder.decodeQueueSize > 0 || this.#pendingPackets.length < MAX_PENDING_PACKETS) return;
      setTimeout(
        () =>
          decoder === this.#decoder && first === this.#pendingPackets[0] && !this.#draining && this.#flush(),
        OUTPUT_TIMEOUT_MS,
      );
    };
    try {
      decoder.configure(this.#config as AudioDecoderConfig);
    } catch {
      this.failed = true;
    }
  }

  /**
   * Takes the packet of an output, and those before it. Chromium counts frames from the first on and reports
   * no packet that it can't decode, so the times after one are too early. It takes packet by packet, so that
   * the length of its queue identifies the packet.
   */
  #takePacket(timestamp: number, sampleRate: number) {
    const find = (offset: number) =>
      this.#pendingPackets.findIndex(
        ({ position, first }) =>
          position >= 0 &&
          !(first && offset) &&
          Math.abs(microseconds(position, sampleRate) + offset - timestamp) < TIMESTAMP_OFFSET_US / 2,
      );
    const [preserved, counted] = [find(TIMESTAMP_OFFSET_US), find(0)];
    if (preserved >= 0) decoderRestampsOutput ??= false;
    else if (counted >= 0 && !this.#pendingPackets[counted].first) decoderRestampsOutput ??= true;
    const inWork = this.#pendingPackets.length - (this.#decoder?.decodeQueueSize ?? 0) - 1;
    const index = decoderRestampsOutput ? inWork : Math.max(preserved, counted);
    return this.#pendingPackets.splice(0, Math.max(index, 0) + 1).at(-1) ?? { position: -1, frames: 0 };
  }

  /** @param sampleRate of the stream */
  #onOutput(data: AudioData, sampleRate: number) {
    this.#faults = this.#packetsWithoutOutput = 0;
    this.#decoded = 1;
    const packet = this.#takePacket(data.timestamp, sampleRate);
    // A damaged packet may decode to more frames than it stands for.
    const limit = packet.frames * Math.round(data.sampleRate / sampleRate) || Infinity;
    const frames = Math.min(data.numberOfFrames, limit);
    this.#format.reserve_decoded(frames);
    // A single channel is copied to both where two were expected; others that are missing are silent.
    const channels = Math.max(data.numberOfChannels, 2);
    for (let channel = 0, at; channel < channels && (at = this.#format.decoded_plane(channel)); channel++) {
      const plane = new Float32Array(frames);
      const planeIndex = Math.min(channel, data.numberOfChannels - 1);
      data.copyTo(plane, { planeIndex, frameCount: frames, format: 'f32-planar' });
      new Float32Array(this.#format.memory.buffer, at, frames).set(plane);
    }
    this.#format.push_decoded(packet.position, data.sampleRate);
    this.#onDecoded();
  }
}
