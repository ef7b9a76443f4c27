// Attributes and spans as OTLP has them in protobuf: what the core takes over without looking into it. Every tag is a
// field's number times eight, and its kind.

/** Attributes that one record keeps (OpenTelemetry's default limit). */
const MOST = 128;
/** How deep values may lie in one another. */
const DEEPEST = 8;
const utf8 = new TextEncoder();

/** Tags of attributes: of a resource, a span, a log record. */
export const RESOURCE = 0x0a;
export const SPAN = 0x4a;
const LOG = 0x32;

/** @param {bigint} value of 64 bits @returns {number[]} */
function varint(value) {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}

/** A field behind its length. @param {number} tag @param {ArrayLike<number>} bytes */
const field = (tag, bytes) => [tag, ...varint(BigInt(bytes.length)), ...Array.from(bytes)];

/** `AnyValue`. JavaScript has one kind of number: a whole one is sent as an integer, as OpenTelemetry's own JavaScript does.
 *  @param {unknown} value @param {number} [depth] @returns {number[] | undefined} */
function anyValue(value, depth = 0) {
  if (typeof value === 'string') return field(0x0a, utf8.encode(value));
  if (typeof value === 'boolean') return [0x10, Number(value)];
  if (Number.isSafeInteger(value)) return [0x18, ...varint(BigInt.asUintN(64, BigInt(/** @type {number} */ (value))))];
  if (typeof value === 'number') return [0x21, ...new Uint8Array(new Float64Array([value]).buffer)];
  if (Array.isArray(value) && depth < DEEPEST) return field(0x2a, value.flatMap((item) => field(0x0a, anyValue(item, depth + 1) ?? [])));
  // A map within: only what is plain, and not for ever.
  if (value && typeof value === 'object' && depth < DEEPEST) return field(0x32, Array.from(encode(0x0a, value, depth + 1)));
  return undefined;
}

/** An object's attributes, each as a field of that tag; values of other kinds are left out.
 *  @param {number} tag @param {object} attributes @param {number} [depth] @returns {Uint8Array} */
export function encode(tag, attributes, depth = 0) {
  const entries = Object.entries(attributes).flatMap(([key, value]) => {
    const encoded = anyValue(value, depth);
    return encoded ? [field(tag, [...field(0x0a, utf8.encode(key)), ...field(0x12, encoded)])] : [];
  });
  return Uint8Array.from(entries.slice(0, MOST).flat());
}

/** @param {Iterable<number> | ArrayLike<number>} bytes */
export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {string} hex */
const unhex = (hex) => Array.from(hex.matchAll(/../g), ([pair]) => parseInt(pair, 16));

/**
 * A span but for its times.
 * @param {{ name: string, kind: number, traceparent: string, parent?: string, isRemote: boolean, error?: string }} span
 * @param {Record<string, unknown>} attributes
 */
export function encodeSpan({ name, kind, traceparent, parent, isRemote, error }, attributes) {
  const flags = parseInt(traceparent.slice(53), 16);
  return Uint8Array.from([
    ...field(0x0a, unhex(traceparent.slice(3, 35))),
    ...field(0x12, unhex(traceparent.slice(36, 52))),
    ...(parent ? field(0x22, unhex(parent.slice(36, 52))) : []),
    ...field(0x2a, utf8.encode(name)),
    0x30, kind,
    ...encode(SPAN, attributes),
    ...(error === undefined ? [] : field(0x7a, [...(error ? field(0x12, utf8.encode(error)) : []), 0x18, 2])),
    // Bits 8 and 9: that it is known whether the parent is remote, and that it is.
    0x85, 0x01, flags, isRemote ? 3 : 1, 0, 0,
  ]);
}

/** A `traceparent` (W3C Trace Context Level 2, section 3.2). */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?=$|-)/;

/** The `traceparent` of a span, or of what an app gives as one. What is malformed is none: telemetry breaks nothing.
 *  Version 00 ends after its flags; a later one may go on. @param {unknown} span @returns {string | undefined} */
export function traceparentOf(span) {
  const text = typeof span === 'object' ? /** @type {{ traceparent?: unknown } | null} */ (span)?.traceparent : span;
  const valid = typeof text === 'string' && TRACEPARENT.test(text) && (text.length === 55 || !text.startsWith('00'));
  return valid ? text : undefined;
}

/** The context of a span as the core takes it: both ids, the flags, and whether it is another process's.
 *  @param {unknown} span */
export function contextOf(span) {
  const traceparent = traceparentOf(span);
  if (!traceparent) return new Uint8Array();
  const ids = unhex(traceparent.slice(3, 35) + traceparent.slice(36, 52) + traceparent.slice(53, 55));
  return Uint8Array.from([...ids, Number(typeof span === 'string')]);
}

/** A log record but for its times, its severity and its id.
 *  @param {string} event @param {import('./types').LogRecord} record */
export function encodeLog(event, { body, attributes = {}, span }) {
  const encoded = anyValue(body);
  const ids = contextOf(span);
  return Uint8Array.from([
    ...(encoded ? field(0x2a, encoded) : []),
    ...field(0x62, utf8.encode(event)),
    ...encode(LOG, attributes),
    ...(ids.length > 0 ? [0x45, ids[24], 0, 0, 0, ...field(0x4a, ids.subarray(0, 16)), ...field(0x52, ids.subarray(16, 24))] : []),
  ]);
}

/** A number for an event's name, as the core has it (`log.rs`). @param {string} event */
export const hash = (event) => utf8.encode(event).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;

/** An instrument's bounds, and its name and unit. @param {string} name @param {string} unit @param {number[]} bounds */
export const encodeInstrument = (name, unit, bounds) =>
  Uint8Array.from([
    ...new Uint8Array(Float64Array.from(bounds).buffer), ...field(0x0a, utf8.encode(name)), ...field(0x1a, utf8.encode(unit)),
  ]);
