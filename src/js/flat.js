// What the core is told beside numbers, in one piece: words of four bytes, and behind them the text that they speak of
// (`otlp/src/flat.rs` reads it). Nothing is encoded here: that is quick in wasm from a page's first moment, where a script is slow
// until it was often run.
//
// Spans are gathered at the buffer's beginning, each at its end, until they are taken; every other message is written behind them, and copied.

import { contextOf } from './context.js';

/** Attributes that one record keeps (OpenTelemetry's default limit). */
const MOST = 128;
/** UTF-16 units that one text keeps. */
const LONGEST = 8192;
/** Values of one record, those within others included: something that holds itself must not hold the page. */
const MOST_VALUES = 1024;
/** How deep values may lie in one another. */
const DEEPEST = 8;
/** Words that a record has at most: four for each of its values, a dozen for each of its links. */
const ROOM = 8192;
/** UTF-16 units that are gathered, before what was gathered is to be taken; and words that stay at hand. */
const MUCH = 2 ** 18;
const KEPT = 2 ** 18;

/** Kinds of values, as `flat.rs` has them; from `TEXT` on it is a text of so many more UTF-16 units. */
const FALSE = 0;
const TRUE = 1;
const DOUBLE = 2;
const INTEGER = 3;
const LIST = 4;
const MAP = 5;
const NOTHING = 6;
const TEXT = 8;
/** Says that there is no context. */
const NONE = 0xffff_ffff;

const utf8 = new TextEncoder();
const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

let words = new Uint32Array(ROOM);
let n = 0;
let text = '';
let values = 0;
/** Whether objects inherit nothing that is enumerated. */
let plain = true;
/** Keys of the spans that are gathered, by the order in which they came. @type {Map<string, number>} */
const keys = new Map();
/** What is being written: a getter of the app's may call us. */
const IDLE = 0;
const MESSAGE = 1;
const SPAN = 2;
let writing = IDLE;

/** @param {number} more words that must find room */
function room(more) {
  if (words.length >= n + more) return;
  const larger = new Uint32Array(2 * (n + more));
  larger.set(words);
  words = larger;
}

/** @param {number} of */
function number(of) {
  double[0] = of;
  words[n] = halves[0];
  words[n + 1] = halves[1];
  n += 2;
}

/** @param {string} of @param {number} [kind] */
function string(of, kind = 0) {
  words[n++] = kind + of.length;
  text += of;
}

/** Values of other kinds are left out. @param {unknown} value */
const isTold = (value) => value !== undefined && value !== null && typeof value !== 'function' && typeof value !== 'symbol';

/** @param {unknown} of @param {number} depth */
function value(of, depth) {
  if (typeof of === 'string') string(of.length > LONGEST ? of.slice(0, LONGEST) : of, TEXT);
  else if (typeof of === 'number') {
    words[n++] = DOUBLE;
    number(of);
  } else if (typeof of === 'boolean') words[n++] = of ? TRUE : FALSE;
  else if (typeof of !== 'object' || of === null || depth === DEEPEST) words[n++] = NOTHING;
  else if (Array.isArray(of)) {
    words[n++] = LIST;
    const count = n++;
    words[count] = 0;
    for (const item of of) {
      if (++values > MOST_VALUES) break;
      words[count]++;
      value(item, depth + 1);
    }
  } else {
    words[n++] = MAP;
    attributes(of, depth + 1);
  }
}

/** How many there are and how many were left out, then each. What nearly all are is written here, over variables of its own: spans
 *  are written down while the app waits. @param {object} of @param {number} depth
 *  @param {boolean} [copied] whether it is a copy, in which nothing is inherited */
function attributes(of, depth, copied) {
  let into = words;
  const head = n;
  let at = head + 2;
  let told = text;
  let count = 0;
  let dropped = 0;
  // Wherever the app is asked, it may call us: what is written then comes behind, and there may be another array after it.
  n = at;
  for (const name in of) {
    if (!copied && !Object.hasOwn(of, name)) continue;
    const one = /** @type {Record<string, unknown>} */ (of)[name];
    into = words;
    if (!isTold(one)) continue;
    if (count === MOST || ++values > MOST_VALUES) {
      dropped++;
      continue;
    }
    count++;
    // Twice its length, and its text; or twice its place and one.
    const place = writing === SPAN ? keys.get(name) : undefined;
    if (place !== undefined) into[at++] = place;
    else {
      if (writing === SPAN) keys.set(name, 2 * keys.size + 1);
      into[at++] = 2 * name.length;
      told += name;
    }
    if (typeof one === 'string' && one.length <= LONGEST) {
      into[at++] = TEXT + one.length;
      told += one;
    } else if (typeof one === 'number' && (one | 0) === one) {
      into[at] = INTEGER;
      into[at + 1] = one;
      at += 2;
    } else {
      n = at;
      text = told;
      value(one, depth);
      at = n;
      told = text;
    }
    n = at;
  }
  words[head] = count;
  words[head + 1] = dropped;
  text = told;
}

/** Flags, whether it is another process's, and how long its `tracestate` is; both ids. @param {import('./context.js').Context | undefined} given */
function context(given) {
  if (!given) {
    words[n++] = NONE;
    return;
  }
  const { ids, at, flags, isRemote, state } = given;
  words[n++] = (isRemote ? flags + 256 : flags) + 65_536 * state.length;
  for (let word = 0; word < 6; word++) words[n++] = ids[at + word];
  text += state;
}

/** The bytes of what was written from there on, whose first word is held free. @param {number} from */
function taken(from) {
  // Of a unit come three bytes at most.
  room(Math.ceil((text.length * 3) / 4));
  const behind = (n - from) * 4;
  // The browser takes its time for nothing, too.
  const written = text === '' ? 0 : utf8.encodeInto(text, new Uint8Array(words.buffer, n * 4)).written;
  // How many words, and whether the text is all ASCII.
  words[from] = 2 * (n - from) + Number(written === text.length);
  return new Uint8Array(words.buffer, from * 4, behind + written);
}

/** What was taken is done with: a buffer that one large record needed is not kept. */
function release() {
  if (n === 0 && words.length > KEPT) words = new Uint32Array(ROOM);
}

/** Numbers, texts, attributes, and what else is to be written (`within`, `bodyOf`, `given`), in their order.
 *  @param {(number | string | object | (() => void))[]} parts */
export function flat(...parts) {
  const from = n;
  const before = text;
  const was = writing;
  const counted = values;
  text = '';
  writing = MESSAGE;
  values = 0;
  try {
    room(2 * parts.length + ROOM);
    n++;
    for (const part of parts) {
      if (typeof part === 'number') number(part);
      else if (typeof part === 'string') string(part);
      else if (typeof part === 'function') part();
      else attributes(part, 0);
    }
    return taken(from).slice();
  } finally {
    n = from;
    text = before;
    writing = was;
    values = counted;
    release();
  }
}

/** What an app gives as attributes, whatever it is, as a part. @param {unknown} of */
export const given = (of) => () => attributes(Object(of ?? {}), 0);

/** A span's context, or that there is none, as a part. @param {unknown} span */
export const within = (span) => {
  const of = contextOf(span);
  return () => context(of);
};

/** A log's body, or that there is none, as a part. @param {unknown} body */
export const bodyOf = (body) => () => {
  const told = isTold(body);
  words[n++] = Number(told);
  if (told) value(body, 0);
};

/** Gathers a span; says whether what was gathered is to be taken. Throws what a getter of the app's throws; then it is not there.
 *  @param {import('./span.js').Span} span */
export function gather({ start, ended, kind, context: own, name, parent, attributes: told, links, error }) {
  const from = n;
  const before = text;
  const known = 2 * keys.size;
  if (n === 0) {
    plain = Object.keys(Object.prototype).length === 0;
    n = 1;
  }
  values = 0;
  writing = SPAN;
  try {
    room(ROOM);
    number(start);
    number(ended);
    const count = links?.length ?? 0;
    words[n++] = kind + 8 * Number(error !== undefined) + 16 * count;
    context(own);
    string(name);
    context(parent);
    attributes(told, 0, plain && Object.getPrototypeOf(told) === Object.prototype);
    for (let at = 0; links && at < count; at++) {
      context(links[at].context);
      attributes(links[at].attributes, 0);
    }
    if (error !== undefined) string(error);
    return text.length > MUCH;
  } catch (thrown) {
    n = from;
    text = before;
    for (const [name, place] of keys) if (place > known) keys.delete(name);
    throw thrown;
  } finally {
    writing = IDLE;
  }
}

/** Whether nothing is being written. */
export const isIdle = () => writing === IDLE;

/** What was gathered; good until the next message is written. */
export function takeSpans() {
  try {
    return taken(0);
  } finally {
    n = 0;
    text = '';
    keys.clear();
    release();
  }
}
