// Reads the arguments of a `fetch` as Web IDL does: the input first, then each member of the init once, in
// lexicographical order.

import { slot } from './host/webidl.js';

/**
 * Members of `RequestInit` (Fetch, and the specifications that extend it), in the order in which they are
 * read.
 */
const MEMBERS = [
  ...['attributionReporting', 'body', 'browsingTopics', 'cache', 'credentials', 'duplex', 'headers'],
  ...['integrity', 'keepalive', 'method', 'mode', 'priority', 'privateToken', 'redirect', 'referrer'],
  ...['referrerPolicy', 'sharedStorageWritable', 'signal', 'targetAddressSpace', 'window'],
];

/** An attribute of a request, of whatever realm that is. */
export const requestAttribute = (request: unknown, attribute: string): any =>
  slot(Request, attribute, request);

export interface FetchArguments {
  /** a request, or a URL as a string */
  input: any;
  /** the input, where it is a request */
  request: any;
  /** with the members that were read; others are still the app's own */
  init: object | undefined;
  members: Record<string, any>;
  /** the init's member, or else the request's attribute */
  valueOf: (name: string) => any;
}

/** A string; undefined where the browser itself has an error for the value. */
function convert(value: unknown) {
  try {
    return `${value}`;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Undefined where the browser itself has an error for them. Throws what the app's own code throws. */
export function readArguments(input: any, init: any): FetchArguments | undefined {
  const request = requestAttribute(input, 'url') === undefined ? undefined : input;
  const target = request ?? convert(input);
  if (target === undefined) return undefined;
  const members: Record<string, any> = Object.create(null);
  const valueOf = (name: string) => (name in members ? members[name] : requestAttribute(request, name));
  if (init === undefined || init === null)
    return { input: target, request, init: undefined, members, valueOf };
  if (typeof init !== 'object' && typeof init !== 'function') return undefined;
  const own: PropertyDescriptorMap = Object.create(null);
  for (const name of MEMBERS) {
    let value = init[name];
    if (name === 'method' && value !== undefined) value = convert(value) ?? value;
    own[name] = { value };
    if (value !== undefined) members[name] = value;
  }
  return { input: target, request, init: Object.create(init, own), members, valueOf };
}

/**
 * The init that sends a request with other headers and changes nothing else. One beside a request resets its
 * referrer and its referrer policy (Fetch, "new Request", step 13), so both are given again.
 */
export function initWithHeaders({ request, init, members }: FetchArguments, headers: HeadersInit): any {
  if (!request || Object.keys(members).length > 0)
    return Object.create(init ?? null, { headers: { value: headers } });
  const [referrer, referrerPolicy] = ['referrer', 'referrerPolicy'].map((name) =>
    requestAttribute(request, name),
  );
  return Object.assign(Object.create(null), { headers, referrer, referrerPolicy });
}
