// What the core is given beside numbers, in one piece: words of four bytes, and texts in UTF-8, each in words
// of its own (`crates/otlp/src/flat.rs` reads it). Protobuf is made there: that is quick in wasm from a
// page's first moment, where a script is slow until it was often run.
//
// Spans and log records are gathered in rows at the buffer's beginning, each when it is over, until they are
// taken; every other message is written behind them, and copied.

import { contextOf } from '../before/context.js';
import { exceptionOf, isError, recordable } from './values.js';
import { copyAttributes } from '../host/webidl.js';
import type { Context } from '../before/context.js';

/** Attributes that one record keeps (OpenTelemetry's default limit). */
const MOST = 128;
/** UTF-16 units that one text keeps. */
const LONGEST = 8192;
/**
 * Values of one record, those within others included: something that holds itself must not hold the page.
 * Those within others leave room for the attributes that come after them.
 */
const MOST_VALUES = 1024;
const MOST_WITHIN = MOST_VALUES - MOST;
/** How deep values may lie in one another. */
const DEEPEST = 8;
/**
 * Words that a record has at most beside its texts: four for each of its values, a dozen for each of its
 * links.
 */
const ROOM = 8192;
/** Words that are gathered, before what was gathered is to be taken; and words that stay at hand. */
const MUCH = 2 ** 16;
const KEPT = 2 ** 18;
/**
 * UTF-16 units of a text that is written here, if it is ASCII: the browser's encoder takes its time for
 * nothing, too.
 */
const SHORT = 48;

/** Kinds of values, as `flat.rs` has them; from `TEXT` on it is a text of so many more bytes. */
const FALSE = 0;
const TRUE = 1;
const DOUBLE = 2;
const INTEGER = 3;
const LIST = 4;
const MAP = 5;
const NOTHING = 6;
const TEXT = 8;
/**
 * Bits of a row's head, by the names that `span.rs` and `flat.rs` have for them. Of a span the lowest three are
 * its kind; of a log record these are 0.
 */
const HAS_ERROR = 1 << 3;
const LINKS_SHIFT = 4;
const EVENTS_SHIFT = 12;
const HAS_DROPPED = 1 << 20;
const HAS_BODY = 1 << 3;
/** Says that there is no context. */
const NONE = 0xffff_ffff;

const utf8 = new TextEncoder();
const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

let words = new Uint32Array(ROOM);
let bytes = new Uint8Array(words.buffer);
let n = 0;
let values = 0;
/** Values of the record that lost a part to a limit. */
let cuts = 0;
/** The first error among the values of the record. */
let exception: Error | undefined;
/** Whether objects inherit nothing that is enumerated. */
let plain = true;
/** Keys of the rows that are gathered, by the order in which they came. */
const keys: Map<string, number> = new Map();
/** Keys of the last rows by their order, and their places. */
let recentNames: string[] = [];
const recentPlaces: number[] = [];
/** What is being written: a getter of the app's may call us. */
const IDLE = 0;
const MESSAGE = 1;
const ROW = 2;
let writing = IDLE;

/**
 * The array anew.
 * @param size in words
 */
function make(size: number) {
  words = new Uint32Array(size);
  bytes = new Uint8Array(words.buffer);
}

/** What a record has beside its texts must find room behind so many words. */
function room(at: number) {
  if (words.length >= at + ROOM) return;
  const before = words;
  make(2 * (at + ROOM));
  words.set(before);
}

function number(of: number) {
  double[0] = of;
  words[n] = halves[0];
  words[n + 1] = halves[1];
  n += 2;
}

/** Writes a text from that word on; of how many bytes it is. */
function put(of: string, at: number) {
  const { length } = of;
  // Of a unit come three bytes at most.
  room(at + wordsOf(3 * length));
  const into = bytes;
  const to = 4 * at;
  let written = 0;
  if (length < SHORT) {
    for (; written < length; written++) {
      const unit = of.charCodeAt(written);
      if (unit > 127) break;
      into[to + written] = unit;
    }
  }
  return written < length ? utf8.encodeInto(of, bytes.subarray(to)).written : length;
}

/** How many words so many bytes take. */
const wordsOf = (length: number) => (length + 3) >> 2;

/** @param at where its length goes */
function string(of: string, kind: number = 0, at: number = n++) {
  const length = put(of, n);
  words[at] = kind + length;
  n += wordsOf(length);
}

/** Whether a value can be recorded at all. */
const isRecordable = (value: unknown) =>
  value !== undefined && value !== null && typeof value !== 'function' && typeof value !== 'symbol';

/** @param kind where that goes */
function value(given: unknown, depth: number, kind: number = n++) {
  const of = typeof given === 'object' || typeof given === 'bigint' ? recordable(given, depth === 0) : given;
  if (depth === 0 && !exception && of !== given && isError(given)) exception = given;
  if (typeof of === 'string') string(of.length > LONGEST ? of.slice(0, LONGEST) : of, TEXT, kind);
  else if (typeof of === 'number') {
    words[kind] = DOUBLE;
    number(of);
  } else if (typeof of === 'boolean') words[kind] = of ? TRUE : FALSE;
  else if (typeof of !== 'object' || of === null || depth === DEEPEST) words[kind] = NOTHING;
  else if (Array.isArray(of) || ArrayBuffer.isView(of)) {
    words[kind] = LIST;
    const count = n++;
    words[count] = 0;
    for (const item of of as Iterable<unknown>) {
      if (++values > MOST_WITHIN) {
        cuts++;
        break;
      }
      words[count]++;
      value(item, depth + 1);
    }
  } else {
    words[kind] = MAP;
    attributes(of, depth + 1);
  }
}

/**
 * Where a key of a row is in the batch, if it is there. Rows that follow each other mostly have the same keys
 * in the same order.
 * @param at its place in the row
 */
function placeOf(name: string, at: number) {
  if (recentNames[at] === name) return recentPlaces[at];
  const place = keys.get(name);
  if (place !== undefined) {
    recentNames[at] = name;
    recentPlaces[at] = place;
  }
  return place;
}

/**
 * How many there are and how many were left out or cut, then each. What nearly all are is written here, over
 * variables of its own: spans are written down while the app waits.
 * @param copied whether it is a copy, in which nothing is inherited
 */
function attributes(of: object, depth: number, copied?: boolean) {
  const head = n;
  let at = head + 2;
  let count = 0;
  let dropped = 0;
  const most = depth > 0 ? MOST_WITHIN : MOST_VALUES;
  // Wherever the app is asked, it may call us: what is written then comes behind, and there may be another
  // array after it.
  n = at;
  for (const name in of) {
    if (!copied && !Object.hasOwn(of, name)) continue;
    const one = (of as Record<string, unknown>)[name];
    if (!isRecordable(one)) continue;
    if (count === MOST || name === '' || ++values > most) {
      dropped++;
      continue;
    }
    count++;
    // Twice its length, and its text behind the next word; or twice its place and one.
    const key = at;
    const kind = at + 1;
    at += 2;
    const place = writing === ROW ? placeOf(name, count) : undefined;
    if (place !== undefined) words[key] = place;
    else {
      if (writing === ROW) keys.set(name, 2 * keys.size + 1);
      const length = put(name, at);
      words[key] = 2 * length;
      at += wordsOf(length);
    }
    if (typeof one === 'string' && one.length <= LONGEST) {
      const length = put(one, at);
      words[kind] = TEXT + length;
      at += wordsOf(length);
    } else if (typeof one === 'number' && (one | 0) === one) {
      words[kind] = INTEGER;
      words[at++] = one;
    } else {
      n = at;
      value(one, depth, kind);
      at = n;
    }
    n = at;
  }
  words[head] = count;
  if (depth > 0 && dropped > 0) cuts++;
  words[head + 1] = depth > 0 ? dropped : dropped + cuts;
}

/** Flags, whether it is another process's, and how long its `tracestate` is; both ids. */
function context(given: Context | undefined) {
  if (!given) {
    words[n++] = NONE;
    return;
  }
  const { ids, at, flags, isRemote, state } = given;
  words[n++] = (isRemote ? flags + 256 : flags) + 65_536 * state.length;
  for (let word = 0; word < 6; word++) words[n++] = ids[at + word];
  if (state) n += wordsOf(put(state, n));
}

/** What was written from there on. */
const taken = (from: number) => bytes.subarray(4 * from, 4 * n);

/** What was taken is done with: a buffer that one large record needed is not kept. */
function release() {
  if (n === 0 && words.length > KEPT) make(ROOM);
}

/**
 * Numbers, texts, attributes, and what else is to be written (`spanContextPart`, `attributesPart`), in their
 * order.
 */
export function flat(...parts: (number | string | object | (() => void))[]) {
  const from = n;
  const was = writing;
  const counted = [values, cuts];
  writing = MESSAGE;
  values = cuts = 0;
  try {
    room(n + 2 * parts.length);
    for (const part of parts) {
      if (typeof part === 'number') number(part);
      else if (typeof part === 'string') string(part);
      else if (typeof part === 'function') part();
      else attributes(part, 0);
    }
    return taken(from).slice();
  } finally {
    n = from;
    writing = was;
    [values, cuts] = counted;
    release();
  }
}

/** What an app gives as attributes, whatever it is, as a part. */
export const attributesPart = (of: unknown) => () => attributes(Object(of ?? {}), 0);

/** A span's context, or that there is none, as a part. */
export const spanContextPart = (span: unknown) => {
  const of = contextOf(span);
  return () => context(of);
};

/** A row begins behind those that are gathered: how many keys there are. */
function beginRow() {
  if (n === 0) plain = Object.keys(Object.prototype).length === 0;
  values = cuts = 0;
  exception = undefined;
  writing = ROW;
  room(n);
  return keys.size;
}

/** Takes back a row that begins there, before which there were so many keys. */
function undoRow(from: number, known: number) {
  n = from;
  for (const [name, place] of keys) if (place > 2 * known) keys.delete(name);
  recentNames = [];
}

/** Attributes of a row, which are nearly always a plain object's. */
const own = (of: object) => attributes(of, 0, plain && Object.getPrototypeOf(of) === Object.prototype);

export type LogRow = {
  time: number;
  severity: number;
  eventName: string;
  body: unknown;
  attributes: object;
  context: Context | undefined;
};

/** A span that has ended, as it is gathered. Times are page times. */
export interface EndedSpan {
  readonly start: number;
  readonly ended: number;
  readonly kind: number;
  readonly context: Context;
  readonly name: string;
  readonly parent: Context | undefined;
  readonly attributes: object;
  readonly links: { context: Context; attributes: object }[] | undefined;
  readonly events: { time: number; name: string; attributes: object }[] | undefined;
  readonly error: string | undefined;
  /** What found no room. */
  readonly dropped: { links: number; events: number } | undefined;
}

/**
 * Gathers a span that has ended; says whether what was gathered is to be taken. Throws what a getter of the
 * app's throws; then it is not there.
 */
export function gatherSpan({
  start,
  ended,
  kind,
  context: ids,
  name,
  parent,
  attributes: of,
  links,
  events,
  error,
  dropped,
}: EndedSpan) {
  const from = n;
  const known = beginRow();
  try {
    const linked = links?.length ?? 0;
    const happened = events?.length ?? 0;
    words[n++] =
      kind |
      (error === undefined ? 0 : HAS_ERROR) |
      (linked << LINKS_SHIFT) |
      (happened << EVENTS_SHIFT) |
      (dropped ? HAS_DROPPED : 0);
    number(start);
    number(ended);
    context(ids);
    string(name);
    context(parent);
    own(of);
    for (let at = 0; links && at < linked; at++) {
      context(links[at].context);
      cuts = 0;
      attributes(links[at].attributes, 0);
    }
    for (let at = 0; events && at < happened; at++) {
      number(events[at].time);
      string(events[at].name);
      cuts = 0;
      attributes(events[at].attributes, 0);
    }
    if (error !== undefined) string(error);
    if (dropped) {
      words[n++] = dropped.links;
      words[n++] = dropped.events;
    }
    return n > MUCH;
  } catch (thrown) {
    undoRow(from, known);
    throw thrown;
  } finally {
    writing = IDLE;
  }
}

function describeException(error: Error) {
  try {
    return exceptionOf(error);
  } catch (thrown) {
    // A getter of the app's own.
    console.error(thrown);
    return undefined;
  }
}

/** @param of its attributes */
function writeLog({ time, severity, eventName, body, context: span }: LogRow, of: object) {
  const hasBody = isRecordable(body);
  words[n++] = hasBody ? HAS_BODY : 0;
  number(time);
  words[n++] = severity;
  context(span);
  // Behind the attributes' places.
  const place = placeOf(eventName, MOST);
  if (place !== undefined) words[n++] = place;
  else {
    keys.set(eventName, 2 * keys.size + 1);
    const length = put(eventName, n + 1);
    words[n] = 2 * length;
    n += 1 + wordsOf(length);
  }
  if (hasBody) value(body, 0);
  own(of);
}

/** Gathers a log record, as a span. The first error among its body and its attributes is its exception. */
export function gatherLog(row: LogRow) {
  const from = n;
  const known = beginRow();
  try {
    try {
      writeLog(row, row.attributes);
    } catch {
      // A getter that throws costs its own attribute.
      undoRow(from, known);
      writeLog(row, copyAttributes(row.attributes));
    }
    const described = exception && describeException(exception);
    if (described) {
      undoRow(from, known);
      writeLog(row, { ...described, ...copyAttributes(row.attributes) });
    }
    return n > MUCH;
  } catch (thrown) {
    undoRow(from, known);
    throw thrown;
  } finally {
    writing = IDLE;
  }
}

/** Whether nothing is being written. */
export const isIdle = () => writing === IDLE;

/** What was gathered; good until the next message is written. */
export function takeRows() {
  const rows = taken(0);
  n = 0;
  keys.clear();
  recentNames = [];
  release();
  return rows;
}
