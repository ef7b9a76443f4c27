// Converts what an app hands over as Web IDL does (https://webidl.spec.whatwg.org/#js-type-mapping), or
// throws a `TypeError` that names the option or attribute, what was expected and what came. An exception that
// the app's own `valueOf` or `toString` throws passes through, as from the browser's own setters.

/** Describes a value without calling any of its methods. */
export function describeValue(value: unknown) {
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 60))}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array' : typeof value;
}

export const mismatch = (name: string, expected: string, value: unknown, cause?: unknown) =>
  Object.assign(
    new TypeError(`${name}: expected ${expected}, got ${describeValue(value)}`),
    cause && { cause },
  );

function converted<T>(name: string, expected: string, value: unknown, convert: () => T) {
  try {
    return convert();
  } catch (error) {
    throw error instanceof TypeError ? mismatch(name, expected, value, error) : error;
  }
}

/** `unrestricted double`. */
export const unrestrictedDouble = (name: string, value: unknown, expected: string = 'a number') =>
  converted(name, expected, value, () => +(value as any));

/** `double`. */
export function double(name: string, value: unknown) {
  const number = unrestrictedDouble(name, value, 'a finite number');
  if (!Number.isFinite(number)) throw mismatch(name, 'a finite number', value);
  return number;
}

/** `[EnforceRange] unsigned long`, or a lower limit. */
export function unsignedLong(name: string, value: unknown, max: number = 2 ** 32 - 1) {
  const number = Math.trunc(double(name, value)) + 0;
  if (number < 0 || number > max) throw mismatch(name, `a whole number from 0 to ${max}`, value);
  return number;
}

/** `DOMString`. */
export const string = (name: string, value: unknown): string =>
  converted(name, 'a string', value, () => `${value}`);

/** `USVString`: unpaired surrogates are replaced. */
export const usvString = (name: string, value: unknown) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(string(name, value)));

/** An enumeration. */
export function enumeration<T extends string>(name: string, value: unknown, values: readonly T[]) {
  const text = string(name, value) as T;
  if (!values.includes(text)) throw mismatch(name, `one of ${values.join(', ')}`, value);
  return text;
}

/** A dictionary: what is not given has no members, not even those that a page adds to `Object.prototype`. */
export function dictionary<T extends object>(name: string, value: T | null | undefined): T {
  if (value === undefined || value === null) return Object.create(null);
  if (typeof value !== 'object' && typeof value !== 'function') throw mismatch(name, 'an object', value);
  return value;
}

/**
 * A dictionary of options. One that is not known is refused, unlike in Web IDL: a misspelt option would have
 * no effect that shows.
 * @param name what is called
 */
export function knownOptions<T extends object>(name: string, value: T | null | undefined, known: string[]) {
  const options = dictionary(`${name}: options`, value);
  for (const option of Object.keys(options)) {
    if (!known.includes(option))
      throw new TypeError(`${name}: option "${option}": expected one of ${known.join(', ')}`);
  }
  return options;
}

/** A callback. */
export function callback<T extends (...args: any[]) => unknown>(name: string, value: T) {
  if (typeof value !== 'function') throw mismatch(name, 'a function', value);
  return value;
}

/** A sequence. */
export function sequence(name: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) throw mismatch(name, 'an array', value);
  return converted(name, 'an array', value, () => [...(value as Iterable<unknown>)]);
}

/** An interface of the platform, by its constructor. */
export type Interface = abstract new (...args: any[]) => unknown;

/**
 * The internal slot of a platform object, whatever realm it is of; undefined for any other value.
 * @param type its interface object
 * @param attribute an attribute of that interface
 */
export function slot(type: Interface | undefined, attribute: string, value: unknown) {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return Object.getOwnPropertyDescriptor(type?.prototype, attribute)?.get?.call(value);
  } catch {
    return undefined;
  }
}

/** An interface type: what has its internal slots. */
export function platformObject<T>(
  name: string,
  value: T,
  [type, attribute, expected]: [type: Interface | undefined, attribute: string, expected: string],
) {
  if (slot(type, attribute, value) === undefined) throw mismatch(name, expected, value);
  return value;
}

/** An `AbortSignal`, if there is one. */
export const abortSignal = (name: string, value: AbortSignal | null | undefined) =>
  value === undefined || value === null
    ? undefined
    : platformObject(name, value, [globalThis.AbortSignal, 'aborted', 'an AbortSignal']);

/** A text for telemetry, which throws nothing at its caller: what has no text is described. */
export function safeString(value: unknown) {
  if (typeof value === 'string') return value;
  try {
    return String(value);
  } catch {
    return describeValue(value);
  }
}

/** A measurement for telemetry: NaN, which is not recorded, for what is no number. */
export function safeNumber(value: unknown) {
  if (typeof value === 'number') return value;
  try {
    return +(value as any);
  } catch {
    return NaN;
  }
}

/**
 * A copy of what an app gives as attributes. A getter that throws costs its own attribute, and is reported.
 */
export function copyAttributes(attributes: unknown): Record<string, any> {
  try {
    return { ...(attributes as object) };
  } catch (error) {
    console.error(error);
  }
  const copy: Record<string, any> = {};
  try {
    for (const key of Object.keys(attributes as object)) {
      try {
        copy[key] = (attributes as any)[key];
      } catch {
        // Reported above.
      }
    }
  } catch {
    // A proxy that lists no keys has no attributes.
  }
  return copy;
}
