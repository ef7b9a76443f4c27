// Where the records of a pipeline are: the accounts of its signals, and a flush, which waits until what they
// hold is answered for. The core counts; what is under way here is handed over first.

import { SIGNALS } from '../host/fetch.js';
import { handOver } from './batch.js';
import { DROP_REASONS } from './drop_reasons.js';
import { callWhenReady, currentCore, enqueueRecord } from './loader.js';
import { exportSettledListeners, observe, reportDropped } from './pipelines.js';
import type { LogRecord, SignalStats } from '../types/index.js';
import type { DropReason, RecordState, Signal } from 'tonearm-core-glue';

/** Whether records that are dropped for a reason failed to arrive, which no option asks for. */
const isFailure = (reason: string) => currentCore()?.is_failure(reason as DropReason);

/** Where the records of each signal of a pipeline are, as it is now. */
export function accountsOf(id: number): [Signal, SignalStats][] {
  handOver();
  const core = currentCore();
  if (core) reportDropped(core, id);
  return SIGNALS.map((signal) => {
    const count = (state: RecordState) => core?.count_records(id, signal, state) ?? 0;
    const dropped = Object.fromEntries(
      DROP_REASONS.map((reason) => [reason, core?.count_dropped(id, signal, reason) ?? 0]),
    );
    const account = {
      started: count('started'),
      recovered: count('recovered'),
      exported: count('exported'),
      pending: count('pending'),
      dropped: dropped as SignalStats['dropped'],
    };
    return [signal, account];
  });
}

/** Of each signal all records, those that are gone, and those of them that failed to arrive. */
const progressOf = (id: number) =>
  accountsOf(id).map(([signal, { started, recovered, pending, dropped }]) => {
    const all = started + recovered;
    const failures = Object.entries(dropped).filter(([reason]) => isFailure(reason));
    return { signal, all, gone: all - pending, lost: failures.reduce((sum, [, count]) => sum + count, 0) };
  });

/**
 * Sends what a pipeline has recorded until now as soon as it can be. Fulfils once all of it is answered for,
 * or after so many milliseconds: with whether it all arrived.
 */
export function flush(id: number, limit: number): Promise<boolean> {
  observe(id);
  // Behind what was recorded and said before.
  handOver(true);
  return new Promise((resolve) => {
    callWhenReady(
      () => {},
      () => resolve(false),
    );
    enqueueRecord((core) => {
      handOver();
      core.flush(id);
      // Of each signal so many records have to be gone; what fails to arrive meanwhile is lost.
      const first = progressOf(id);
      const open = core.open_spans(id) ?? 0;
      const goals = first.map(({ signal, all, lost }) => ({
        goal: all - (signal === 'traces' ? open : 0),
        lost,
      }));
      const timer = setTimeout(() => check(true), limit);
      const check = (late = false, now = progressOf(id)) => {
        const isSame = currentCore() === core;
        const done = isSame && goals.every(({ goal }, at) => now[at].gone >= goal);
        if (!done && !late && isSame) return;
        clearTimeout(timer);
        exportSettledListeners.delete(check);
        resolve(done && goals.every(({ lost }, at) => now[at].lost === lost));
      };
      exportSettledListeners.add(check);
      check(false, first);
    });
  });
}

/** Records what failed to arrive, as log records of the pipeline. */
export class FailureLog {
  readonly #id: number;
  readonly #log: (record: LogRecord) => void;
  /** Failures by signal and reason, as they were recorded last. */
  readonly #recorded: Map<string, number> = new Map();

  constructor(id: number, log: (record: LogRecord) => void) {
    this.#id = id;
    this.#log = log;
  }

  /** Begins anew, with the account of another core. */
  clear() {
    this.#recorded.clear();
  }

  /** Records what failed to arrive since the last time, and why. */
  record() {
    for (const [signal, { dropped }] of accountsOf(this.#id)) {
      for (const [reason, count] of Object.entries(dropped)) {
        if (!count || !isFailure(reason)) continue;
        const key = `${signal} ${reason}`;
        const records = count - (this.#recorded.get(key) ?? 0);
        this.#recorded.set(key, count);
        const attributes = { 'telemetry.signal': signal, 'telemetry.records': records, 'error.type': reason };
        if (records > 0) this.#log({ eventName: 'telemetry.dropped', severity: 'warn', attributes });
      }
    }
  }
}
