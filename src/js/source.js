// What a source may be, what is told of it, and what can be played.

import { describe } from '../browser/url.js';
import { MUSIC_PLAYLIST_ID, MUSIC_TRACK_ID } from '../instrumentation/semconv.js';
import { within } from './flat.js';
import { told } from './resolver.js';

/** What wasm takes as a string: ids may be numbers. @param {unknown} value */
const textOf = (value) => (value === undefined || value === null ? undefined : String(value));

/** The longest time to a first byte that an app may allow, in seconds. */
const MAX_FIRST_BYTE_TIMEOUT = 3600;

/** @param {unknown} given @returns {import('./types').Source} */
export function sourceOf(given) {
  const plain = typeof given === 'string' || given instanceof URL || given instanceof Blob;
  const source = /** @type {import('./types').Source} */ (plain ? { src: given } : (given ?? {}));
  const { src, resolve, trackId, playlistId, firstByteTimeout = 20 } = source;
  const sound =
    src === undefined
      ? typeof resolve === 'function'
      : (typeof src === 'string' && src !== '') || src instanceof URL || src instanceof Blob;
  if (!sound) {
    const what = 'expected a URL, a Blob, or an object with "src" (one of these) or "resolve" (a function)';
    throw new TypeError(`load: option "source": ${what}, got ${given === null ? 'null' : typeof given}`);
  }
  if (!(firstByteTimeout > 0 && firstByteTimeout <= MAX_FIRST_BYTE_TIMEOUT)) {
    const what = `expected seconds, more than 0 and at most ${MAX_FIRST_BYTE_TIMEOUT}`;
    throw new TypeError(`load: option "firstByteTimeout": ${what}, got ${String(firstByteTimeout)}`);
  }
  return { ...source, trackId: textOf(trackId), playlistId: textOf(playlistId) };
}

/** What the Worker and the core are to know of a source. @param {import('./types').Source} source
 *  @param {boolean} element whether an element may play it @param {Parameters<typeof describe>[1]} options of the telemetry */
export function toldOf({ src, headers, fetch, renew, trackId, playlistId, parent }, element, options) {
  const blob = src instanceof Blob ? src : undefined;
  const name = blob
    ? `blob:${blob instanceof File ? encodeURIComponent(blob.name) : ''}`
    : /** @type {string | URL | undefined} */ (src);
  const url = name === undefined ? undefined : describe(name, options);
  const source = { headers, blob, fetches: Boolean(fetch), renews: Boolean(renew) };
  const attributes = { [MUSIC_TRACK_ID]: trackId, [MUSIC_PLAYLIST_ID]: playlistId };
  return {
    told: { source, expects: blob?.type || String(name ?? '') },
    bytes: told(url, attributes, within(parent), Number(element)),
  };
}

/** Whether a type can be played: by the formats that there are modules of. @param {string} type */
export function canPlayType(type) {
  const [, container, codecs] = /^audio\/(?:x-)?([^;\s]+)(?:.*codecs="?([^"]*)"?)?/i.exec(type) ?? [];
  const known = /^(mpeg|mp3|aac|mp4|m4a|flac|ogg|opus|wave?)$/i.test(container ?? '');
  if (!known || (codecs && !/^(mp3|mp4a\.(40\.(2|5|29|34)|6[9b])|flac|opus|vorbis|1)$/i.test(codecs.trim())))
    return '';
  return codecs || /mpeg|mp3|flac|opus/i.test(container) ? 'probably' : 'maybe';
}

/**
 * Whether the browser's media element may play a source: it takes no hand of the app's in its requests.
 * @param {import('./types').Source} source
 */
export const isForElement = ({ headers, fetch, renew }) => !headers && !fetch && !renew;

/** Who plays where the app does not choose. On iOS a lock of the screen suspends Web Audio, and can't be foreseen.
 *  @returns {import('./types').Engine} */
export function usualEngine() {
  const { platform = '', maxTouchPoints = 0 } = globalThis.navigator ?? {};
  const ios = /^iP(hone|ad|od)/.test(platform) || (platform === 'MacIntel' && maxTouchPoints > 1);
  const able =
    typeof WebAssembly === 'object' && typeof AudioWorkletNode === 'function' && typeof Worker === 'function';
  return ios || !able ? 'element' : 'stream';
}

/** What the Worker asks of the app: a response, or another URL. @param {import('./types').Source | undefined} source @param {Worker} worker
 *  @param {any} question */
export async function answer(source, worker, { ask, fetch: url, headers, credentials, renew, status }) {
  try {
    if (renew) {
      const next = await source?.renew?.({ url: renew, status });
      return worker.postMessage({ answer: ask, url: next && new URL(next, document.baseURI).href });
    }
    const response = await source?.fetch?.(new Request(url, { headers, credentials }));
    const body = response?.body ?? null;
    const told = { answer: ask, status: response?.status, headers: [...(response?.headers ?? [])], body };
    worker.postMessage(told, body ? [body] : []);
  } catch (error) {
    console.error(error);
    worker.postMessage({ answer: ask });
  }
}
