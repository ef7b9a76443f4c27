// The browser's decoder of one track (WebCodecs): does what the media plane says
// (`crates/media/src/host_decoder.rs`), which decides what goes in, and where what comes out belongs.

import * as plane from 'tonearm-media-glue';
import { CodecName } from 'tonearm-media-glue';
import { bytesAt } from './memory.js';
import type { FormatExports } from './track.js';

/** What the WebCodecs registry calls a codec; that of AAC has its object type appended. */
const CODEC_STRINGS = {
  [CodecName.Mp3]: 'mp3',
  [CodecName.Aac]: 'mp4a.40.',
  [CodecName.Flac]: 'flac',
  [CodecName.Vorbis]: 'vorbis',
  [CodecName.Opus]: 'opus',
  [CodecName.Pcm]: 'pcm',
};

/** The configuration of a decoder for the stream that the module has. */
function configurationOf(format: FormatExports): AudioDecoderConfig {
  const name = format.codec();
  const configuration = bytesAt(format, format.configuration());
  // FLAC's description is the beginning of a file: its mark, and STREAMINFO as the last block.
  const head = name === CodecName.Flac ? [0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34] : [];
  const config: AudioDecoderConfig = {
    codec: CODEC_STRINGS[name] + (name === CodecName.Aac ? format.aac_object_type() : ''),
    sampleRate: format.sample_rate(),
    numberOfChannels: format.channels(),
  };
  // Opus has none but for a table of its channels: the trim that its header states is applied here.
  if (configuration.length > 19 || (configuration.length > 0 && name !== CodecName.Opus))
    config.description = Uint8Array.from([...head, ...configuration]);
  return config;
}

export class HostDecoder {
  #format;
  /** Called after the browser has decoded something. */
  #onDecoded;
  #decoder: AudioDecoder | undefined;
  /** What the decoder puts out, while the plane takes it. */
  #output: AudioData | undefined;

  constructor(format: FormatExports, onDecoded: () => void) {
    this.#format = format;
    this.#onDecoded = onDecoded;
  }

  /** Opens a decoder for the stream; false where the browser has none. */
  open() {
    const decoder = new AudioDecoder({
      output: (data) => {
        if (decoder === this.#decoder) {
          this.#output = data;
          const { timestamp, numberOfFrames, sampleRate } = data;
          plane.handle_decoder_output(timestamp, numberOfFrames, sampleRate, decoder.decodeQueueSize);
          this.#output = undefined;
          this.#onDecoded();
        }
        data.close();
      },
      error: ({ name }) => {
        if (decoder !== this.#decoder) return;
        plane.handle_decoder_error(name === 'NotSupportedError');
        this.#onDecoded();
      },
    });
    this.#decoder = decoder;
    decoder.ondequeue = () => {
      if (decoder === this.#decoder) plane.handle_decoder_dequeue(decoder.decodeQueueSize);
    };
    try {
      decoder.configure(configurationOf(this.#format));
      return true;
    } catch {
      this.#decoder = undefined;
      return false;
    }
  }

  decode(timestamp: number, data: Uint8Array<ArrayBuffer>) {
    this.#decoder?.decode(new EncodedAudioChunk({ type: 'key', timestamp, data }));
  }

  flush() {
    const decoder = this.#decoder;
    decoder?.flush().then(
      () => {
        if (decoder !== this.#decoder) return;
        plane.handle_decoder_flushed();
        this.#onDecoded();
      },
      () => {},
    );
  }

  close() {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = undefined;
  }

  /** Copies so many frames of the output into the module, which have their place at `position`, or -1. */
  push(position: number, frames: number) {
    const data = this.#output as AudioData;
    this.#format.reserve_decoded(frames);
    // A single channel is copied to both where two were expected; others that are missing are silent.
    const channels = Math.max(data.numberOfChannels, 2);
    for (let channel = 0, at; channel < channels && (at = this.#format.decoded_plane(channel)); channel++) {
      const samples = new Float32Array(frames);
      const planeIndex = Math.min(channel, data.numberOfChannels - 1);
      data.copyTo(samples, { planeIndex, frameCount: frames, format: 'f32-planar' });
      new Float32Array(this.#format.memory.buffer, at, frames).set(samples);
    }
    this.#format.push_decoded(position, data.sampleRate);
  }
}
