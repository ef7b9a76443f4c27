// Instruments as apps hold them: what they count and measure is added up in the core, series by series. A
// series is known here by its attributes' values, so that a record crosses as two numbers.

import { INSTRUMENT, NO_BYTES, RECORD, SERIES, tell } from './door.js';
import { currentCore, observers, whenCore } from './loader.js';
import { flat, within } from './flat.js';
import { isKept } from './redaction.js';
import { dictionary, mismatch, safeNumber, sequence, string, unrestrictedDouble } from './webidl.js';

/** Kinds, by their number in the core. */
export const COUNTER = 0;
export const UP_DOWN_COUNTER = 1;
export const GAUGE = 2;
export const HISTOGRAM = 3;

/**
 * OpenTelemetry's "instrument name syntax", and how long a name may be: a pattern that says both takes a page
 * a millisecond to compile.
 */
const LONGEST = 255;
const NAME = /^[a-zA-Z][-\w./]*$/;
/**
 * UCUM as instruments use it: terms of a prefix, a unit, an exponent and an annotation, between dots and
 * slashes.
 */
const TERM = String.raw`(?:(?:da|[EPTGMkhdcmunpf]|[KMGT]i)?(?:m|s|g|By|bit|Hz|V|A|W|J|K|Cel|L|l)|min|h|d|wk|mo|a|deg|%|1\d*)?-?\d*(?:\{[!-z|~]*\})?`;
const UNIT = new RegExp(`^/?${TERM}(?:[./]${TERM})*$`);

/** A key that no series has: what is recorded under it is let go of. */
const NO_SERIES = 0xffff_ffff;

/** @typedef {Record<string, import('./types').AttributeValue | undefined>} Attributes */
/** @typedef {import('./types').Span | string | undefined} Within */

/**
 * A value that an attribute of a series may have; undefined for others. A list is kept as it is now.
 * @param {unknown} value @returns {unknown}
 */
function attributeValue(value) {
  if (Array.isArray(value)) return value.map(attributeValue);
  return ['string', 'number', 'boolean'].includes(typeof value) ? value : undefined;
}

/** A counter, a gauge or a histogram. */
export class Instrument {
  #telemetry;
  #define;
  #keys;
  /** Series by the values of their attributes. @type {Map<string, number>} */
  #series = new Map();
  #id = 0;
  #name;
  #redact;
  /** The core that knows them. @type {import('./core').Core | undefined} */
  #core;
  /** Attributes that were given and not declared: they are left out. */
  undeclaredAttributes = 0;

  /** @param {number} telemetry @param {string} name @param {number} kind @param {import('./types').InstrumentOptions} options
   *  @param {import('./types').TelemetryConfig['redact']} [redact] */
  constructor(telemetry, name, kind, options, redact) {
    if (typeof name !== 'string' || !NAME.test(name) || name.length > LONGEST)
      throw mismatch('instrument', 'a name', name);
    const given = dictionary('instrument: options', options);
    const unit = string('instrument: option "unit"', given.unit ?? '');
    if (unit && !UNIT.test(unit)) throw mismatch('instrument: option "unit"', 'UCUM', unit);
    const keys = sequence('instrument: option "attributes"', given.attributes ?? []);
    const bounds = sequence('instrument: option "bounds"', given.bounds ?? []).map((bound) =>
      unrestrictedDouble('instrument: option "bounds"', bound),
    );
    this.#telemetry = telemetry;
    this.#name = name;
    this.#redact = redact;
    this.#keys = keys.map((key) => string('instrument: option "attributes"', key));
    this.#define = (/** @type {import('./core').Core} */ core) =>
      tell(core, INSTRUMENT, telemetry, kind, 0, 0, false, flat(name, unit, ...bounds));
  }

  /**
   * The values of the declared attributes, in their order, each read once. What is no value of an attribute, or throws
   * where it is read, is left out.
   * @param {Attributes | undefined} attributes @returns {unknown[]}
   */
  #declared(attributes) {
    if (typeof attributes !== 'object' || attributes === null) return [];
    try {
      this.undeclaredAttributes += Object.keys(attributes).length;
      return this.#keys.map((name) => {
        if (!Object.hasOwn(attributes, name)) return undefined;
        this.undeclaredAttributes--;
        return attributeValue(attributes[name]);
      });
    } catch (error) {
      console.error(error);
      return [];
    }
  }

  /** @param {import('./core').Core} core @param {Attributes | undefined} attributes */
  #seriesOf(core, attributes) {
    const declared = this.#declared(attributes);
    if (this.#core !== core) {
      // One that takes the place of a core that ended knows nothing of ours.
      this.#core = core;
      this.#id = this.#define(core);
      this.#series.clear();
    }
    let key = '';
    // A number and its text are two values.
    for (const value of declared) key += typeof value === 'string' ? `"${value}\0` : `${value}\0`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const named = Object.fromEntries(
        this.#keys.flatMap((name, at) => (declared[at] === undefined ? [] : [[name, declared[at]]])),
      );
      series = this.#shown(named)
        ? tell(core, SERIES, this.#telemetry, this.#id, 0, 0, false, flat(named))
        : NO_SERIES;
      // The core has no more of them either.
      if (this.#series.size < 2000) this.#series.set(key, series);
    }
    return series;
  }

  /**
   * Whether the app lets a series be told: it sees it once, and may change what it says.
   * @param {Record<string, any>} attributes
   */
  #shown(attributes) {
    try {
      return !this.#redact || isKept(this.#redact, { signal: 'metrics', name: this.#name, attributes });
    } catch (error) {
      // What could not be looked at must not leave.
      console.error(error);
      return false;
    }
  }

  /** @param {import('./core').Core} core @param {number} series @param {number} value @param {Within} span */
  #record(core, series, value, span) {
    tell(core, RECORD, this.#telemetry, series, value, 0, false, span ? flat(within(span)) : NO_BYTES);
  }

  /** @param {number} value @param {Attributes} [attributes] @param {Within} [span] */
  record(value, attributes, span) {
    const number = safeNumber(value);
    const core = currentCore();
    if (core) this.#record(core, this.#seriesOf(core, attributes), number, span);
    else whenCore((core) => this.#record(core, this.#seriesOf(core, attributes), number, span));
  }

  /** @param {number} value @param {Attributes} [attributes] @param {Within} [span] */
  add(value, attributes, span) {
    this.record(value, attributes, span);
  }

  /** The same with its attributes given, for what is recorded often. @param {Attributes} attributes */
  bind(attributes) {
    /** @type {number | undefined} */
    let series;
    /** @type {import('./core').Core | undefined} */
    let of;
    const record = (/** @type {number} */ value, /** @type {Within} */ span) => {
      const core = currentCore();
      if (core && core !== of) [of, series] = [core, this.#seriesOf(core, attributes)];
      if (core) this.#record(core, /** @type {number} */ (series), safeNumber(value), span);
      else this.record(value, attributes, span);
    };
    return { add: record, record };
  }
}

/** A gauge that is read when metrics are collected.
 *  @param {number} telemetry @param {Instrument} gauge @param {import('./types').ObservableCallback} callback */
export function observeWith(telemetry, gauge, callback) {
  const observe = () => callback({ observe: (value, attributes) => gauge.record(value, attributes) });
  observers.get(telemetry)?.push(observe);
}
