// Looks into records, for apps that export JSON, redact or echo records, or name their user: calls the app's
// hooks and the console. What a record holds, and how it is written, is known by the records' module
// (`crates/records`), which `load` brings.

import { encode_reply, imports, request_json, rewrite_record, view_record } from 'tonearm-records-glue';
import { hexOf } from './before/context.js';
import { isKept } from './core/redaction.js';
import { instantiate } from './host/wasm.js';
import { fetchModule } from './host/wasm_file.js';
import type { Transcode } from './host/fetch.js';
import type { RedactedRecord, TelemetryConfig } from './types/index.js';
import type { Signal } from 'tonearm-core-glue';
import type { RecordValue, RecordView } from 'tonearm-records-glue';

export type Hooks = {
  redact?: TelemetryConfig['redact'];
  echo?: boolean;
  /** Attributes of an app in protobuf, each a field of one number. */
  encode: (attributes: object) => Uint8Array;
};

const text = new TextDecoder();
const utf8 = new TextEncoder();

const makeInstance = (response: Response) => instantiate(response, imports, 'view_record');

let loading: Promise<unknown> | undefined;

/**
 * Loads the records' module, once; rejects as `init()` does, and a later call tries again. All but `hmac`
 * needs it.
 * @param file the module, where a host has it at hand
 */
export function load(file?: Response): Promise<unknown> {
  loading ??= (
    file
      ? makeInstance(file)
      : fetchModule(new URL('./tonearm_records_bg.wasm', import.meta.url), makeInstance)
  ).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** Bytes below which gzip saves nothing worth its time (`export.rs`). */
const SMALL = 1024;

export const transcode: Transcode = {
  /** A body compressed, where that saves something and the browser can. */
  async gzip(body: Uint8Array<ArrayBuffer>) {
    if (body.length < SMALL || typeof CompressionStream === 'undefined') return undefined;
    return new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
  },
  /** A request's body in JSON. */
  request(signal: Signal, body: Uint8Array) {
    const json = request_json(signal, body);
    if (json === undefined) throw new TypeError('The body is no whole request.');
    return utf8.encode(json);
  },
  /** An endpoint's answer in JSON as the core reads it; of what is no JSON nothing. */
  reply(body: Uint8Array) {
    let reply;
    try {
      reply = JSON.parse(text.decode(body));
    } catch {
      // A proxy's page.
    }
    return encode_reply(reply);
  },
};

/** Levels of the console, by the severity's step. */
const LEVELS = ['debug', 'debug', 'info', 'warn', 'error', 'error'] as const;

/** Shows a span or a log record to the app. Returns what is exported in its place, if anything is. */
export function inspect(hooks: Hooks, signal: Signal, record: Uint8Array): Uint8Array | undefined {
  try {
    return inspected(hooks, signal, record);
  } catch (error) {
    // What could not be looked at, or not be written again, must not leave.
    console.error(error);
    return undefined;
  }
}

/** A value as an app sees it: maps as objects. */
function plain(value: RecordValue): any {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

/** A record, an event or a link as an app sees it. */
const shown = <T extends { attributes: RecordValue }>(of: T) => ({ ...of, attributes: plain(of.attributes) });

/** The record as an app sees it, and the place of each event and link that there is. */
function show(signal: Signal, { severityNumber: _, ...view }: RecordView) {
  const [events, links] = [view.events?.map(shown), view.links?.map(shown)];
  const record = { signal, ...shown(view), body: plain(view.body), ...(events && { events, links }) };
  const places: Map<unknown, number> = new Map();
  for (const parts of [events, links]) parts?.forEach((part, at) => places.set(part, at));
  return { record: record as RedactedRecord, places };
}

function inspected({ redact, echo, encode }: Hooks, signal: Signal, bytes: Uint8Array) {
  const view = view_record(signal, bytes);
  if (!view) throw new TypeError('A record could not be read.');
  const { record, places } = show(signal, view);
  const before = JSON.stringify(record);
  if (redact && !isKept(redact, record)) return undefined;
  if (echo && signal === 'logs') {
    const level = LEVELS[Math.min(5, Math.max(0, ((view.severityNumber ?? 0) - 1) >> 2))];
    console[level](record.name, record.body ?? '', record.attributes);
  }
  if (JSON.stringify(record) === before) return bytes;
  const left = (kind: 'events' | 'links') =>
    [record[kind] ?? []].flat().map((part) => {
      const at = places.get(part);
      // What was put in its place has no time of its own: the record is out rather than half of it.
      if (at === undefined)
        throw new TypeError(`redact: expected the ${kind} that were given, changed or taken out`);
      return {
        at,
        name: String((part as { name?: string }).name),
        attributes: encode(part.attributes ?? {}),
      };
    });
  const rewritten = rewrite_record(signal, bytes, {
    name: String(record.name),
    attributes: encode(record.attributes ?? {}),
    body: encode({ body: record.body }),
    status: String(record.status || ''),
    events: left('events'),
    links: left('links'),
  });
  if (!rewritten) throw new TypeError('redact: the record could not be written again');
  return rewritten;
}

export async function hmac(key: string, message: string) {
  if (!globalThis.crypto?.subtle)
    throw new DOMException(
      'setUser: the option "userKey" needs a secure context (https).',
      'NotSupportedError',
    );
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const secret = await crypto.subtle.importKey('raw', utf8.encode(key), algorithm, false, ['sign']);
  return hexOf(new Uint8Array(await crypto.subtle.sign('HMAC', secret, utf8.encode(message))));
}
