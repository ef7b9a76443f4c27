// Instruments, as an app has them.

import type { AttributeValue } from './attributes.js';
import type { Span } from './spans.js';

/** Options of an instrument. */
export interface InstrumentOptions {
  /** In UCUM as a rule: `s`, `By`, `{item}`. Any text of up to 255 characters is taken. */
  unit?: string;
  /** What it measures, for people. */
  description?: string;
  /** The keys that distinguish its series; others are left out. At most 2000 series. */
  attributes?: string[];
  /**
   * Of a histogram: its buckets' upper bounds, up to 1024 numbers, which are sorted. Without them its buckets
   * are base-2 exponential.
   */
  bounds?: number[];
}

/** Attributes of a measurement. */
export type MetricAttributes = Record<string, AttributeValue | undefined>;

/** What all instruments have. */
interface Instrument {
  /**
   * How many attributes were given that `InstrumentOptions.attributes` does not name: they are left out.
   * Bound ones count once.
   */
  readonly undeclaredAttributes: number;
}

/** Adds up. `within` is the span of the moment, to which an exemplar leads. */
export interface Counter extends Instrument {
  add(value: number, attributes?: MetricAttributes, within?: Span | string): void;
  /** The same with its attributes given, for what is counted often. */
  bind(attributes: MetricAttributes): { add(value: number, within?: Span | string): void };
}

/** Measures. */
export interface Histogram extends Instrument {
  record(value: number, attributes?: MetricAttributes, within?: Span | string): void;
  /** The same with its attributes given, for what is measured often. */
  bind(attributes: MetricAttributes): { record(value: number, within?: Span | string): void };
}

/** Called when metrics are collected. */
export type ObservableCallback = (result: {
  observe(value: number, attributes?: MetricAttributes): void;
}) => void;

/**
 * An instrument whose callbacks are called when metrics are collected: at each interval, whatever else is
 * recorded.
 */
export interface ObservableInstrument extends Instrument {
  addCallback(callback: ObservableCallback): void;
  removeCallback(callback: ObservableCallback): void;
}
