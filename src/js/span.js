// A span of the app's own. Ids and times are given here, so that it may begin before the core is there; ended
// ones are handed over together, a moment later.

import { RECORD_SPANS, tell } from './door.js';
import { arrivals, countLost, currentCore, inTurn, samplers } from './loader.js';
import { contextOf, format, idsOf, newContext } from './context.js';
import { gather, isIdle, takeSpans } from './flat.js';
import { copyAttributes, safeString } from './webidl.js';

/** Ended spans that may wait for the core. */
const MOST_WAITING = 16_384;
/** What ends within so many milliseconds is handed over by one task: half of what a browser that is killed may take along, the other half is
 *  the core's (`spool.rs`). Code that runs seldom runs slowly: of requests that end one by one each costs a third of what it costs alone. */
const GATHERED = 500;
/** The same where more has ended than crosses at once, or the core has to see it before a play goes wrong. */
const SOON = 25;
/** Spans that cross together. */
const AT_ONCE = 512;

/** Spans that are gathered: of which pipeline, and how many. */
let owner = 0;
let gathered = 0;
/** Those that were gathered before them. @type {{ telemetry: number, count: number, bytes: Uint8Array }[]} */
const sealed = [];
/** Spans that ended in the midst of another record, by a getter of the app's. @type {Span[]} */
const nested = [];
/** The delay of the timer that is set. */
let scheduled = Infinity;
/** @type {number | undefined} */
let timer;
/** Spans that wait here or for the core. */
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
  const hurries = sealed.length > 0 || [...samplers.values()].some(({ tail }) => tail);
  const delay = hurries ? SOON : GATHERED;
  if (scheduled <= delay) return;
  clearTimeout(timer);
  scheduled = delay;
  timer = setTimeout(() => {
    scheduled = Infinity;
    settle();
  }, delay);
}
// Once the core is there: behind what was said before.
arrivals.add(() => settle());

/** @param {number} telemetry @param {number} count @param {unknown} error the app's to see */
function lose(telemetry, count, error) {
  waiting -= count;
  for (; count > 0; count--) countLost(telemetry, TRACES, QUEUE_FULL);
  // Not within the app's own call.
  later(() => {
    throw error;
  });
}

/**
 * What was gathered is one batch: what comes is of another.
 * @param {boolean} [kept] whether it outlives what is written next
 */
function seal(kept = true) {
  if (gathered === 0) return;
  const count = gathered;
  gathered = 0;
  try {
    const bytes = takeSpans();
    sealed.push({ telemetry: owner, count, bytes: kept ? bytes.slice() : bytes });
  } catch (error) {
    // There is no memory for it.
    lose(owner, count, error);
  }
}

/** @param {Span} span */
function write(span) {
  const { telemetry } = span;
  if (owner !== telemetry || gathered === AT_ONCE) seal();
  owner = telemetry;
  try {
    const isMuch = gather(span);
    gathered++;
    if (isMuch) seal();
  } catch (error) {
    // A getter of the app's own threw: other spans go on.
    lose(telemetry, 1, error);
  }
}

/**
 * Hands over what has ended, if the core is there.
 * @param {boolean} [now] or else once it is, before what is said after
 */
export function settle(now = false) {
  // In the midst of a record, by a getter of the app's, nothing is handed over.
  if (!isIdle()) return;
  catchUp();
  // And what has ended by that.
  catchUp();
  if (!currentCore() && !now) return;
  for (const span of nested.splice(0)) write(span);
  // What is handed over first may ask the app, which may end spans.
  seal(!currentCore() || sealed.length > 0);
  for (const { telemetry, count, bytes } of sealed.splice(0)) {
    inTurn((core) => {
      waiting -= count;
      tell(core, RECORD_SPANS, telemetry, 0, 0, 0, false, bytes);
    });
  }
}

/** @param {Span} span @param {number} telemetry */
function hasEnded(span, telemetry) {
  // Where the core decides by how a play went, it has to see what was not chosen.
  if (!(span.context.flags & 1) && !samplers.get(telemetry)?.tail)
    return countLost(telemetry, TRACES, UNSAMPLED);
  if (waiting >= MOST_WAITING) settle();
  if (waiting >= MOST_WAITING) countLost(telemetry, TRACES, QUEUE_FULL);
  else {
    waiting++;
    // What it is told of changes no more: it is written down here and now.
    if (isIdle()) write(span);
    else nested.push(span);
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

/**
 * The members of a span's options. One whose getter throws leaves a span without them.
 * @param {import('./types').SpanOptions} options @returns {import('./types').SpanOptions}
 */
function readOptions(options) {
  try {
    const { parent, attributes, links } = options;
    return { parent, attributes, links };
  } catch (error) {
    console.error(error);
    return {};
  }
}

/** A span of the app's own. Its fields are plain: a private one costs a tenth of a span. */
export class Span {
  /** @param {number} telemetry @param {string} name @param {import('./types').SpanOptions} options
   *  @param {number} [kind] @param {number} [start] */
  constructor(telemetry, name, options, kind = INTERNAL, start = performance.now()) {
    const { parent, attributes, links } = readOptions(options);
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
    this.attributes = copyAttributes(attributes);
    /** @internal @type {{ context: import('./context.js').Context, attributes: object }[] | undefined} */
    this.links = undefined;
    /** @internal @type {string | undefined} */
    this.error = undefined;
    /** Page time, or less than zero. @internal */
    this.ended = -1;
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
    this.links ??= [];
    if (context && this.links.length < MOST_LINKS)
      this.links.push({ context, attributes: copyAttributes(attributes) });
    return this;
  }

  /** @param {string} message */
  setError(message) {
    this.error = safeString(message);
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
