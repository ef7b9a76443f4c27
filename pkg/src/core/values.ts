// Values of an app as a record can hold them: texts, numbers, booleans, lists and maps of those. Owns what an
// `Error`, a `Date`, a `Map`, a typed array and the like become; `flat.ts` owns how many and how deep.

import { describeValue } from '../host/webidl.js';

/** Entries that are taken over of a `Map`: more than one record keeps. */
const MAX_ENTRIES = 1024;

/** The class of an object, of whatever realm it is. */
const classOf = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);

/** Whether a value is an `Error` or a `DOMException`. */
export const isError = (value: unknown): value is Error =>
  typeof value === 'object' &&
  value !== null &&
  (value instanceof Error || ['Error', 'DOMException'].includes(classOf(value)));

const textOf = (value: unknown) => (value === undefined || value === null ? undefined : `${value}`);

/** An exception's attributes (semantic conventions). Throws what a getter of the app's throws. */
export const exceptionOf = (error: any): Record<string, string | undefined> =>
  isError(error)
    ? {
        'exception.type': textOf(error.name),
        'exception.message': textOf(error.message),
        'exception.stacktrace': textOf(error.stack),
      }
    : { 'exception.type': classOf(error), 'exception.message': textOf(error) };

/** The first entries of an iterable. */
function firstOf(entries: Iterable<any>) {
  const first = [];
  for (const entry of entries) if (first.push(entry) > MAX_ENTRIES) break;
  return first;
}

/**
 * What an object is recorded as: a text, a number, an array or a typed array for a list, or an object whose
 * own members are a map's.
 * @param isShort whether an error is its name and message alone
 */
function convert(value: any, isShort: boolean): any {
  const type = classOf(value);
  if (isError(value)) return isShort ? `${value.name}: ${value.message}` : exceptionOf(value);
  if (type === 'DataView') return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (type.endsWith('ArrayBuffer')) return new Uint8Array(value);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  if (type === 'Set') return firstOf(value);
  if (type === 'Map') return Object.fromEntries(firstOf(value));
  if (['Number', 'String', 'Boolean', 'RegExp', 'URLSearchParams'].includes(type)) {
    const primitive = value.valueOf();
    return typeof primitive === 'object' ? String(value) : primitive;
  }
  if (typeof value.toJSON !== 'function') return value;
  // Of a `Date` that is none it is null.
  const json = value.toJSON() ?? String(value);
  return typeof json === 'bigint' ? String(json) : json;
}

/**
 * A value as a record can hold it; undefined for what is none. A member that throws leaves the description of
 * its object.
 * @param isShort as of `convert`
 */
export function recordable(value: unknown, isShort: boolean = true): any {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== 'object')
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  if (value === null) return undefined;
  try {
    return convert(value, isShort);
  } catch (error) {
    console.error(error);
    return describeValue(value);
  }
}
