// Records that are over, spans and logs, on their way to the core: written down in rows when they are over,
// handed over together a moment later. Owns when; `flat.ts` owns what a row is.

import { coreReadyListeners, currentCore, enqueueRecord } from './loader.js';
import { pipelines, recordDropped } from './pipelines.js';
import { isIdle, takeRows } from './flat.js';

/** Records that may wait for the core. */
const MOST_WAITING = 16_384;
/**
 * What is over within so many milliseconds is handed over by one task: half of what a browser that is killed
 * may take along, the other half is the core's (`spool.rs`). Code that runs seldom runs slowly: of requests
 * that end one by one each costs a third of what it costs alone.
 */
const GATHERED = 500;
/**
 * The same where more is over than crosses at once, the core has to see it before a play goes wrong, or the
 * app inspects it.
 */
const SOON = 25;
/** Records that cross together. */
const AT_ONCE = 512;

/** The signals whose records are written in rows. */
export type RowSignal = 'traces' | 'logs';
export type Counts = Record<RowSignal, number>;
/**
 * A record that is over: its pipeline, its signal, and what writes its row and says whether the rows are to
 * be taken.
 */
export type Ended = [telemetry: number, signal: RowSignal, gather: (record: any) => boolean, record: unknown];

/** The pipeline of the rows that are gathered, and how many there are, by signal. */
let owner = 0;
const noCounts = (): Counts => ({ traces: 0, logs: 0 });
let gathered = noCounts();
let rows = 0;
/** Those that were gathered before them. */
const sealed: { telemetry: number; counts: Counts; bytes: Uint8Array }[] = [];
/** Records that were over in the midst of another one, by a getter of the app's. */
const nested: Ended[] = [];
/** The delay of the timer that is set. */
let scheduled = Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Records that wait here or for the core. */
let waiting = 0;

/** What is to be found out about what has ended. */
let postponed: (() => void)[] = [];

/**
 * Does something a moment later, before records are handed over: many at once take less time than each alone.
 */
export function later(work: () => void) {
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
  if (scheduled <= SOON) return;
  const hurries =
    sealed.length > 0 || [...pipelines.values()].some((one) => one.inspect || one.sampler?.tail);
  const delay = hurries ? SOON : GATHERED;
  if (scheduled <= delay) return;
  clearTimeout(timer);
  scheduled = delay;
  timer = setTimeout(() => {
    scheduled = Infinity;
    handOver();
  }, delay);
}
// Once the core is there: behind what was said before.
coreReadyListeners.add(() => handOver());

/** @param error the app's to see */
function drop(telemetry: number, { traces, logs }: Counts, error: unknown) {
  waiting -= traces + logs;
  for (let n = 0; n < traces; n++) recordDropped(telemetry, 'traces', 'queue_full');
  for (let n = 0; n < logs; n++) recordDropped(telemetry, 'logs', 'queue_full');
  // Not within the app's own call.
  later(() => {
    throw error;
  });
}

/**
 * What was gathered is one batch: what comes is of another.
 * @param kept whether it outlives what is written next
 */
function seal(kept: boolean = true) {
  if (rows === 0) return;
  const counts = gathered;
  gathered = noCounts();
  rows = 0;
  try {
    const bytes = takeRows();
    sealed.push({ telemetry: owner, counts, bytes: kept ? bytes.slice() : bytes });
  } catch (error) {
    // There is no memory for it.
    drop(owner, counts, error);
  }
}

function write(telemetry: number, signal: RowSignal, gather: (record: any) => boolean, record: unknown) {
  if (owner !== telemetry || rows === AT_ONCE) seal();
  owner = telemetry;
  try {
    const isMuch = gather(record);
    rows++;
    gathered[signal]++;
    if (isMuch) seal();
  } catch (error) {
    // A getter of the app's own threw: other records go on.
    drop(telemetry, { ...noCounts(), [signal]: 1 }, error);
  }
}

/**
 * Hands the records that are over to the core, if it is there.
 * @param now or else once it is, before what is said after
 */
export function handOver(now: boolean = false) {
  // In the midst of a record, by a getter of the app's, nothing is handed over.
  if (!isIdle()) return;
  catchUp();
  // And what has ended by that.
  catchUp();
  if (!currentCore() && !now) return;
  for (const ended of nested.splice(0)) write(...ended);
  // What is handed over first may ask the app, which may end spans.
  seal(!currentCore() || sealed.length > 0);
  for (const { telemetry, counts, bytes } of sealed.splice(0)) {
    enqueueRecord((core) => {
      waiting -= counts.traces + counts.logs;
      core.record_rows(telemetry, bytes);
    });
  }
}

/** Takes a record over that is over: what it says changes no more, so its row is written here and now. */
export function enqueue<T>(telemetry: number, signal: RowSignal, gather: (record: T) => boolean, record: T) {
  if (waiting >= MOST_WAITING) handOver();
  if (waiting >= MOST_WAITING) recordDropped(telemetry, signal, 'queue_full');
  else {
    waiting++;
    if (isIdle()) write(telemetry, signal, gather, record);
    else nested.push([telemetry, signal, gather, record]);
  }
  schedule();
}
