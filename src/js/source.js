// What a source may be, how Worker and core know it, and what can be played.

import { baseUrl, describe } from '../browser/url.js';
import { MUSIC_PLAYLIST_ID, MUSIC_TRACK_ID } from '../browser/semconv.js';
import { contextOf } from './context.js';
import { spanContextPart } from './flat.js';
import { encodeUrl } from './resolver.js';
import { callback, enumeration, mismatch, slot, string, unrestrictedDouble, usvString } from './webidl.js';

/** @param {string} option */
const nameOf = (option) => `load: option "${option}"`;

/**
 * Converts a member that may be missing.
 * @template T @param {string} option @param {any} value @param {(name: string, value: any) => T} convert
 */
const optional = (option, value, convert) =>
  value === undefined || value === null ? undefined : convert(nameOf(option), value);

/** Headers as an object, which can be posted to the Worker. @param {string} name @param {HeadersInit} value */
function headersOf(name, value) {
  try {
    return Object.fromEntries(new Headers(value));
  } catch (error) {
    throw mismatch(name, 'header names and values', value, error);
  }
}

/** What of `src` a request can be made from, of whatever realm it is: a URL or a Blob. @param {any} src */
function mediaOf(src) {
  const url = typeof src === 'string' ? src : slot(URL, 'href', src);
  if (!url) return slot(Blob, 'size', src) === undefined ? undefined : src;
  try {
    return new URL(url, baseUrl()).href;
  } catch (error) {
    throw mismatch(nameOf('src'), 'a URL', src, error);
  }
}

/**
 * The context of the app's span, read once.
 * @param {unknown} parent @returns {any}
 */
function contextPart(parent) {
  const context = contextOf(parent);
  return context && { context };
}

/** The longest time to a first byte that an app may allow, in seconds. */
const MAX_FIRST_BYTE_TIMEOUT = 3600;

/** @param {string} name @param {unknown} value */
function firstByteTimeoutOf(name, value) {
  const seconds = unrestrictedDouble(name, value);
  if (seconds > 0 && seconds <= MAX_FIRST_BYTE_TIMEOUT) return seconds;
  throw mismatch(name, `seconds, more than 0 and at most ${MAX_FIRST_BYTE_TIMEOUT}`, value);
}

/** Reads each member of a source once. @param {any} given @returns {import('./types').Source} */
export function sourceOf(given) {
  const plain = mediaOf(given);
  const { credentials, fetch, firstByteTimeout, headers, parent, playlistId, renew, resolve, src, trackId } =
    plain === undefined ? (given ?? Object.create(null)) : Object.assign(Object.create(null), { src: plain });
  const media = mediaOf(src);
  if (src === undefined ? typeof resolve !== 'function' : media === undefined) {
    const what = 'expected a URL, a Blob, or an object with "src" (one of these) or "resolve" (a function)';
    throw new TypeError(`load: option "source": ${what}, got ${given === null ? 'null' : typeof given}`);
  }
  return {
    src: media,
    credentials: optional('credentials', credentials, (name, value) =>
      enumeration(name, value, /** @type {const} */ (['same-origin', 'include'])),
    ),
    fetch: optional('fetch', fetch, callback)?.bind(given),
    firstByteTimeout: optional('firstByteTimeout', firstByteTimeout, firstByteTimeoutOf) ?? 20,
    headers: optional('headers', headers, headersOf),
    renew: optional('renew', renew, callback)?.bind(given),
    resolve: optional('resolve', resolve, callback)?.bind(given),
    // Ids may be numbers.
    trackId: optional('trackId', trackId, string),
    playlistId: optional('playlistId', playlistId, string),
    parent: contextPart(parent),
  };
}

/**
 * Encodes a source for the core (`exports/player.rs`).
 * @param {import('./types').Source} source @param {import('../browser/url.js').Described | undefined} url
 * @param {boolean} element whether a media element may play it @param {number} alternatives how many other sources there are
 */
function encodeSource(
  { credentials, firstByteTimeout, trackId, playlistId, parent },
  url,
  element,
  alternatives,
) {
  const attributes = { [MUSIC_TRACK_ID]: trackId, [MUSIC_PLAYLIST_ID]: playlistId };
  return encodeUrl(
    url,
    Number(element),
    Number(credentials === 'include'),
    alternatives,
    Number(firstByteTimeout ?? 0),
    attributes,
    spanContextPart(parent),
  );
}

/** What the Worker and the core are to know of a source. @param {import('./types').Source} given
 *  @param {boolean} element whether a media element may play it @param {number} alternatives how many other sources there are
 *  @param {Parameters<typeof describe>[1]} options of the telemetry */
export function describeSource(given, element, alternatives, options) {
  const { src, headers, fetch, renew } = given;
  const blob = typeof src === 'object' ? /** @type {Blob} */ (src) : undefined;
  const name = blob
    ? `blob:${encodeURIComponent(usvString('name', slot(File, 'name', blob) ?? ''))}`
    : /** @type {string | undefined} */ (src);
  const url = name === undefined ? undefined : describe(name, options);
  // The app's headers are for this origin: its Authorization goes to no other.
  const source = { headers, blob, fetches: Boolean(fetch), renews: Boolean(renew), origin: url?.origin };
  return {
    workerSource: { source, expects: blob?.type || String(name ?? '') },
    bytes: encodeSource(given, url, element, alternatives),
  };
}

/** Whether a type can be played: by the formats that there are modules of. @param {string} type */
export function canPlayType(type) {
  const [, container, codecs] =
    /^audio\/(?:x-)?([^;\s]+)(?:.*codecs="?([^"]*)"?)?/i.exec(string('canPlayType', type)) ?? [];
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
export function defaultEngine() {
  const { platform = '', maxTouchPoints = 0 } = globalThis.navigator ?? {};
  const ios = /^iP(hone|ad|od)/.test(platform) || (platform === 'MacIntel' && maxTouchPoints > 1);
  const able =
    typeof WebAssembly === 'object' && typeof AudioWorkletNode === 'function' && typeof Worker === 'function';
  return ios || !able ? 'element' : 'stream';
}

/**
 * What the Worker asks of the app: a response, or another URL.
 * @param {import('./types').Source | undefined} source
 * @param {ReturnType<typeof describeSource>['workerSource'] | undefined} known what the Worker knows of the source
 * @param {Parameters<typeof describe>[1]} options of the telemetry
 * @param {Worker} worker
 * @param {any} question
 * @param {(url: Uint8Array) => void} renewed called with the other URL, for the core: what later requests carry is its decision
 */
export async function answer(source, known, options, worker, question, renewed) {
  const { ask, fetch: url, headers, credentials, renew, status } = question;
  try {
    if (renew) {
      const next = await source?.renew?.({ url: renew, status });
      if (!next) return worker.postMessage({ answer: ask });
      const described = describe(next, options);
      // A Worker that takes the place of this one begins with the other URL.
      if (known) known.source.origin ??= new URL(renew).origin;
      const { href, propagates } = described;
      renewed(encodeUrl(described));
      return worker.postMessage({ answer: ask, url: href, propagates, origin: known?.source.origin });
    }
    const response = await source?.fetch?.(new Request(url, { headers, credentials }));
    const body = response?.body ?? null;
    const message = { answer: ask, status: response?.status, headers: [...(response?.headers ?? [])], body };
    worker.postMessage(message, body ? [body] : []);
  } catch (error) {
    console.error(error);
    worker.postMessage({ answer: ask });
  }
}
