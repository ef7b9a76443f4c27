// The modules of the formats: each is fetched and compiled once, when a track of it is expected, and
// instantiated for every track: what a damaged file does to its module ends with it.

import { Family } from 'tonearm-media-glue';
import { moduleNamed } from '../before/module_names.js';
import type { FormatExports } from './track.js';

/** The module that reads a family. */
const MODULES = {
  [Family.Mp3]: 'mp3',
  [Family.Adts]: 'aac',
  [Family.Mp4]: 'aac',
  [Family.Flac]: 'flac',
  [Family.OggVorbis]: 'vorbis',
  [Family.OggOpus]: 'opus',
  [Family.OggFlac]: 'flac',
  [Family.Wav]: 'wav',
};

/** What the browser decodes of a module's codecs; AAC is apart, since not every browser has it. */
export type HostSupport = { decodes: boolean; decodesAac: boolean };

const hostDecodes = typeof AudioDecoder === 'function';
/** Whether the browser decodes a codec. */
async function decodes(codec: string) {
  try {
    return (
      hostDecodes &&
      (await AudioDecoder.isConfigSupported({ codec, sampleRate: 48_000, numberOfChannels: 2 })).supported ===
        true
    );
  } catch {
    return false;
  }
}
const decodesAac = decodes('mp4a.40.5');
/**
 * WebKitGTK (2.50) crashes where a mono frame of MP3 is copied out of its decoder, and Safari's output was
 * never compared with ffmpeg's.
 */
const isWebKit = /AppleWebKit(?!.*Chrom)/.test(navigator.userAgent);
/** Modules that come without a decoder where the browser has one: whether it has. */
const DEMUX_ONLY: Record<string, Promise<boolean> | undefined> = {
  mp3: isWebKit ? Promise.resolve(false) : decodes('mp3'),
  opus: decodes('opus'),
};

export async function hostSupport(family: Family): Promise<HostSupport> {
  const name = MODULES[family];
  return {
    decodes: (await DEMUX_ONLY[name]) ?? hostDecodes,
    decodesAac: name === 'aac' && (await decodesAac),
  };
}

const modules: Map<string, Promise<WebAssembly.Module>> = new Map();

function load(name: string) {
  const place = {
    mp3: () => new URL('./tonearm_mp3_bg.wasm', import.meta.url),
    aac: () => new URL('./tonearm_aac_bg.wasm', import.meta.url),
    flac: () => new URL('./tonearm_flac_bg.wasm', import.meta.url),
    vorbis: () => new URL('./tonearm_vorbis_bg.wasm', import.meta.url),
    opus: () => new URL('./tonearm_opus_bg.wasm', import.meta.url),
    'mp3-decoder': () => new URL('./tonearm_mp3_decoder_bg.wasm', import.meta.url),
    'opus-decoder': () => new URL('./tonearm_opus_decoder_bg.wasm', import.meta.url),
    wav: () => new URL('./tonearm_wav_bg.wasm', import.meta.url),
  }[name];
  return fetch((place as () => URL)()).then((response) => {
    // Compiled as it comes in, where the server names its type; not every server does.
    const streams = response.headers.get('content-type') === 'application/wasm';
    return streams
      ? WebAssembly.compileStreaming(response)
      : response.arrayBuffer().then(WebAssembly.compile);
  });
}

/** A module by its name. A file that failed to load is fetched again at the next attempt. */
async function moduleOf(name: string) {
  const demuxOnly = (await DEMUX_ONLY[name]) ?? true;
  const file = demuxOnly ? name : `${name}-decoder`;
  let module = modules.get(file);
  if (!module) {
    module = load(file);
    modules.set(file, module);
    module.catch(() => modules.delete(file));
  }
  return module;
}

/** The module that reads a family. */
export const moduleFor = (family: Family) => moduleOf(MODULES[family]);

/** Fetches the module of what a URL or a type names before the first bytes identify the format. */
export function preloadModule(name: string) {
  const module = moduleNamed(name);
  if (module) moduleOf(module).catch(() => {});
}

/** A module imports only what wasm-bindgen adds to each: none of it is called. */
const imports = new Proxy({}, { get: () => new Proxy({}, { get: () => () => {} }) });

export const instantiateFormat = (module: WebAssembly.Module): FormatExports =>
  new WebAssembly.Instance(module, imports).exports as any;
