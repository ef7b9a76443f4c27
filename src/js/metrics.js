// Instruments as apps hold them: what they count and measure is added up in the core, series by series. A
// series is known here by its attributes' values, so that a record crosses as two numbers.

import { NO_BYTES } from './core_client.js';
import { currentCore, enqueueRecord, whenCoreReady } from './loader.js';
import { pipelines } from './pipelines.js';
import { currentSpan } from './current_span.js';
import { flat, spanContextPart } from './flat.js';
import { isKept } from './redaction.js';
import { recordable } from './values.js';
import {
  callback as checkCallback,
  dictionary,
  mismatch,
  safeNumber,
  sequence,
  string,
  unrestrictedDouble,
} from './webidl.js';

/**
 * OpenTelemetry's "instrument name syntax", and how long a name may be: a pattern that says both takes a page
 * a millisecond to compile.
 */
const LONGEST = 255;
const NAME = /^[a-zA-Z][-\w./]*$/;
/** Units and descriptions are taken as they are, as far as that. The metrics SDK says not to validate a unit. */
const MAX_UNIT = 255;
const MAX_DESCRIPTION = 1023;
/** Buckets of a histogram. */
const MAX_BOUNDS = 1024;

/** The key of no series: what is recorded under it is dropped. */
const NO_SERIES = 0xffff_ffff;

/** @typedef {import('./core_client.js').Core} Core */
/** @typedef {Record<string, import('./types').AttributeValue | undefined>} Attributes */
/** @typedef {import('./types').Span | string | undefined} Within */

/** @param {unknown} value */
const isScalar = (value) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/**
 * A value that an attribute of a series may have; undefined for others. A list is kept as it is now.
 * @param {unknown} value @returns {unknown}
 */
function attributeValue(value) {
  if (isScalar(value)) return value;
  if (Array.isArray(value)) return value.map(attributeValue);
  const recorded = recordable(value);
  return isScalar(recorded) ? recorded : undefined;
}

/** An upper bound of a bucket; the core sorts them. @param {string} name @param {unknown} value */
function boundOf(name, value) {
  const bound = unrestrictedDouble(name, value);
  if (Number.isNaN(bound)) throw mismatch(name, 'numbers', value);
  return bound;
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
  /** The core that knows them. @type {Core | undefined} */
  #core;
  /** Attributes that were given and not declared: they are left out. */
  undeclaredAttributes = 0;

  /** @param {number} telemetry @param {string} name @param {import('tonearm-core-glue').InstrumentKind} kind
   *  @param {boolean} observed whether its values are read at each collection @param {import('./types').InstrumentOptions} options
   *  @param {import('./types').TelemetryConfig['redact']} [redact] */
  constructor(telemetry, name, kind, observed, options, redact) {
    if (typeof name !== 'string' || !NAME.test(name) || name.length > LONGEST)
      throw mismatch('instrument', 'a name', name);
    const given = dictionary('instrument: options', options);
    const unit = string('instrument: option "unit"', given.unit ?? '').slice(0, MAX_UNIT);
    const description = string('instrument: option "description"', given.description ?? '');
    const keys = sequence('instrument: option "attributes"', given.attributes ?? []);
    const bounds = sequence('instrument: option "bounds"', given.bounds ?? []).map((bound) =>
      boundOf('instrument: option "bounds"', bound),
    );
    if (bounds.length > MAX_BOUNDS)
      throw mismatch('instrument: option "bounds"', `at most ${MAX_BOUNDS} numbers`, given.bounds);
    this.#telemetry = telemetry;
    this.#name = name;
    this.#redact = redact;
    this.#keys = keys.map((key) => string('instrument: option "attributes"', key));
    this.#define = (/** @type {Core} */ core) =>
      core.create_instrument(
        telemetry,
        kind,
        observed,
        flat(name, unit, description.slice(0, MAX_DESCRIPTION), ...bounds),
      ) ?? 0;
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

  /** Makes the core know the instrument. @param {Core} core @internal */
  defineIn(core) {
    if (this.#core === core) return;
    // One that takes the place of a core that ended knows nothing of ours.
    this.#core = core;
    this.#id = this.#define(core);
    this.#series.clear();
  }

  /** @param {Core} core @param {Attributes | undefined} attributes */
  #seriesOf(core, attributes) {
    const declared = this.#declared(attributes);
    this.defineIn(core);
    let key = '';
    // A number and its text are two values.
    for (const value of declared) key += typeof value === 'string' ? `"${value}\0` : `${value}\0`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const named = Object.fromEntries(
        this.#keys.flatMap((name, at) => (declared[at] === undefined ? [] : [[name, declared[at]]])),
      );
      series = this.#shown(named)
        ? (core.create_series(this.#telemetry, this.#id, flat(named)) ?? NO_SERIES)
        : NO_SERIES;
      // The core has no more of them either.
      if (this.#series.size < 2000) this.#series.set(key, series);
    }
    return series;
  }

  /**
   * Whether the app lets a series be recorded: it sees it once, and may change what it says.
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

  /** @param {Core} core @param {number} series @param {number} value @param {Within} span */
  #record(core, series, value, span) {
    core.record_measurement(this.#telemetry, series, value, span ? flat(spanContextPart(span)) : NO_BYTES);
  }

  /** @param {number} value @param {Attributes} [attributes] @param {Within} [span] */
  record(value, attributes, span) {
    const number = safeNumber(value);
    const context = span ?? currentSpan(this.#telemetry);
    const core = currentCore();
    if (core) this.#record(core, this.#seriesOf(core, attributes), number, context);
    else whenCoreReady((core) => this.#record(core, this.#seriesOf(core, attributes), number, context));
  }

  /** @param {number} value @param {Attributes} [attributes] @param {Within} [span] */
  add(value, attributes, span) {
    this.record(value, attributes, span);
  }

  /** The same with its attributes given, for what is recorded often. @param {Attributes} attributes */
  bind(attributes) {
    /** @type {number | undefined} */
    let series;
    /** @type {Core | undefined} */
    let of;
    const record = (/** @type {number} */ value, /** @type {Within} */ span) => {
      const core = currentCore();
      if (core && core !== of) [of, series] = [core, this.#seriesOf(core, attributes)];
      if (core)
        this.#record(
          core,
          /** @type {number} */ (series),
          safeNumber(value),
          span ?? currentSpan(this.#telemetry),
        );
      else this.record(value, attributes, span);
    };
    return { add: record, record };
  }
}

/** An instrument that is read when metrics are collected: at each interval, whether something else is recorded or not. */
export class ObservableInstrument {
  #telemetry;
  #instrument;
  /** What observes, by the app's callback. @type {Map<Function, () => void>} */
  #callbacks = new Map();

  /** @param {number} telemetry @param {Instrument} instrument @param {import('./types').ObservableCallback} [callback] */
  constructor(telemetry, instrument, callback) {
    this.#telemetry = telemetry;
    this.#instrument = instrument;
    if (callback) this.addCallback(callback);
  }

  get undeclaredAttributes() {
    return this.#instrument.undeclaredAttributes;
  }

  /** @param {import('./types').ObservableCallback} callback */
  addCallback(callback) {
    checkCallback('addCallback: "callback"', callback);
    if (this.#callbacks.has(callback)) return;
    const instrument = this.#instrument;
    const observe = (/** @type {number} */ value, /** @type {Attributes} */ attributes) =>
      instrument.record(value, attributes);
    const observer = () => {
      const core = currentCore();
      // One that took the place of a core that ended collects at each interval too.
      if (core) instrument.defineIn(core);
      callback({ observe });
    };
    this.#callbacks.set(callback, observer);
    pipelines.get(this.#telemetry)?.observers.push(observer);
    enqueueRecord((core) => instrument.defineIn(core));
  }

  /** @param {import('./types').ObservableCallback} callback */
  removeCallback(callback) {
    const observer = this.#callbacks.get(callback);
    this.#callbacks.delete(callback);
    const all = pipelines.get(this.#telemetry)?.observers;
    if (observer && all?.includes(observer)) all.splice(all.indexOf(observer), 1);
  }
}
