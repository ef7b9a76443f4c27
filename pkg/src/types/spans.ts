/// <reference lib="esnext.disposable" preserve="true" />
// Spans, as an app has them.

import type { AttributeValue } from './attributes.js';

/** A context that came in. */
export interface RemoteContext {
  /** None where only baggage came. */
  traceparent?: string;
  tracestate?: string;
  /**
   * The members of `baggage`, decoded, without their properties: of what `extract` gives, where `propagators`
   * names it. They are handed on by `inject` and by spans whose parent this is, before those of `setBaggage`.
   */
  baggage?: Record<string, string>;
}

/** Options of a span. */
export interface SpanOptions {
  /**
   * Its parent: a span, or a `traceparent`. Without one the current span (`withSpan`), or it begins a trace;
   * with `null` it does.
   */
  parent?: Span | string | RemoteContext | null;
  /** `internal` by default. */
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Now by default; a page time as of `performance.now()`, Unix milliseconds, or a `Date`. */
  startTime?: number | Date;
  /** Spans that it refers to. */
  links?: { span: Span | string; attributes?: Record<string, AttributeValue> }[];
  /** Attributes known at the start. */
  attributes?: Record<string, AttributeValue>;
}

/** A span of the app's own. */
export interface Span {
  /** The W3C `traceparent` that hands it on. */
  readonly traceparent: string;
  /** Sets an attribute; the last value of a key wins. */
  setAttribute(key: string, value: AttributeValue): this;
  /** Marks it as failed. */
  setError(message: string): this;
  /** Refers to another span; 128 of them at most. */
  addLink(span: Span | string, attributes?: Record<string, AttributeValue>): this;
  /** Adds an event, at a time as of `startTime`; 128 of them at most. */
  addEvent(name: string, attributes?: Record<string, AttributeValue>, time?: number | Date): this;
  /**
   * Adds an `exception` event with the type, the message and the stack of what was thrown. The span's status
   * stays what it is.
   */
  recordException(error: unknown, attributes?: Record<string, AttributeValue>): this;
  /** Gives it another name. What was sampled by the first one stays so. */
  updateName(name: string): this;
  /**
   * Ends and queues it, as it is now: what is set later is not recorded. The time is as of `startTime`;
   * before the start it is the start. A second call does nothing.
   */
  end(options?: { endTime?: number | Date }): void;
  /** The same, at the end of a `using` block. */
  [Symbol.dispose](): void;
}
