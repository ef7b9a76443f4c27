// What identifies a span (W3C Trace Context Level 2), as the bytes that every record has of it. Ids are given
// here, so that a span may begin before the core is there; their text is made when it is read.

/**
 * Ids and flags of a span: the trace's four words and the span's two lie in `ids` from `at` on.
 * `state` is the `tracestate`, `baggage` that header's value
 */
export type Context = {
  ids: Uint32Array;
  at: number;
  flags: number;
  isRemote: boolean;
  state: string;
  baggage: string;
};

/** Words of both ids: six are copied in less time than 24 bytes. */
const IDS = 6;
/** Bytes of one. */
const WORD = 4;
/** Spans whose ids are drawn together: asking for each alone takes longer than all else. */
const DRAWN = 256;
/** The flags of a trace that begins: sampled, and its id is random. */
const BEGINS = 3;

let pool = new Uint32Array();
let used = 0;

/** Takes a place for a new span's ids: its trace's is that of the parent, or new. */
export function newContext(parent: Context | undefined, baggage: string): Context {
  if (used === pool.length) {
    // Not filled anew: spans that live hold their part of the old one.
    pool = crypto.getRandomValues(new Uint32Array(IDS * DRAWN));
    used = 0;
  }
  const at = used;
  used += IDS;
  if (parent) for (let n = 0; n < 4; n++) pool[at + n] = parent.ids[parent.at + n];
  // Never all zeros; of a trace's id the lower seven bytes stay random (section 3.2.3.3).
  else pool[at] |= 1;
  pool[at + 4] |= 1;
  return {
    ids: pool,
    at,
    flags: parent ? parent.flags | 1 : BEGINS,
    isRemote: false,
    state: parent?.state ?? '',
    baggage,
  };
}

/** In hexadecimal digits: newer browsers do it in one step. */
export const hexOf = (bytes: Uint8Array & { toHex?: () => string }): string =>
  bytes.toHex?.() ?? Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The bytes of both ids. */
export const idsOf = ({ ids, at }: Context) =>
  new Uint8Array(ids.buffer, ids.byteOffset + at * WORD, IDS * WORD);

/** The `traceparent` that hands a context on. */
export function format(context: Context) {
  const hex = hexOf(idsOf(context));
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-0${context.flags}`;
}

/** A `traceparent` (section 3.2); a later version than 00 may go on behind its flags. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?=$|-)/;

/** Members of a `tracestate` (section 3.3.1.3). */
const MEMBER = /^[a-z\d][-a-z\d_*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/** A `tracestate` as it is handed on; what is malformed is none. */
function stateOf(given: unknown) {
  const members = String(given ?? '')
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter(Boolean);
  const keys = members.map((member) => member.split('=', 1)[0]);
  const wellFormed = members.length <= 32 && members.every((member) => MEMBER.test(member));
  // Of a key that comes twice the first, which is the newer one, stands.
  return wellFormed ? members.filter((_, at) => keys.indexOf(keys[at]) === at).join() : '';
}

/**
 * Returns the context of a span, or of what an app gives as one: an object with a `traceparent`, or that
 * header's value. There is none where that is malformed, or where a getter of the app's throws: telemetry
 * breaks nothing.
 */
export function contextOf(given: unknown): Context | undefined {
  try {
    return parseContext(given);
  } catch (error) {
    console.error(error);
    return undefined;
  }
}

function parseContext(given: unknown): Context | undefined {
  const object =
    typeof given === 'object'
      ? (given as { context?: Context; traceparent?: unknown; tracestate?: unknown } | null)
      : undefined;
  if (object?.context?.ids instanceof Uint32Array) return object.context;
  const text = object ? object.traceparent : given;
  const [all, version, trace, span, flags] = (typeof text === 'string' && TRACEPARENT.exec(text)) || [];
  if (!all || !trace || !span || (version === '00' && (text as string).length > 55)) return undefined;
  const hex = trace + span;
  const bytes = Uint8Array.from({ length: IDS * WORD }, (_, n) => parseInt(hex.slice(2 * n, 2 * n + 2), 16));
  // The two flags that are defined; others must not be passed on.
  return {
    ids: new Uint32Array(bytes.buffer),
    at: 0,
    flags: parseInt(flags as string, 16) & 3,
    isRemote: true,
    state: stateOf(object?.tracestate),
    baggage: '',
  };
}
