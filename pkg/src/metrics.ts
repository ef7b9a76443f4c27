// Instruments as apps hold them: what they count and measure is added up in the core, series by series. A
// series is known here by its attributes' values, so that a record crosses as two numbers.

import { currentCore, enqueueRecord, whenCoreReady } from './core/loader.js';
import { pipelines } from './core/pipelines.js';
import { currentSpan } from './core/current_span.js';
import { flat, spanContextPart } from './core/flat.js';
import { isKept } from './core/redaction.js';
import { recordable } from './core/values.js';
import {
  callback as checkCallback,
  dictionary,
  mismatch,
  safeNumber,
  sequence,
  string,
  unrestrictedDouble,
} from './host/webidl.js';
import type {
  AttributeValue,
  InstrumentOptions,
  ObservableCallback,
  Span,
  TelemetryConfig,
} from './types/index.js';
import type { InstrumentKind } from 'tonearm-core-glue';
import type { Core } from './core/client.js';

/**
 * OpenTelemetry's "instrument name syntax", and how long a name may be: a pattern that says both takes a page
 * a millisecond to compile.
 */
const LONGEST = 255;
const NAME = /^[a-zA-Z][-\w./]*$/;
/**
 * Units and descriptions are taken as they are, as far as that. The metrics SDK says not to validate a unit.
 */
const MAX_UNIT = 255;
const MAX_DESCRIPTION = 1023;
/** Buckets of a histogram. */
const MAX_BOUNDS = 1024;

/** Series of one instrument that are known by their attributes, as many as the core keeps. */
const MAX_SERIES = 2000;

/** The key of no series: what is recorded under it is dropped. */
const NO_SERIES = 0xffff_ffff;

export type Attributes = Record<string, AttributeValue | undefined>;
export type Within = Span | string | undefined;

const isScalar = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A value that an attribute of a series may have; undefined for others. A list is kept as it is now. */
function attributeValue(value: unknown): unknown {
  if (isScalar(value)) return value;
  if (Array.isArray(value)) return value.map(attributeValue);
  const recorded = recordable(value);
  return isScalar(recorded) ? recorded : undefined;
}

/** An upper bound of a bucket; the core sorts them. */
function boundOf(name: string, value: unknown) {
  const bound = unrestrictedDouble(name, value);
  if (Number.isNaN(bound)) throw mismatch(name, 'numbers', value);
  return bound;
}

/** Series, or the next level of them, by the value of an attribute. */
type Level = Map<unknown, number | Level>;

/** A value as a map has it: lists count by what they hold. A number and its text are two values. */
const keyOf = (value: unknown) => (typeof value === 'object' ? `\0${value}` : value);

/** A counter, a gauge or a histogram. */
export class Instrument {
  #telemetry;
  #define;
  #keys;
  /** Series by the values of their attributes, level by level; and how many. */
  #series: Level = new Map();
  #count = 0;
  #id = 0;
  #name;
  #redact;
  /** The core that knows them. */
  #core: Core | undefined;
  /** Attributes that were given and not declared: they are left out. */
  undeclaredAttributes = 0;

  /** @param observed whether its values are read at each collection */
  constructor(
    telemetry: number,
    name: string,
    kind: InstrumentKind,
    observed: boolean,
    options: InstrumentOptions,
    redact?: TelemetryConfig['redact'],
  ) {
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
    this.#define = (core: Core) =>
      core.create_instrument(
        telemetry,
        kind,
        observed,
        flat(name, unit, description.slice(0, MAX_DESCRIPTION), ...bounds),
      ) ?? 0;
  }

  /**
   * The values of the declared attributes, in their order, each read once. What is no value of an attribute,
   * or throws where it is read, is left out.
   */
  #declared(attributes: Attributes | undefined): unknown[] {
    const values: unknown[] = [];
    if (typeof attributes !== 'object' || attributes === null) return this.#keys.map(() => undefined);
    try {
      this.undeclaredAttributes += Object.keys(attributes).length;
      for (const name of this.#keys) {
        const isGiven = Object.hasOwn(attributes, name);
        if (isGiven) this.undeclaredAttributes--;
        values.push(isGiven ? attributeValue(attributes[name]) : undefined);
      }
      return values;
    } catch (error) {
      console.error(error);
      return this.#keys.map(() => undefined);
    }
  }

  /** Makes the core know the instrument. @internal */
  defineIn(core: Core) {
    if (this.#core === core) return;
    // One that takes the place of a core that ended knows nothing of ours.
    this.#core = core;
    this.#id = this.#define(core);
    this.#series.clear();
    this.#count = 0;
  }

  #seriesOf(core: Core, attributes: Attributes | undefined) {
    const declared = this.#declared(attributes);
    this.defineIn(core);
    let known: Level | undefined = this.#series;
    const last = declared.length - 1;
    for (let at = 0; at < last; at++) known = known?.get(keyOf(declared[at])) as Level | undefined;
    const series = known?.get(keyOf(declared[last])) as number | undefined;
    return series ?? this.#createSeries(core, declared);
  }

  #createSeries(core: Core, declared: unknown[]) {
    const named = Object.fromEntries(
      this.#keys.flatMap((name, at) => (declared[at] === undefined ? [] : [[name, declared[at]]])),
    );
    const series = this.#shown(named)
      ? (core.create_series(this.#telemetry, this.#id, flat(named)) ?? NO_SERIES)
      : NO_SERIES;
    // The core has no more of them either.
    if (this.#count >= MAX_SERIES) return series;
    this.#count++;
    let level = this.#series;
    const last = declared.length - 1;
    for (let at = 0; at < last; at++) {
      const key = keyOf(declared[at]);
      let next = level.get(key) as Level | undefined;
      if (!next) level.set(key, (next = new Map()));
      level = next;
    }
    level.set(keyOf(declared[last]), series);
    return series;
  }

  /** Whether the app lets a series be recorded: it sees it once, and may change what it says. */
  #shown(attributes: Record<string, any>) {
    try {
      return !this.#redact || isKept(this.#redact, { signal: 'metrics', name: this.#name, attributes });
    } catch (error) {
      // What could not be looked at must not leave.
      console.error(error);
      return false;
    }
  }

  #record(core: Core, series: number, value: number, span: Within) {
    if (span) core.record_measurement_in_span(this.#telemetry, series, value, flat(spanContextPart(span)));
    else core.record_measurement(this.#telemetry, series, value);
  }

  record(value: number, attributes?: Attributes, span?: Within) {
    const number = safeNumber(value);
    const context = span ?? currentSpan(this.#telemetry);
    const core = currentCore();
    if (core) this.#record(core, this.#seriesOf(core, attributes), number, context);
    else whenCoreReady((core) => this.#record(core, this.#seriesOf(core, attributes), number, context));
  }

  add(value: number, attributes?: Attributes, span?: Within) {
    this.record(value, attributes, span);
  }

  /** The same with its attributes given, for what is recorded often. */
  bind(attributes: Attributes) {
    let series: number | undefined;
    let of: Core | undefined;
    const record = (value: number, span: Within) => {
      const core = currentCore();
      if (core && core !== of) [of, series] = [core, this.#seriesOf(core, attributes)];
      if (core) this.#record(core, series as number, safeNumber(value), span ?? currentSpan(this.#telemetry));
      else this.record(value, attributes, span);
    };
    return { add: record, record };
  }
}

/**
 * An instrument that is read when metrics are collected: at each interval, whether something else is recorded
 * or not.
 */
export class ObservableInstrument {
  #telemetry;
  #instrument;
  /** What observes, by the app's callback. */
  #callbacks: Map<ObservableCallback, () => void> = new Map();

  constructor(telemetry: number, instrument: Instrument, callback?: ObservableCallback) {
    this.#telemetry = telemetry;
    this.#instrument = instrument;
    if (callback) this.addCallback(callback);
  }

  get undeclaredAttributes() {
    return this.#instrument.undeclaredAttributes;
  }

  addCallback(callback: ObservableCallback) {
    checkCallback('addCallback: "callback"', callback);
    if (this.#callbacks.has(callback)) return;
    const instrument = this.#instrument;
    const observe = (value: number, attributes: Attributes) => instrument.record(value, attributes);
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

  removeCallback(callback: ObservableCallback) {
    const observer = this.#callbacks.get(callback);
    this.#callbacks.delete(callback);
    const all = pipelines.get(this.#telemetry)?.observers;
    if (observer && all?.includes(observer)) all.splice(all.indexOf(observer), 1);
  }
}
