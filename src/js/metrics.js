// Instruments as apps hold them: what they count and measure is added up in the core, series by series. A
// series is known here by its attributes' values, so that a record crosses as two numbers.

import { INSTRUMENT, NO_BYTES, RECORD, SERIES, tell } from './door.js';
import { currentCore, observers, whenCore } from './loader.js';
import { flat, within } from './flat.js';

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
  constructor(telemetry, name, kind, { unit = '', attributes = [], bounds = [] }, redact) {
    if (typeof name !== 'string' || !NAME.test(name) || name.length > LONGEST)
      throw new TypeError(`instrument: expected a name, got ${JSON.stringify(name)}`);
    if (unit && !UNIT.test(unit))
      throw new TypeError(`instrument: option "unit": expected UCUM, got ${JSON.stringify(unit)}`);
    this.#telemetry = telemetry;
    this.#name = name;
    this.#redact = redact;
    this.#keys = attributes;
    this.#define = (/** @type {import('./core').Core} */ core) =>
      tell(core, INSTRUMENT, telemetry, kind, 0, 0, false, flat(name, unit, ...bounds.map(Number)));
  }

  /** @param {import('./core').Core} core @param {Attributes | undefined} attributes */
  #seriesOf(core, attributes) {
    if (this.#core !== core) {
      // One that takes the place of a core that ended knows nothing of ours.
      this.#core = core;
      this.#id = this.#define(core);
      this.#series.clear();
    }
    let key = '';
    // A number and its text are two values.
    if (attributes) {
      this.undeclaredAttributes += Object.keys(attributes).length;
      for (const name of this.#keys) {
        const value = attributes[name];
        if (name in attributes) this.undeclaredAttributes--;
        key += typeof value === 'string' ? `"${value}\0` : `${value}\0`;
      }
    }
    let series = this.#series.get(key);
    if (series === undefined) {
      const declared = Object.fromEntries(
        this.#keys.flatMap((name) => (attributes?.[name] === undefined ? [] : [[name, attributes[name]]])),
      );
      series = this.#shown(declared)
        ? tell(core, SERIES, this.#telemetry, this.#id, 0, 0, false, flat(declared))
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
      return this.#redact?.({ signal: 'metrics', name: this.#name, attributes }) !== false;
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
    const core = currentCore();
    if (core) this.#record(core, this.#seriesOf(core, attributes), value, span);
    else whenCore((core) => this.#record(core, this.#seriesOf(core, attributes), value, span));
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
      if (core) this.#record(core, /** @type {number} */ (series), value, span);
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
