// The modules of the formats: each is fetched and compiled once, when a track of it is expected, and
// instantiated for every track: what a damaged file does to its module ends with it.

/** By the number of their family (`Family::ALL` of `crates/formats/src/sniff.rs`): the module of each. */
const NAMES = ['mp3', 'aac', 'aac', 'flac', 'vorbis', 'opus', 'flac', 'wav'];
/** The families of AAC, which not every browser decodes. */
const ADTS = 1;
const MP4 = 2;

const hostDecodes = typeof AudioDecoder === 'function';
/** Whether the browser decodes a codec. @param {string} codec */
async function decodes(codec) {
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
 * WebKitGTK (2.50) crashes where a mono frame of MP3 is copied out of its decoder, and Safari's was never
 * heard beside ffmpeg's.
 */
const isWebKit = /AppleWebKit(?!.*Chrom)/.test(navigator.userAgent);
/**
 * By their family: those whose module has no decoder, where the browser has one.
 * @type {Record<number, Promise<boolean>>}
 */
const LIGHT = { 0: isWebKit ? Promise.resolve(false) : decodes('mp3'), 5: decodes('opus') };

/**
 * What the browser is to decode of a family's codecs: 8, and 16 more where AAC too.
 * @param {number} family
 */
export async function hostOf(family) {
  const aac = (family === ADTS || family === MP4) && (await decodesAac);
  return (((await LIGHT[family]) ?? hostDecodes) ? 8 : 0) + (aac ? 16 : 0);
}

/** @type {Map<string, Promise<WebAssembly.Module>>} */
const modules = new Map();

/** @param {string} name */
function load(name) {
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
  return fetch(/** @type {() => URL} */ (place)()).then((response) => {
    // Compiled as it comes in, where the server names its type; not every server does.
    const streams = response.headers.get('content-type') === 'application/wasm';
    return streams
      ? WebAssembly.compileStreaming(response)
      : response.arrayBuffer().then(WebAssembly.compile);
  });
}

/**
 * The module of a family; a file that could not be had may be there at the next attempt.
 * @param {number} family
 */
export async function moduleOf(family) {
  const light = (await LIGHT[family]) ?? true;
  const name = light ? NAMES[family] : `${NAMES[family]}-decoder`;
  let module = modules.get(name);
  if (!module) {
    module = load(name);
    modules.set(name, module);
    module.catch(() => modules.delete(name));
  }
  return module;
}

/** Ends of names, and the families that they stand for. */
const ENDS = [
  /(mp3|mpeg)$/i,
  /(aac|adts)$/i,
  /(mp4|m4a|m4b)$/i,
  /flac$/i,
  /(ogg|vorbis)$/i,
  /opus$/i,
  /oga$/i,
  /wave?$/i,
];

/**
 * Brings the module of what a URL or a type promises, ahead of the bytes that will tell.
 * @param {string} name
 */
export function expect(name) {
  const family = ENDS.findIndex((end) => end.test(name.split(/[?#;]/, 1)[0]));
  if (family >= 0) moduleOf(family).catch(() => {});
}

/** What a module imports is what wasm-bindgen puts into any: nothing of it is called. */
const imports = new Proxy({}, { get: () => new Proxy({}, { get: () => () => {} }) });

/** @param {WebAssembly.Module} module */
export const instantiate = (module) => /** @type {any} */ (new WebAssembly.Instance(module, imports).exports);
