// A span of the app's own. Ids and times are given here, so that it may begin before the core is there.

import { enqueue } from './batch.js';
import { contextOf, format, idsOf, newContext } from './context.js';
import { gatherSpan } from './flat.js';
import { pipelines, recordDropped } from './pipelines.js';
import { baggageOf } from './propagation.js';
import { exceptionOf } from './values.js';
import { copyAttributes, safeNumber, safeString } from './webidl.js';

/** @param {Span} span */
function hasEnded(span) {
  const { telemetry } = span;
  // Where the core decides by how a play went, it has to see what was not chosen.
  if (!(span.context.flags & 1) && !pipelines.get(telemetry)?.sampler?.tail)
    return recordDropped(telemetry, 'traces', 'unsampled');
  enqueue(telemetry, 'traces', gatherSpan, span);
}

/** `SpanKind`. */
const INTERNAL = 1;
const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'];

/** @param {unknown} given */
const kindOf = (given) => (given === undefined ? INTERNAL : KINDS.indexOf(safeString(given)) + 1 || INTERNAL);

/** Links and events that one span keeps (OpenTelemetry's default limits). */
const MAX_LINKS = 128;
const MAX_EVENTS = 128;

/** Numbers from here on are times in Unix milliseconds, smaller ones page times. */
const UNIX_MILLIS = 1e11;

/**
 * The page time of what an app gives as a time: a `Date`, Unix milliseconds, or a page time as of `performance.now()`.
 * @param {unknown} given
 */
function pageTime(given) {
  const now = performance.now();
  const time = given === undefined || given === null ? NaN : safeNumber(given);
  if (!Number.isFinite(time)) return now;
  // By the wall clock of now, which the core counts by too.
  return time < UNIX_MILLIS ? time : time - Date.now() + now;
}

/** Whether a span is exported, as the core decides it (`sampling.rs`).
 *  @param {import('./types').Sampler} sampler @param {string} name
 *  @param {import('./context.js').Context} context @param {import('./context.js').Context | undefined} parent */
function samples({ ratio = 1, byName, parentBased }, name, context, parent) {
  const part = byName && Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (part === undefined && parent && (!parent.isRemote || parentBased)) return parent.flags & 1;
  const ids = idsOf(context);
  let random = 0;
  for (let n = 15; n > 8; n--) random = (random + ids[n]) / 256;
  return random >= 1 - (part ?? ratio);
}

/**
 * The members of a span's options. One whose getter throws leaves a span without them.
 * @param {import('./types').SpanOptions} options @returns {import('./types').SpanOptions}
 */
function readOptions(options) {
  try {
    const { parent, attributes, links, kind, startTime } = options;
    return { parent, attributes, links, kind, startTime };
  } catch (error) {
    console.error(error);
    return {};
  }
}

/** A span of the app's own. Its fields are plain: a private one costs a tenth of a span. */
export class Span {
  /** @param {number} telemetry @param {string} name @param {import('./types').SpanOptions} options
   *  @param {number} [kind] @param {number} [start] page time @param {unknown} [implied] the parent where the options name none */
  constructor(telemetry, name, options, kind, start, implied) {
    const given = readOptions(options);
    const { parent = implied, attributes, links } = given;
    /** @internal */
    this.telemetry = telemetry;
    /** @internal */
    this.name = name;
    /** @internal */
    this.parent = parent === undefined ? undefined : contextOf(parent);
    /** @internal */
    this.context = newContext(this.parent, parent === undefined ? '' : baggageOf(parent));
    const sampler = pipelines.get(telemetry)?.sampler;
    if (sampler && !samples(sampler, name, this.context, this.parent)) this.context.flags &= ~1;
    /** @internal */
    this.kind = kind ?? kindOf(given.kind);
    /** @internal */
    this.start = start ?? pageTime(given.startTime);
    /** @internal @type {Record<string, unknown>} */
    this.attributes = copyAttributes(attributes);
    /** @internal @type {{ context: import('./context.js').Context, attributes: object }[] | undefined} */
    this.links = undefined;
    /** @internal @type {string | undefined} */
    this.error = undefined;
    /** @internal @type {{ time: number, name: string, attributes: object }[] | undefined} */
    this.events = undefined;
    /** What found no room. @internal @type {{ links: number, events: number } | undefined} */
    this.dropped = undefined;
    /** Page time; NaN before. @internal */
    this.ended = NaN;
    if (links) this.#addLinks(links);
  }

  /** @param {Iterable<{ span: unknown, attributes?: any }>} links */
  #addLinks(links) {
    try {
      for (const { span, attributes } of links) this.addLink(span, attributes);
    } catch (error) {
      console.error(error);
    }
  }

  get traceparent() {
    return format(this.context);
  }

  /** @param {string} key @param {import('./types').AttributeValue} value */
  setAttribute(key, value) {
    const name = safeString(key);
    // Assigned, it would set the prototype.
    if (name !== '__proto__') this.attributes[name] = value;
    return this;
  }

  /** @param {unknown} span @param {Record<string, import('./types').AttributeValue>} [attributes] */
  addLink(span, attributes = {}) {
    const context = contextOf(span);
    if (!context) return this;
    this.links ??= [];
    if (this.links.length < MAX_LINKS) this.links.push({ context, attributes: copyAttributes(attributes) });
    else (this.dropped ??= { links: 0, events: 0 }).links++;
    return this;
  }

  /** @param {string} name @param {Record<string, import('./types').AttributeValue>} [attributes] @param {number | Date} [time] */
  addEvent(name, attributes = {}, time = undefined) {
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

  /** @param {unknown} error @param {Record<string, import('./types').AttributeValue>} [attributes] */
  recordException(error, attributes = {}) {
    try {
      const exception = /** @type {any} */ (exceptionOf(error));
      return this.addEvent('exception', { ...exception, ...copyAttributes(attributes) });
    } catch (thrown) {
      // A getter of the app's own.
      console.error(thrown);
      return this;
    }
  }

  /** @param {string} name */
  updateName(name) {
    this.name = safeString(name);
    return this;
  }

  /** @param {string} message */
  setError(message) {
    this.error = safeString(message);
    return this;
  }

  /** @param {{ endTime?: number | Date }} [options] */
  end(options) {
    let time;
    try {
      time = options?.endTime;
    } catch (error) {
      console.error(error);
    }
    this.endAt(pageTime(time));
  }

  /** @param {number} at page time @internal */
  endAt(at) {
    if (!Number.isNaN(this.ended)) return;
    this.ended = Math.max(at, this.start);
    hasEnded(this);
  }

  [Symbol.dispose ?? Symbol.for('dispose')]() {
    this.end();
  }
}
