// Attributes, spans and log records as OTLP has them in protobuf: what the core takes over without looking into it. Every
// tag is a field's number times eight, and its kind.
//
// All of it is written into one buffer, which grows and is used again: who keeps what is written copies it (`slice`).

import { contextOf } from './context.js';

/** Attributes that one record keeps (OpenTelemetry's default limit). */
const MOST = 128;
/** UTF-16 units that one text keeps. */
const LONGEST = 8192;
/** Values of one record, those within others included: something that holds itself must not hold the page. */
const MOST_VALUES = 1024;
let values = 0;
/** How deep values may lie in one another. */
const DEEPEST = 8;
const utf8 = new TextEncoder();

/** Tags of attributes: of a resource, a span, a log record. */
export const RESOURCE = 0x0a;
export const SPAN = 0x4a;
const LOG = 0x32;

let bytes = new Uint8Array(4096);
/** The same. */
let view = new DataView(bytes.buffer);
let at = 0;

/** @param {number} length */
function room(length) {
  if (at + length <= bytes.length) return;
  const larger = new Uint8Array(Math.max(bytes.length * 2, at + length));
  larger.set(bytes);
  bytes = larger;
  view = new DataView(bytes.buffer);
}

/** @param {number} value a whole number that is not negative */
function varint(value) {
  while (value >= 128) {
    bytes[at++] = (value % 128) | 128;
    value = Math.floor(value / 128);
  }
  bytes[at++] = value;
}

/** @param {number} tag @param {ArrayLike<number>} content */
function field(tag, content) {
  room(content.length + 12);
  bytes[at++] = tag;
  varint(content.length);
  bytes.set(content, at);
  at += content.length;
}

/** @param {number} tag @param {string} text */
function text(tag, text) {
  const { length } = text;
  room(length + 12);
  const from = at;
  bytes[at++] = tag;
  varint(length);
  // Nearly all of it is ASCII. In a loop a module's variable costs more than the byte that is written.
  const to = bytes;
  const place = at;
  for (let n = 0; n < length; n++) {
    const code = text.charCodeAt(n);
    if (code > 127) {
      at = from;
      return field(tag, utf8.encode(text));
    }
    to[place + n] = code;
  }
  at = place + length;
}

/** A message within: its length is not known before it is written, and one byte is held free for it. @param {number} tag */
function begin(tag) {
  room(16);
  bytes[at++] = tag;
  return ++at;
}

/** @param {number} from what `begin` gave */
function end(from) {
  const length = at - from;
  if (length < 128) {
    bytes[from - 1] = length;
    return;
  }
  const more = length < 16_384 ? 1 : length < 2_097_152 ? 2 : 3;
  room(more);
  bytes.copyWithin(from + more, from, at);
  at = from - 1;
  varint(length);
  at += length;
}

/** `AnyValue`. JavaScript has one kind of number: a whole one is sent as an integer, as OpenTelemetry's own JavaScript does.
 *  @param {unknown} value @param {number} depth */
function anyValue(value, depth) {
  room(16);
  if (typeof value === 'string') text(0x0a, value.length > LONGEST ? value.slice(0, LONGEST) : value);
  else if (typeof value === 'boolean') {
    bytes[at++] = 0x10;
    bytes[at++] = Number(value);
  } else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) {
      bytes[at++] = 0x18;
      if (value >= 0) return varint(value);
      // Of a negative one ten bytes, as two's complement of 64 bits.
      for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
        if (rest < 128n) return void (bytes[at++] = Number(rest));
        bytes[at++] = Number(rest & 127n) | 128;
      }
    }
    bytes[at++] = 0x21;
    view.setFloat64(at, value, true);
    at += 8;
  } else if (typeof value === 'object' && value !== null && depth < DEEPEST) {
    const list = begin(Array.isArray(value) ? 0x2a : 0x32);
    if (!Array.isArray(value)) attributes(0x0a, value, depth + 1);
    else {
      for (const item of value) {
        if (++values > MOST_VALUES) break;
        const one = begin(0x0a);
        anyValue(item, depth + 1);
        end(one);
      }
    }
    end(list);
  }
}

/** Values of other kinds are left out. @param {unknown} value */
const isTold = (value) => value !== undefined && value !== null && typeof value !== 'function' && typeof value !== 'symbol';

/** Keys as a pair begins with them, up to its value's length: few, and each is told again and again. @type {Map<string, Uint8Array>} */
const heads = new Map();
const MOST_HEADS = 500;

/** @param {string} key */
function headOf(key) {
  const name = utf8.encode(key);
  const head = Uint8Array.of(0x0a, Math.min(name.length, 127), ...name.subarray(0, 127), 0x12);
  if (heads.size < MOST_HEADS) heads.set(key, head);
  return head;
}

/**
 * A short pair whose value is ASCII, a number or a flag, all of it in one go: nearly every one is. Each length takes one byte then.
 * @param {number} tag @param {string} key @param {unknown} value @returns {boolean} whether it was one
 */
function brief(tag, key, value) {
  const isText = typeof value === 'string';
  const isNumber = typeof value === 'number';
  const isWhole = isNumber && (value | 0) === value && value >= 0;
  const length = isText ? value.length : 0;
  if (key.length + length > 112 || !(isText || isWhole || typeof value === 'boolean' || (isNumber && !Number.isSafeInteger(value)))) return false;
  const head = heads.get(key) ?? headOf(key);
  if (head.length + length > 112) return false;
  room(head.length + length + 24);
  const to = bytes;
  to.set(head, at + 2);
  const any = at + 3 + head.length;
  let next = any + 2;
  let all = 0;
  if (isText) {
    to[any] = 0x0a;
    to[any + 1] = length;
    for (let n = 0; n < length; n++) all |= to[next++] = value.charCodeAt(n);
  } else if (isWhole) {
    to[any] = 0x18;
    let rest = value;
    for (next = any + 1; rest > 127; rest >>>= 7) to[next++] = rest | 128;
    to[next++] = rest;
  } else if (isNumber) {
    to[any] = 0x21;
    view.setFloat64(any + 1, value, true);
    next = any + 9;
  } else {
    to[any] = 0x10;
    to[any + 1] = Number(value);
  }
  if (all > 127) return false;
  to[at] = tag;
  to[at + 1] = next - at - 2;
  to[any - 1] = next - any;
  at = next;
  return true;
}

/** How many attributes were left out. @param {number} tag @param {object} of @param {number} depth */
function attributes(tag, of, depth) {
  let count = 0;
  let dropped = 0;
  for (const key of Object.keys(of)) {
    const value = /** @type {Record<string, unknown>} */ (of)[key];
    if (!isTold(value)) continue;
    if (++count > MOST || ++values > MOST_VALUES) {
      dropped++;
      continue;
    }
    if (brief(tag, key, value)) continue;
    const pair = begin(tag);
    text(0x0a, key);
    const any = begin(0x12);
    anyValue(value, depth);
    end(any);
    end(pair);
  }
  return dropped;
}

/** @param {() => void} write */
function written(write) {
  at = values = 0;
  write();
  return bytes.slice(0, at);
}

/** An object's attributes, each as a field of that tag. @param {number} tag @param {object} of */
export const encode = (tag, of) => written(() => attributes(tag, of, 0));

/** An id's bytes, behind their tag and length. @param {number} tag @param {Uint8Array} ids @param {number} from @param {number} length */
function id(tag, ids, from, length) {
  const to = bytes;
  const place = at;
  to[place] = tag;
  to[place + 1] = length;
  for (let n = 0; n < length; n++) to[place + 2 + n] = ids[from + n];
  at = place + 2 + length;
}

/** Bits 8 and 9 of the flags: that it is known whether a context is another process's, and that it is. @param {boolean} isRemote */
const remote = (isRemote) => (isRemote ? 3 : 1);

/** @param {import('./context.js').Context} context @param {object} own */
function link(context, own) {
  const from = begin(0x6a);
  room(64);
  id(0x0a, context.ids, context.at, 16);
  id(0x12, context.ids, context.at + 16, 8);
  attributes(0x22, own, 0);
  room(8);
  bytes.set([0x35, context.flags, remote(context.isRemote), 0, 0], at);
  at += 5;
  end(from);
}

/** A span but for its times. @param {import('./span.js').Span} span */
function span({ name, kind, context, parent, links, error, attributes: own }) {
  values = 0;
  room(64);
  id(0x0a, context.ids, context.at, 16);
  id(0x12, context.ids, context.at + 16, 8);
  if (context.state) text(0x1a, context.state);
  room(16);
  if (parent) id(0x22, parent.ids, parent.at + 16, 8);
  text(0x2a, name);
  room(4);
  bytes[at++] = 0x30;
  bytes[at++] = kind;
  const dropped = attributes(SPAN, own, 0);
  if (dropped > 0) {
    room(8);
    bytes[at++] = 0x50;
    varint(dropped);
  }
  if (links) for (const { context, attributes } of links) link(context, attributes);
  if (error !== undefined) {
    const status = begin(0x7a);
    if (error) text(0x12, error);
    room(2);
    bytes[at++] = 0x18;
    bytes[at++] = 2;
    end(status);
  }
  room(6);
  bytes[at++] = 0x85;
  bytes[at++] = 0x01;
  bytes[at++] = context.flags;
  bytes[at++] = parent ? remote(parent.isRemote) : 1;
  bytes[at++] = 0;
  bytes[at++] = 0;
}

/**
 * Spans, each behind its length, its start and its end. What comes back is good until the next is written.
 * @param {import('./span.js').Span[]} spans @param {(error: unknown) => void} failed a getter of
 * the app's threw
 */
export function encodeSpans(spans, failed) {
  at = 0;
  for (const one of spans) {
    room(20);
    const from = at;
    at += 20;
    try {
      span(one);
      view.setUint32(from, at - from - 20, true);
      view.setFloat64(from + 4, one.start, true);
      view.setFloat64(from + 12, one.ended, true);
    } catch (error) {
      at = from;
      failed(error);
    }
  }
  return bytes.subarray(0, at);
}

/** A log record but for its times, its severity and its id.
 *  @param {string} event @param {import('./types').LogRecord} record */
export function encodeLog(event, { body, attributes: own = {}, span }) {
  const context = contextOf(span);
  return written(() => {
    if (isTold(body)) {
      const any = begin(0x2a);
      anyValue(body, 0);
      end(any);
    }
    text(0x62, event);
    attributes(LOG, own, 0);
    if (!context) return;
    room(40);
    bytes.set([0x45, context.flags, 0, 0, 0], at);
    at += 5;
    id(0x4a, context.ids, context.at, 16);
    id(0x52, context.ids, context.at + 16, 8);
  });
}

/** An instrument's bounds, and its name and unit. @param {string} name @param {string} unit @param {number[]} bounds */
export const encodeInstrument = (name, unit, bounds) =>
  written(() => {
    room(bounds.length * 8);
    bytes.set(new Uint8Array(Float64Array.from(bounds).buffer), at);
    at += bounds.length * 8;
    text(0x0a, name);
    text(0x1a, unit);
  });
