// Looks into records: protobuf as objects in the shape of OTLP's JSON encoding (ids in hexadecimal, enums as
// numbers, 64-bit numbers as strings), and back. Loaded where requests go out as JSON, where the app looks at
// records, or names its user.

import { hexOf } from './before/context.js';
import { isKept } from './core/redaction.js';
import type { Transcode } from './host/fetch.js';
import type { TelemetryConfig } from './types/index.js';
import type { Signal } from 'tonearm-core-glue';

export type Json = Record<string, any>;
export type Hooks = {
  redact?: TelemetryConfig['redact'];
  echo?: boolean;
  encode: (tag: number, attributes: object) => Uint8Array;
};

/**
 * How a field is read: a message (its table), or a kind of number, text or bytes; `[]` says that it repeats.
 */
export type Field = [name: string, kind: string | (() => Table), repeats?: boolean];
export type Table = Record<number, Field>;

const ANY_VALUE: Table = {
  1: ['stringValue', 'text'],
  2: ['boolValue', 'flag'],
  3: ['intValue', 'int64'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', () => ({ 1: ['values', () => ANY_VALUE, true] })],
  6: ['kvlistValue', () => ({ 1: ['values', () => KEY_VALUE, true] })],
  7: ['bytesValue', 'base64'],
};
const KEY_VALUE: Table = { 1: ['key', 'text'], 2: ['value', () => ANY_VALUE] };
const ATTRIBUTES: Field = ['attributes', () => KEY_VALUE, true];
const LINK: Table = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'text'],
  4: ATTRIBUTES,
  5: ['droppedAttributesCount', 'number'],
  6: ['flags', 'fixed32'],
};
const SPAN: Table = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'text'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'text'],
  6: ['kind', 'number'],
  7: ['startTimeUnixNano', 'fixed64'],
  8: ['endTimeUnixNano', 'fixed64'],
  9: ATTRIBUTES,
  10: ['droppedAttributesCount', 'number'],
  11: [
    'events',
    () => ({
      1: ['timeUnixNano', 'fixed64'],
      2: ['name', 'text'],
      3: ATTRIBUTES,
      4: ['droppedAttributesCount', 'number'],
    }),
    true,
  ],
  12: ['droppedEventsCount', 'number'],
  13: ['links', () => LINK, true],
  14: ['droppedLinksCount', 'number'],
  15: ['status', () => ({ 2: ['message', 'text'], 3: ['code', 'number'] })],
  16: ['flags', 'fixed32'],
};
const LOG_RECORD: Table = {
  1: ['timeUnixNano', 'fixed64'],
  2: ['severityNumber', 'number'],
  3: ['severityText', 'text'],
  5: ['body', () => ANY_VALUE],
  6: ATTRIBUTES,
  7: ['droppedAttributesCount', 'number'],
  8: ['flags', 'fixed32'],
  9: ['traceId', 'hex'],
  10: ['spanId', 'hex'],
  11: ['observedTimeUnixNano', 'fixed64'],
  12: ['eventName', 'text'],
};
const exemplar: () => Table = () => ({
  2: ['timeUnixNano', 'fixed64'],
  3: ['asDouble', 'double'],
  4: ['spanId', 'hex'],
  5: ['traceId', 'hex'],
  6: ['asInt', 'sfixed64'],
  7: ['filteredAttributes', () => KEY_VALUE, true],
});
const numbers: () => Table = () => ({
  1: [
    'dataPoints',
    () => ({
      2: ['startTimeUnixNano', 'fixed64'],
      3: ['timeUnixNano', 'fixed64'],
      4: ['asDouble', 'double'],
      5: ['exemplars', exemplar, true],
      6: ['asInt', 'sfixed64'],
      7: ATTRIBUTES,
      8: ['flags', 'number'],
    }),
    true,
  ],
  2: ['aggregationTemporality', 'number'],
  3: ['isMonotonic', 'flag'],
});
const buckets: () => Table = () => ({ 1: ['offset', 'zigzag'], 2: ['bucketCounts', 'uint64', true] });
const METRIC: Table = {
  1: ['name', 'text'],
  2: ['description', 'text'],
  3: ['unit', 'text'],
  5: ['gauge', numbers],
  7: ['sum', numbers],
  9: [
    'histogram',
    () => ({
      1: [
        'dataPoints',
        () => ({
          2: ['startTimeUnixNano', 'fixed64'],
          3: ['timeUnixNano', 'fixed64'],
          4: ['count', 'fixed64'],
          5: ['sum', 'double'],
          6: ['bucketCounts', 'fixed64', true],
          7: ['explicitBounds', 'double', true],
          8: ['exemplars', exemplar, true],
          9: ATTRIBUTES,
          10: ['flags', 'number'],
          11: ['min', 'double'],
          12: ['max', 'double'],
        }),
        true,
      ],
      2: ['aggregationTemporality', 'number'],
    }),
  ],
  10: [
    'exponentialHistogram',
    () => ({
      1: [
        'dataPoints',
        () => ({
          1: ATTRIBUTES,
          2: ['startTimeUnixNano', 'fixed64'],
          3: ['timeUnixNano', 'fixed64'],
          4: ['count', 'fixed64'],
          5: ['sum', 'double'],
          6: ['scale', 'zigzag'],
          7: ['zeroCount', 'fixed64'],
          8: ['positive', buckets],
          9: ['negative', buckets],
          10: ['flags', 'number'],
          11: ['exemplars', exemplar, true],
          12: ['min', 'double'],
          13: ['max', 'double'],
          14: ['zeroThreshold', 'double'],
        }),
        true,
      ],
      2: ['aggregationTemporality', 'number'],
    }),
  ],
};

const text = new TextDecoder();
const utf8 = new TextEncoder();

/** A number of varying length, and where it ends. */
function varint(bytes: Uint8Array, at: number): [bigint, number] {
  let value = 0n;
  for (let shift = 0n; at < bytes.length; shift += 7n) {
    const byte = bytes[at++];
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) break;
  }
  return [value, at];
}

/** JSON has no such numbers: OTLP's encoding has them as text, as protobuf's has. */
const double = (value: number) => (Number.isFinite(value) ? value : String(value));

function number(kind: string, value: bigint) {
  if (kind === 'flag') return value !== 0n;
  if (kind === 'number') return Number(value);
  if (kind === 'zigzag') return Number((value >> 1n) ^ -(value & 1n));
  return String(kind === 'int64' ? BigInt.asIntN(64, value) : value);
}

function fixed(kind: string, view: DataView, at: number) {
  if (kind === 'double') return double(view.getFloat64(at, true));
  if (kind === 'fixed32') return view.getUint32(at, true);
  return String(kind === 'sfixed64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
}

function within(kind: string, bytes: Uint8Array) {
  if (kind === 'text') return text.decode(bytes);
  return kind === 'hex' ? hexOf(bytes) : btoa(String.fromCharCode(...bytes));
}

/** A message as OTLP's JSON has it; fields that the table does not have are left out. */
export function decode(table: Table, bytes: Uint8Array) {
  const out: Json = {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    let tag, length, value;
    [tag, at] = varint(bytes, at);
    const wire = Number(tag & 7n);
    const [name, kind, repeats] = table[Number(tag >> 3n)] ?? [];
    const named = typeof kind === 'string' ? kind : '';
    if (wire === 2) {
      [length, at] = varint(bytes, at);
      const end = at + Number(length);
      const inner = bytes.subarray(at, end);
      if (typeof kind === 'function') value = decode(kind(), inner);
      else if (repeats) {
        // Packed numbers.
        const list = (out[name as string] ??= []);
        const packed = new DataView(inner.buffer, inner.byteOffset, inner.length);
        for (let n = 0; n < inner.length;) {
          let next;
          if (named !== 'uint64') [next, n] = [fixed(named, packed, n), n + 8];
          else [next, n] = varint(inner, n);
          list.push(typeof next === 'bigint' ? String(next) : next);
        }
      } else if (name) value = within(named, inner);
      at = end;
    } else if (wire === 0) {
      [value, at] = varint(bytes, at);
      value = number(named, value);
    } else {
      value = name && fixed(named, view, at);
      at += wire === 1 ? 8 : 4;
    }
    if (name && value !== undefined) {
      if (repeats) (out[name] ??= []).push(value);
      else out[name] = value;
    }
  }
  return out;
}

const requestOf: (scope: string, records: string, record: Table) => Table = (scope, records, record) => ({
  1: [
    scope.replace('scope', 'resource'),
    () => ({
      1: ['resource', () => ({ 1: ATTRIBUTES, 2: ['droppedAttributesCount', 'number'] })],
      2: [
        scope,
        () => ({
          1: ['scope', () => ({ 1: ['name', 'text'], 2: ['version', 'text'], 3: ATTRIBUTES })],
          2: [records, () => record, true],
          3: ['schemaUrl', 'text'],
        }),
        true,
      ],
      3: ['schemaUrl', 'text'],
    }),
    true,
  ],
});
/** Requests by their signal. */
const REQUESTS = {
  traces: requestOf('scopeSpans', 'spans', SPAN),
  metrics: requestOf('scopeMetrics', 'metrics', METRIC),
  logs: requestOf('scopeLogs', 'logRecords', LOG_RECORD),
};

/** Bytes below which gzip saves nothing worth its time (`export.rs`). */
const SMALL = 1024;

export const transcode: Transcode = {
  /** A body compressed, where that saves something and the browser can. */
  async gzip(body: Uint8Array<ArrayBuffer>) {
    if (body.length < SMALL || typeof CompressionStream === 'undefined') return undefined;
    return new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
  },
  /** A request's body in JSON. */
  request: (signal: Signal, body: Uint8Array) => utf8.encode(JSON.stringify(decode(REQUESTS[signal], body))),
  /**
   * An answer in JSON as the core reads it: how many were rejected, if some were, and the endpoint's message.
   */
  reply(body: Uint8Array) {
    try {
      const { partialSuccess, message: status } = JSON.parse(text.decode(body));
      if (!partialSuccess) return Uint8Array.from(status ? field(0x12, status) : []);
      const { rejectedSpans, rejectedDataPoints, rejectedLogRecords, errorMessage } = partialSuccess;
      const rejected = [];
      for (
        let rest = Number(rejectedSpans ?? rejectedDataPoints ?? rejectedLogRecords);
        rest >= 1;
        rest = Math.floor(rest / 128)
      ) {
        rejected.push((rest % 128) | (rest >= 128 ? 128 : 0));
      }
      return Uint8Array.from(
        rejected.length > 0 || errorMessage
          ? message(0x0a, [
              ...(rejected.length > 0 ? [0x08, ...rejected] : []),
              ...(errorMessage ? field(0x12, errorMessage) : []),
            ])
          : [],
      );
    } catch {
      return new Uint8Array();
    }
  },
};

/** A value as JavaScript has it. */
function plain({ stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue }: Json): any {
  if (arrayValue) return (arrayValue.values ?? []).map(plain);
  if (kvlistValue) return plainAttributes(kvlistValue.values);
  return stringValue ?? boolValue ?? (intValue === undefined ? Number(doubleValue) : Number(intValue));
}

const plainAttributes = (attributes: Json[] = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value ?? {})]));

/** A message's fields one by one: number, bytes with the tag, content of what has a length. */
function* fieldsOf(record: Uint8Array): Generator<[number, Uint8Array, Uint8Array]> {
  for (let at = 0; at < record.length;) {
    const from = at;
    let inner = at;
    let tag, length;
    [tag, at] = varint(record, at);
    const wire = Number(tag & 7n);
    if (wire === 2) {
      [length, inner] = varint(record, at);
      at = inner + Number(length);
    } else if (wire === 0) [, at] = varint(record, at);
    else at += wire === 1 ? 8 : 4;
    yield [Number(tag >> 3n), record.subarray(from, at), record.subarray(inner, at)];
  }
}

/** A message without the fields of some numbers. */
const without = (record: Uint8Array, fields: number[]) =>
  [...fieldsOf(record)].flatMap(([number, bytes]) => (fields.includes(number) ? [] : [...bytes]));

/** Levels of the console, by the severity's step. */
const LEVELS = ['debug', 'debug', 'info', 'warn', 'error', 'error'] as const;

/** Bytes behind their tag and length. */
function message(tag: number, bytes: ArrayLike<number>) {
  const length = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return [tag, ...length, rest, ...Array.from(bytes)];
}

/** Text behind its tag. */
const field = (tag: number, value: unknown) => message(tag, utf8.encode(String(value)));

/** Shows a span or a log record to who asked for it; what comes back goes on, nothing is out. */
export function inspect(hooks: Hooks, signal: Signal, record: Uint8Array): Uint8Array | undefined {
  try {
    return seen(hooks, signal === 'traces', record);
  } catch (error) {
    // What could not be looked at, or not be written again, must not leave.
    console.error(error);
    return undefined;
  }
}

/**
 * What a span holds of a kind: as the app sees it, and how that is written again. Of each the rest stays what
 * it was.
 */
export type Part = {
  number: number;
  look: (json: Json) => Json;
  write: (item: Json, raw: Uint8Array, encode: Hooks['encode']) => number[];
};
const PARTS: Record<'events' | 'links', Part> = {
  events: {
    number: 11,
    look: ({ name, attributes }) => ({ name, attributes: plainAttributes(attributes) }),
    write: ({ name, attributes }, raw, encode) => [
      ...without(raw, [2, 3]),
      ...field(0x12, name),
      ...encode(0x1a, attributes ?? {}),
    ],
  },
  links: {
    number: 13,
    look: ({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes: plainAttributes(attributes) }),
    write: ({ attributes }, raw, encode) => [...without(raw, [4]), ...encode(0x22, attributes ?? {})],
  },
};

/**
 * Events and links as the app sees them, and what writes them again: those that are left, and nothing new.
 */
function partsOf(record: Uint8Array, json: Json, encode: Hooks['encode']) {
  const raws = new WeakMap();
  const view = Object.fromEntries(
    Object.entries(PARTS).map(([kind, { number, look }]) => {
      const messages = [...fieldsOf(record)].filter(([of]) => of === number).map(([, , content]) => content);
      const items = (json[kind] ?? []).map(look);
      items.forEach((item: Json, at: number) => raws.set(item, messages[at]));
      return [kind, items];
    }),
  );
  /** @param view As the app left it. */
  const write = (view: Json) =>
    Object.entries(PARTS).flatMap(([kind, { number, write }]) =>
      [view[kind] ?? []].flat().flatMap((item) => {
        // What was put in its place has no time of its own: the record is out rather than half of it.
        if (!raws.has(item))
          throw new TypeError(`redact: expected the ${kind} that were given, changed or taken out`);
        return message((number << 3) | 2, write(item, raws.get(item), encode));
      }),
    );
  return { view, write };
}

function seen({ redact, echo, encode }: Hooks, isSpan: boolean, record: Uint8Array) {
  const json = decode(isSpan ? SPAN : LOG_RECORD, record);
  const parts = isSpan ? partsOf(record, json, encode) : undefined;
  const view = {
    signal: isSpan ? ('traces' as const) : ('logs' as const),
    name: isSpan ? json.name : json.eventName,
    body: json.body && plain(json.body),
    attributes: plainAttributes(json.attributes),
    traceId: json.traceId,
    spanId: json.spanId,
    ...(isSpan && { status: json.status?.message }),
    ...parts?.view,
  };
  const before = JSON.stringify(view);
  if (redact && !isKept(redact, view)) return undefined;
  if (echo && !isSpan) {
    const level = LEVELS[Math.min(5, Math.max(0, (json.severityNumber - 1) >> 2))];
    console[level](view.name, view.body ?? '', view.attributes);
  }
  if (JSON.stringify(view) === before) return record;
  const attributes = encode(isSpan ? 0x4a : 0x32, view.attributes ?? {});
  if (!parts) {
    const body = view.body === undefined ? [] : wrap(0x2a, encode(0x0a, { body: view.body }));
    return Uint8Array.of(...without(record, [5, 6, 12]), ...field(0x62, view.name), ...body, ...attributes);
  }
  // A status without its message keeps its code.
  const status = json.status
    ? message(0x7a, [...(view.status ? field(0x12, view.status) : []), 0x18, json.status.code ?? 0])
    : [];
  return Uint8Array.of(
    ...without(record, [5, 9, 11, 13, 15]),
    ...field(0x2a, view.name),
    ...attributes,
    ...parts.write(view),
    ...status,
  );
}

/** The value of an encoded attribute as a field of its own. */
function wrap(tag: number, attribute: Uint8Array) {
  let [, at] = varint(attribute, 1);
  const [length, key] = varint(attribute, at + 1);
  at = key + Number(length);
  // From here on the value, behind its tag.
  return [tag, ...attribute.subarray(at + 1)];
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
