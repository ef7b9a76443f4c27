// A span of the app's own. Ids and times are given here, so that it may begin before the core is there.

import { enqueue } from './core/batch.js';
import { contextOf, format, newContext } from './before/context.js';
import { samples } from './before/sampling.js';
import { gatherSpan } from './core/flat.js';
import { pipelines, recordDropped } from './core/pipelines.js';
import { baggageOf } from './core/propagation.js';
import { exceptionOf } from './core/values.js';
import { copyAttributes, safeNumber, safeString } from './host/webidl.js';
import type { Context } from './before/context.js';
import type { AttributeValue, Span as PublicSpan, SpanOptions } from './types/index.js';

function hasEnded(span: Span) {
  const { telemetry } = span;
  // Where the core decides by how a play went, it has to see what was not chosen.
  if (!(span.context.flags & 1) && !pipelines.get(telemetry)?.sampler?.tail)
    return recordDropped(telemetry, 'traces', 'unsampled');
  enqueue(telemetry, 'traces', gatherSpan, span);
}

/** `Symbol.dispose`, where the browser has it. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('dispose');

/** `SpanKind`. */
const INTERNAL = 1;
const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'];

const kindOf = (given: unknown) =>
  given === undefined ? INTERNAL : KINDS.indexOf(safeString(given)) + 1 || INTERNAL;

/** Links and events that one span keeps (OpenTelemetry's default limits). */
const MAX_LINKS = 128;
const MAX_EVENTS = 128;

/** Numbers from here on are times in Unix milliseconds, smaller ones page times. */
const UNIX_MILLIS = 1e11;

/**
 * The page time of what an app gives as a time: a `Date`, Unix milliseconds, or a page time as of
 * `performance.now()`.
 */
function pageTime(given: unknown) {
  const now = performance.now();
  const time = given === undefined || given === null ? NaN : safeNumber(given);
  if (!Number.isFinite(time)) return now;
  // By the wall clock of now, which the core counts by too.
  return time < UNIX_MILLIS ? time : time - Date.now() + now;
}

/** The members of a span's options. One whose getter throws leaves a span without them. */
function readOptions(options: SpanOptions): SpanOptions {
  try {
    const { parent, attributes, links, kind, startTime } = options;
    return { parent, attributes, links, kind, startTime };
  } catch (error) {
    console.error(error);
    return {};
  }
}

/** A span of the app's own. Its fields are plain: a private one costs a tenth of a span. */
export class Span implements PublicSpan {
  declare readonly telemetry: number;
  declare name: string;
  declare readonly parent: Context | undefined;
  declare readonly context: Context;
  declare readonly kind: number;
  /** Page time. */
  declare readonly start: number;
  declare attributes: Record<string, unknown>;
  declare links: { context: Context; attributes: object }[] | undefined;
  declare error: string | undefined;
  declare events: { time: number; name: string; attributes: object }[] | undefined;
  /** What found no room. */
  declare dropped: { links: number; events: number } | undefined;
  /** Page time; NaN before. */
  declare ended: number;

  /**
   * @param start page time
   * @param implied the parent where the options name none
   */
  constructor(
    telemetry: number,
    name: string,
    options: SpanOptions,
    kind?: number,
    start?: number,
    implied?: unknown,
  ) {
    const given = readOptions(options);
    const { parent = implied, attributes, links } = given;
    this.telemetry = telemetry;
    this.name = name;
    this.parent = parent === undefined ? undefined : contextOf(parent);
    this.context = newContext(this.parent, parent === undefined ? '' : baggageOf(parent));
    const sampler = pipelines.get(telemetry)?.sampler;
    if (sampler && !samples(sampler, name, this.context, this.parent)) this.context.flags &= ~1;
    this.kind = kind ?? kindOf(given.kind);
    this.start = start ?? pageTime(given.startTime);
    this.attributes = copyAttributes(attributes);
    this.links = undefined;
    this.error = undefined;
    this.events = undefined;
    this.dropped = undefined;
    this.ended = NaN;
    if (links) this.#addLinks(links);
  }

  #addLinks(links: Iterable<{ span: unknown; attributes?: any }>) {
    try {
      for (const { span, attributes } of links) this.addLink(span, attributes);
    } catch (error) {
      console.error(error);
    }
  }

  get traceparent() {
    return format(this.context);
  }

  setAttribute(key: string, value: AttributeValue) {
    const name = safeString(key);
    // Assigned, it would set the prototype.
    if (name !== '__proto__') this.attributes[name] = value;
    return this;
  }

  addLink(span: unknown, attributes: Record<string, AttributeValue> = {}) {
    const context = contextOf(span);
    if (!context) return this;
    this.links ??= [];
    if (this.links.length < MAX_LINKS) this.links.push({ context, attributes: copyAttributes(attributes) });
    else (this.dropped ??= { links: 0, events: 0 }).links++;
    return this;
  }

  addEvent(name: string, attributes: Record<string, AttributeValue> = {}, time?: number | Date) {
    this.events ??= [];
    if (this.events.length < MAX_EVENTS)
      this.events.push({
        time: pageTime(time),
        name: safeString(name),
        attributes: copyAttributes(attributes),
      });
    else (this.dropped ??= { links: 0, events: 0 }).events++;
    return this;
  }

  recordException(error: unknown, attributes: Record<string, AttributeValue> = {}) {
    try {
      const exception = exceptionOf(error) as any;
      return this.addEvent('exception', { ...exception, ...copyAttributes(attributes) });
    } catch (thrown) {
      // A getter of the app's own.
      console.error(thrown);
      return this;
    }
  }

  updateName(name: string) {
    this.name = safeString(name);
    return this;
  }

  setError(message: string) {
    this.error = safeString(message);
    return this;
  }

  end(options?: { endTime?: number | Date }) {
    let time;
    try {
      time = options?.endTime;
    } catch (error) {
      console.error(error);
    }
    this.endAt(pageTime(time));
  }

  /** @param at page time @internal */
  endAt(at: number) {
    if (!Number.isNaN(this.ended)) return;
    this.ended = Math.max(at, this.start);
    hasEnded(this);
  }

  [DISPOSE]() {
    this.end();
  }
}
