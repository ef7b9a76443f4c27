// Contexts in and out of headers as apps hold them. Before the core is there W3C Trace Context alone; baggage
// and B3 the extended core reads and writes (`crates/telemetry/src/propagation`).

import { contextOf, format } from '../before/context.js';
import { flat, spanContextPart } from './flat.js';
import { currentCore } from './loader.js';
import { dictionary, mismatch, safeString, usvString } from '../host/webidl.js';
import type { RemoteContext } from '../types/index.js';

/** Keys, members and bytes of a `baggage` header (W3C Baggage, sections 3.3.1.1 and 3.3.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const MAX_MEMBERS = 64;
const MAX_BYTES = 8192;

/** Headers that say something of a context, and the longest value of one that is read. */
const CARRIED = [
  ...['traceparent', 'tracestate', 'baggage', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled'],
  'x-b3-flags',
];

const utf8 = new TextEncoder();

/**
 * The header's value, of the members that find room.
 * @param members a token and a text each
 */
function header(members: [string, string][]) {
  let value = '';
  for (const [key, member] of members.slice(0, MAX_MEMBERS)) {
    const pair = `${key}=${encodeURIComponent(member)}`;
    if (value.length + pair.length < MAX_BYTES) value += (value && ',') + pair;
  }
  return value;
}

/** The `baggage` header of what an app sets. Throws a `TypeError` for a key that is no token. */
export const baggageHeader = (entries: unknown) =>
  header(
    Object.entries(dictionary('setBaggage', entries as object | undefined)).map(([key, value]) => {
      if (!TOKEN.test(key)) throw mismatch('setBaggage', 'a key that is a token', key);
      return [key, usvString(`setBaggage: "${key}"`, value)];
    }),
  );

/** The baggage that came with what an app gives as a context: a span, or what `extract` gave. */
export function baggageOf(given: any) {
  try {
    if (typeof given !== 'object' || given === null) return '';
    if (given.context) return String(given.context.baggage ?? '');
    const members = Object.entries(given.baggage ?? {}).filter(([key]) => TOKEN.test(key));
    return header(members.map(([key, value]) => [key, usvString(key, safeString(value))]));
  } catch (error) {
    console.error(error);
    return '';
  }
}

/**
 * The headers that hand a context on, and the baggage that came with it.
 * @param extended whether the pipeline asks for more than W3C Trace Context
 */
export function inject(telemetry: number, extended: boolean, span: unknown): Record<string, string> {
  const context = contextOf(span);
  if (!extended) {
    if (!context) return {};
    return { traceparent: format(context), ...(context.state && { tracestate: context.state }) };
  }
  const baggage = baggageOf(span);
  if (!context && !baggage) return {};
  const bytes = flat(spanContextPart(context && { context }), baggage);
  const lines = currentCore()?.inject(telemetry, bytes)?.trim();
  return !lines ? {} : Object.fromEntries(lines.split('\n').map((line) => line.split(/: (.*)/, 2)));
}

/**
 * The headers of a carrier that say something of a context, each as text. One that cannot be read is left
 * out: headers of a request are anybody's.
 */
function readCarrier(carrier: any) {
  const headers: Map<string, string> = new Map();
  const add = (name: unknown, value: unknown) => {
    const known = safeString(name).toLowerCase();
    const line = safeString(Array.isArray(value) ? value.join() : value);
    if (CARRIED.includes(known) && !headers.has(known) && line.length <= MAX_BYTES && !/[\0\r\n]/.test(line))
      headers.set(known, line);
  };
  try {
    const entries =
      typeof carrier?.entries === 'function' ? carrier.entries() : Object.entries(carrier ?? {});
    for (const [name, value] of entries) add(name, value);
  } catch (error) {
    // A proxy or a getter of the app's own.
    console.error(error);
  }
  return headers;
}

/**
 * The context and the baggage of some headers; undefined where there is neither. Throws nothing.
 * @param extended as of `inject`
 */
export function extract(telemetry: number, extended: boolean, carrier: unknown): RemoteContext | undefined {
  const headers = readCarrier(carrier);
  if (!extended) {
    const [traceparent, tracestate] = ['traceparent', 'tracestate'].map((name) => headers.get(name));
    const context = contextOf({ traceparent, tracestate });
    return context && { traceparent: format(context), tracestate: context.state };
  }
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  const found = currentCore()?.extract(telemetry, utf8.encode(lines)) ?? '';
  const [traceparent = '', tracestate = '', members = ''] = found.split('\n');
  // A value may have a `=` of its own; properties follow it.
  const pairs = [...members.matchAll(/([^,=]+)=([^,;]*)/g)].filter(
    ({ index }) => index === 0 || members[index - 1] === ',',
  );
  const baggage = Object.fromEntries(pairs.map(([, key, value]) => [key, decodeURIComponent(value)]));
  if (traceparent) return { traceparent, tracestate, baggage };
  return pairs.length > 0 ? { baggage } : undefined;
}
