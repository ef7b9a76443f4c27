// A span of the app's own. Ids and times are given here, so that it may begin before the core is there; ended ones are handed
// over together, a moment later.

import { RECORD_SPANS, tell } from './door.js';
import { arrivals, countLost, currentCore, inTurn, samplers } from './loader.js';
import { contextOf, format, idsOf, newContext } from './context.js';
import { gather, isIdle, takeSpans } from './flat.js';

/** Ended spans that may wait for the core. */
const MOST_WAITING = 16_384;
/** What ends within so many milliseconds is handed over by one task. */
const GATHERED = 25;
/** Spans that cross together. */
const AT_ONCE = 512;

/** @type {Span[]} */
let ended = [];
/** Whether they are of several pipelines. */
let mixed = false;
let scheduled = false;
/** Of those that wait for the core, how many. */
let waiting = 0;
/** `DropReason`s and the signal that a span is lost for. */
const TRACES = 0;
const QUEUE_FULL = 0;
const UNSAMPLED = 8;

/** What is to be found out about what has ended. @type {(() => void)[]} */
let postponed = [];

/** Does something a moment later, before ended spans are handed over: many at once take less time than each alone.
 *  @param {() => void} work */
export function later(work) {
  postponed.push(work);
  if (postponed.length === AT_ONCE) catchUp();
  schedule();
}

function catchUp() {
  const work = postponed;
  postponed = [];
  for (const one of work) {
    try {
      one();
    } catch (error) {
      console.error(error);
    }
  }
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    settle();
  }, GATHERED);
}
// Once the core is there: behind what was said before.
arrivals.add(() => settle());

/** Hands over what has ended, if the core is there. @param {boolean} [now] or else once it is, before what is said after */
export function settle(now = false) {
  // In the midst of a record, by a getter of the app's, nothing is handed over.
  if (!(currentCore() || now) || !isIdle()) return;
  catchUp();
  const spans = ended;
  ended = [];
  // Those of a pipeline cross together.
  if (mixed) spans.sort((one, other) => one.telemetry - other.telemetry);
  mixed = false;
  for (let n = 0; n < spans.length; ) {
    const { telemetry } = spans[n];
    let count = 0;
    for (let full = false; n < spans.length && count < AT_ONCE && !full && spans[n].telemetry === telemetry; n++) {
      try {
        full = gather(spans[n]);
        count++;
      } catch (error) {
        // A getter of the app's own: it is the app's to see, and those behind go on.
        console.error(error);
        countLost(telemetry, TRACES, QUEUE_FULL);
      }
    }
    try {
      if (count > 0) handOver(telemetry, count, takeSpans());
    } catch (error) {
      // There is no memory for them.
      console.error(error);
      for (; count > 0; count--) countLost(telemetry, TRACES, QUEUE_FULL);
    }
  }
}

/** @param {number} telemetry @param {number} count @param {Uint8Array} bytes */
function handOver(telemetry, count, bytes) {
  const core = currentCore();
  if (core) return tell(core, RECORD_SPANS, telemetry, 0, 0, 0, false, bytes);
  const kept = bytes.slice();
  waiting += count;
  inTurn((core) => {
    waiting -= count;
    tell(core, RECORD_SPANS, telemetry, 0, 0, 0, false, kept);
  });
}

/** @param {Span} span @param {number} telemetry */
function hasEnded(span, telemetry) {
  // Where the core decides by how a play went, it has to see what was not chosen.
  if (!(span.context.flags & 1) && !samplers.get(telemetry)?.tail) return countLost(telemetry, TRACES, UNSAMPLED);
  if (ended.length >= MOST_WAITING) settle();
  if (ended.length + waiting >= MOST_WAITING) countLost(telemetry, TRACES, QUEUE_FULL);
  else {
    mixed ||= ended.length > 0 && ended[0].telemetry !== telemetry;
    ended.push(span);
  }
  schedule();
}

/** `SpanKind`. */
const INTERNAL = 1;

/** Links that one span keeps (OpenTelemetry's default limit). */
const MOST_LINKS = 128;

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

/** A span of the app's own. Its fields are plain: a private one costs a tenth of a span. */
export class Span {
  /** @param {number} telemetry @param {string} name @param {import('./types').SpanOptions} options
   *  @param {number} [kind] @param {number} [start] */
  constructor(telemetry, name, { parent, attributes, links }, kind = INTERNAL, start = performance.now()) {
    /** @internal */
    this.telemetry = telemetry;
    /** @internal */
    this.name = name;
    /** @internal */
    this.parent = parent === undefined ? undefined : contextOf(parent);
    /** @internal */
    this.context = newContext(this.parent);
    const sampler = samplers.size > 0 && samplers.get(telemetry);
    if (sampler && !samples(sampler, name, this.context, this.parent)) this.context.flags &= ~1;
    /** @internal */
    this.kind = kind;
    /** @internal */
    this.start = start;
    /** @internal @type {Record<string, unknown>} */
    this.attributes = { ...attributes };
    /** @internal @type {{ context: import('./context.js').Context, attributes: object }[] | undefined} */
    this.links = undefined;
    /** @internal @type {string | undefined} */
    this.error = undefined;
    /** Page time, or less than zero. @internal */
    this.ended = -1;
    if (links) for (const { span, attributes } of links) this.addLink(span, attributes);
  }

  get traceparent() {
    return format(this.context);
  }

  /** @param {string} key @param {import('./types').AttributeValue} value */
  setAttribute(key, value) {
    this.attributes[key] = value;
    return this;
  }

  /** @param {unknown} span @param {Record<string, import('./types').AttributeValue>} [attributes] */
  addLink(span, attributes = {}) {
    const context = contextOf(span);
    this.links ??= [];
    if (context && this.links.length < MOST_LINKS) this.links.push({ context, attributes: { ...attributes } });
    return this;
  }

  /** @param {string} message */
  setError(message) {
    this.error = String(message);
    return this;
  }

  end() {
    this.endAt(performance.now());
  }

  /** The same, told later than it was. @param {number} at page time @internal */
  endAt(at) {
    if (this.ended >= 0) return;
    this.ended = at;
    hasEnded(this, this.telemetry);
  }

  [Symbol.dispose ?? Symbol.for('dispose')]() {
    this.end();
  }
}
