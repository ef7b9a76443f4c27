// Converts what an app hands over as Web IDL does (https://webidl.spec.whatwg.org/#js-type-mapping), or throws a
// `TypeError` that names the option or attribute, what was expected and what came. An exception that the app's own
// `valueOf` or `toString` throws passes through, as from the browser's own setters.

/** Describes a value without calling any of its methods. @param {unknown} value */
export function describeValue(value) {
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 60))}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array' : typeof value;
}

/** @param {string} name @param {string} expected @param {unknown} value @param {unknown} [cause] */
export const mismatch = (name, expected, value, cause) =>
  Object.assign(
    new TypeError(`${name}: expected ${expected}, got ${describeValue(value)}`),
    cause && { cause },
  );

/** @template T @param {string} name @param {string} expected @param {unknown} value @param {() => T} convert */
function converted(name, expected, value, convert) {
  try {
    return convert();
  } catch (error) {
    throw error instanceof TypeError ? mismatch(name, expected, value, error) : error;
  }
}

/** `unrestricted double`. @param {string} name @param {unknown} value @param {string} [expected] */
export const unrestrictedDouble = (name, value, expected = 'a number') =>
  converted(name, expected, value, () => +(/** @type {any} */ (value)));

/** `double`. @param {string} name @param {unknown} value */
export function double(name, value) {
  const number = unrestrictedDouble(name, value, 'a finite number');
  if (!Number.isFinite(number)) throw mismatch(name, 'a finite number', value);
  return number;
}

/**
 * `[EnforceRange] unsigned long`, or a lower limit.
 * @param {string} name @param {unknown} value @param {number} [max]
 */
export function unsignedLong(name, value, max = 2 ** 32 - 1) {
  const number = Math.trunc(double(name, value)) + 0;
  if (number < 0 || number > max) throw mismatch(name, `a whole number from 0 to ${max}`, value);
  return number;
}

/** `DOMString`. @param {string} name @param {unknown} value @returns {string} */
export const string = (name, value) => converted(name, 'a string', value, () => `${value}`);

/** `USVString`: unpaired surrogates are replaced. @param {string} name @param {unknown} value */
export const usvString = (name, value) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(string(name, value)));

/** An enumeration. @template {string} T @param {string} name @param {unknown} value @param {readonly T[]} values */
export function enumeration(name, value, values) {
  const text = /** @type {T} */ (string(name, value));
  if (!values.includes(text)) throw mismatch(name, `one of ${values.join(', ')}`, value);
  return text;
}

/**
 * A dictionary: what is not given has no members, not even those that a page adds to `Object.prototype`.
 * @template {object} T @param {string} name @param {T | null | undefined} value @returns {T}
 */
export function dictionary(name, value) {
  if (value === undefined || value === null) return Object.create(null);
  if (typeof value !== 'object' && typeof value !== 'function') throw mismatch(name, 'an object', value);
  return value;
}

/**
 * A dictionary of options. One that is not known is refused, unlike in Web IDL: a misspelt option would have no effect
 * that shows.
 * @template {object} T @param {string} name what is called @param {T | null | undefined} value
 * @param {string[]} known
 */
export function knownOptions(name, value, known) {
  const options = dictionary(`${name}: options`, value);
  for (const option of Object.keys(options)) {
    if (!known.includes(option))
      throw new TypeError(`${name}: option "${option}": expected one of ${known.join(', ')}`);
  }
  return options;
}

/** A callback. @template {Function} T @param {string} name @param {T} value */
export function callback(name, value) {
  if (typeof value !== 'function') throw mismatch(name, 'a function', value);
  return value;
}

/** A sequence. @param {string} name @param {unknown} value @returns {unknown[]} */
export function sequence(name, value) {
  if (typeof value !== 'object' || value === null) throw mismatch(name, 'an array', value);
  return converted(name, 'an array', value, () => [.../** @type {Iterable<unknown>} */ (value)]);
}

/**
 * The internal slot of a platform object, whatever realm it is of; undefined for any other value.
 * @param {Function | undefined} type its interface object @param {string} attribute an attribute of that interface
 * @param {unknown} value
 */
export function slot(type, attribute, value) {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return Object.getOwnPropertyDescriptor(type?.prototype, attribute)?.get?.call(value);
  } catch {
    return undefined;
  }
}

/** An interface type: what has its internal slots. @template T @param {string} name @param {T} value
 *  @param {[type: Function | undefined, attribute: string, expected: string]} brand */
export function platformObject(name, value, [type, attribute, expected]) {
  if (slot(type, attribute, value) === undefined) throw mismatch(name, expected, value);
  return value;
}

/** An `AbortSignal`, if there is one. @param {string} name @param {AbortSignal | null | undefined} value */
export const abortSignal = (name, value) =>
  value === undefined || value === null
    ? undefined
    : platformObject(name, value, [globalThis.AbortSignal, 'aborted', 'an AbortSignal']);

/**
 * A text for telemetry, which throws nothing at its caller: what has no text is described.
 * @param {unknown} value
 */
export function safeString(value) {
  if (typeof value === 'string') return value;
  try {
    return String(value);
  } catch {
    return describeValue(value);
  }
}

/**
 * A measurement for telemetry: NaN, which is not recorded, for what is no number.
 * @param {unknown} value
 */
export function safeNumber(value) {
  if (typeof value === 'number') return value;
  try {
    return +(/** @type {any} */ (value));
  } catch {
    return NaN;
  }
}

/**
 * A copy of what an app gives as attributes. A getter that throws costs its own attribute, and is reported.
 * @param {unknown} attributes @returns {Record<string, any>}
 */
export function copyAttributes(attributes) {
  try {
    return { .../** @type {object} */ (attributes) };
  } catch (error) {
    console.error(error);
  }
  /** @type {Record<string, any>} */
  const copy = {};
  try {
    for (const key of Object.keys(/** @type {object} */ (attributes))) {
      try {
        copy[key] = /** @type {any} */ (attributes)[key];
      } catch {
        // Reported above.
      }
    }
  } catch {
    // A proxy that lists no keys has no attributes.
  }
  return copy;
}
