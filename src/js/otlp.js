// Attributes and spans as OTLP has them in protobuf: what the core takes over without looking into it. Every tag is a
// field's number times eight, and its kind.

/** Attributes that one record keeps (OpenTelemetry's default limit). */
const MOST = 128;
const utf8 = new TextEncoder();

/** Tags of attributes: of a resource, and of a span. */
export const RESOURCE = 0x0a;
export const SPAN = 0x4a;

/** @param {bigint} value of 64 bits @returns {number[]} */
function varint(value) {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}

/** A field behind its length. @param {number} tag @param {ArrayLike<number>} bytes */
const field = (tag, bytes) => [tag, ...varint(BigInt(bytes.length)), ...Array.from(bytes)];

/** `AnyValue`. JavaScript has one kind of number: a whole one is sent as an integer, as OpenTelemetry's own JavaScript does.
 *  @param {unknown} value @returns {number[] | undefined} */
function anyValue(value) {
  if (typeof value === 'string') return field(0x0a, utf8.encode(value));
  if (typeof value === 'boolean') return [0x10, Number(value)];
  if (Number.isSafeInteger(value)) return [0x18, ...varint(BigInt.asUintN(64, BigInt(/** @type {number} */ (value))))];
  if (typeof value === 'number') return [0x21, ...new Uint8Array(new Float64Array([value]).buffer)];
  if (Array.isArray(value)) return field(0x2a, value.flatMap((item) => field(0x0a, anyValue(item) ?? [])));
  return undefined;
}

/** An object's attributes, each as a field of that tag; values of other kinds are left out.
 *  @param {number} tag @param {Record<string, unknown>} attributes @returns {Uint8Array} */
export function encode(tag, attributes) {
  const entries = Object.entries(attributes).flatMap(([key, value]) => {
    const encoded = anyValue(value);
    return encoded ? [field(tag, [...field(0x0a, utf8.encode(key)), ...field(0x12, encoded)])] : [];
  });
  return Uint8Array.from(entries.slice(0, MOST).flat());
}

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
