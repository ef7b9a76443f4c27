// What a source may be, how Worker and core know it, and what can be played.

import { baseUrl } from './host/base_url.js';
import { describe } from './before/url.js';
import { MUSIC_PLAYLIST_ID, MUSIC_TRACK_ID } from './semconv.js';
import { contextOf } from './before/context.js';
import { spanContextPart } from './core/flat.js';
import { encodeUrl } from './resolver.js';
import {
  callback,
  enumeration,
  mismatch,
  slot,
  string,
  unrestrictedDouble,
  usvString,
} from './host/webidl.js';
import type { Described } from './before/url.js';
import type { Engine, Source } from './types/index.js';
import type { Answer, Question, SourceMessage } from './worker/messages.js';

const nameOf = (option: string) => `load: option "${option}"`;

/** Converts a member that may be missing. */
const optional = <T>(option: string, value: any, convert: (name: string, value: any) => T) =>
  value === undefined || value === null ? undefined : convert(nameOf(option), value);

/** Headers as an object, which can be posted to the Worker. */
function headersOf(name: string, value: HeadersInit) {
  try {
    return Object.fromEntries(new Headers(value));
  } catch (error) {
    throw mismatch(name, 'header names and values', value, error);
  }
}

/** What of `src` a request can be made from, of whatever realm it is: a URL or a Blob. */
function mediaOf(src: any) {
  const url = typeof src === 'string' ? src : slot(URL, 'href', src);
  if (!url) return slot(Blob, 'size', src) === undefined ? undefined : src;
  try {
    return new URL(url, baseUrl()).href;
  } catch (error) {
    throw mismatch(nameOf('src'), 'a URL', src, error);
  }
}

/** The context of the app's span, read once. */
function contextPart(parent: unknown): any {
  const context = contextOf(parent);
  return context && { context };
}

/** The longest time to a first byte that an app may allow, in seconds. */
const MAX_FIRST_BYTE_TIMEOUT = 3600;

function firstByteTimeoutOf(name: string, value: unknown) {
  const seconds = unrestrictedDouble(name, value);
  if (seconds > 0 && seconds <= MAX_FIRST_BYTE_TIMEOUT) return seconds;
  throw mismatch(name, `seconds, more than 0 and at most ${MAX_FIRST_BYTE_TIMEOUT}`, value);
}

/** Reads each member of a source once. */
export function sourceOf(given: any): Source {
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
      enumeration(name, value, ['same-origin', 'include'] as const),
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
 * @param element whether a media element may play it
 * @param alternatives how many other sources there are
 */
function encodeSource(
  { credentials, firstByteTimeout, trackId, playlistId, parent }: Source,
  url: Described | undefined,
  element: boolean,
  alternatives: number,
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

/**
 * What the Worker and the core are to know of a source.
 * @param element whether a media element may play it
 * @param alternatives how many other sources there are
 * @param options of the telemetry
 */
export function describeSource(
  given: Source,
  element: boolean,
  alternatives: number,
  options: Parameters<typeof describe>[1],
) {
  const { src, headers, fetch, renew } = given;
  const blob = typeof src === 'object' ? (src as Blob) : undefined;
  const name = blob
    ? `blob:${encodeURIComponent(usvString('name', slot(File, 'name', blob) ?? ''))}`
    : (src as string | undefined);
  const url = name === undefined ? undefined : describe(name, options);
  // The app's headers are for this origin: its Authorization goes to no other.
  const source = { headers, blob, fetches: Boolean(fetch), renews: Boolean(renew), origin: url?.origin };
  const workerSource: SourceMessage = { source, expects: blob?.type || String(name ?? '') };
  return {
    workerSource,
    bytes: encodeSource(given, url, element, alternatives),
  };
}

/** Whether the browser's media element may play a source: it takes no hand of the app's in its requests. */
export const isForElement = ({ headers, fetch, renew }: Source) => !headers && !fetch && !renew;

/**
 * Who plays where the app does not choose. On iOS a lock of the screen suspends Web Audio, and can't be
 * foreseen.
 */
export function defaultEngine(): Engine {
  const { platform = '', maxTouchPoints = 0 } = globalThis.navigator ?? {};
  const ios = /^iP(hone|ad|od)/.test(platform) || (platform === 'MacIntel' && maxTouchPoints > 1);
  const able =
    typeof WebAssembly === 'object' && typeof AudioWorkletNode === 'function' && typeof Worker === 'function';
  return ios || !able ? 'element' : 'stream';
}

/**
 * What the Worker asks of the app: a response, or another URL.
 * @param known what the Worker knows of the source
 * @param options of the telemetry
 * @param renewed called with the other URL, for the core: what later requests carry is its decision
 */
export async function answer(
  source: Source | undefined,
  known: SourceMessage | undefined,
  options: Parameters<typeof describe>[1],
  worker: Worker,
  question: Question,
  renewed: (url: Uint8Array) => void,
) {
  const { ask } = question;
  const reply = (message: Omit<Answer, 'answer'>, transfer: Transferable[] = []) =>
    worker.postMessage({ answer: ask, ...message } satisfies Answer, transfer);
  try {
    if ('renew' in question) {
      const { renew, status } = question;
      const next = await source?.renew?.({ url: renew, status });
      if (!next) return reply({});
      const described = describe(next, options);
      // A Worker that takes the place of this one begins with the other URL.
      if (known) known.source.origin ??= new URL(renew).origin;
      const { href, propagates } = described;
      renewed(encodeUrl(described));
      return reply({ url: href, propagates, origin: known?.source.origin });
    }
    const { fetch: url, headers, credentials } = question;
    const response = await source?.fetch?.(new Request(url, { headers, credentials }));
    const body = response?.body ?? null;
    reply({ status: response?.status, headers: [...(response?.headers ?? [])], body }, body ? [body] : []);
  } catch (error) {
    console.error(error);
    reply({});
  }
}
