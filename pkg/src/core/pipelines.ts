// The pipelines of the page as the core and the page's events reach them: where records go, who looks at
// them, what keeps them for the next visit.

import { post } from '../host/fetch.js';
import { onHidden, onOnline } from '../host/page_lifecycle.js';
import { guard } from './client.js';
import { coreReadyListeners, currentCore } from './loader.js';
import type { Destination } from '../host/fetch.js';
import type { Spool } from '../host/storage.js';
import type { Sampler } from '../types/index.js';
import type { Core } from './client.js';
import type { DropReason, PipelineHost, Signal } from 'tonearm-core-glue';

/** What the page holds of a pipeline. */
export interface Pipeline {
  /** where its requests go */
  destination: Destination;
  /** which traces it exports, where not all */
  sampler?: Sampler;
  /** looks at a record before it is queued */
  inspect?: (signal: Signal, record: Uint8Array) => void;
  /** what observes before metrics are collected */
  observers: (() => void)[];
  /** what keeps its records for the next visit */
  spool?: Spool;
}

/** By their id. */
export const pipelines: Map<number, Pipeline> = new Map();
/** Called when a request has an outcome, or a record was looked at. */
export const exportSettledListeners: Set<() => void> = new Set();
/** Records that were dropped before the core counts them, by pipeline, signal and reason. */
const dropped: Map<string, number> = new Map();

/** Calls the listeners of exports. */
export function notifyExportSettled() {
  for (const listener of exportSettledListeners) listener();
}

/** Lets a pipeline's callbacks observe; one that throws must not take the others along. */
export function observe(id: number) {
  // One may remove itself.
  for (const callback of [...(pipelines.get(id)?.observers ?? [])]) {
    try {
      callback();
    } catch (error) {
      console.error(error);
    }
  }
}

/** What a pipeline's script does for the core. */
export const pipelineHost = (id: number): PipelineHost =>
  guard({
    observe() {
      observe(id);
      currentCore()?.collect(id);
    },
    spool: () => pipelines.get(id)?.spool?.write(),
    inspect: (signal, record) => pipelines.get(id)?.inspect?.(signal, record.slice()),
    report_diagnostic: (signal, problem, status, records, warns, message) =>
      pipelines.get(id)?.destination.diagnose?.(signal, problem, status, records, warns, message.slice()),
    post_export(request, signal, body, gzipped, keepalive, timeout, evenOffline) {
      const { destination, spool: all } = pipelines.get(id) ?? {};
      if (!destination) return;
      const spool = signal === 'metrics' ? all : undefined;
      spool?.note(request, false);
      const core = currentCore();
      const how = { gzipped, keepalive, timeout, evenOffline };
      post(destination, signal, body.slice() as Uint8Array<ArrayBuffer>, how, (outcome) => {
        const { failure, status, times, reply } = outcome;
        // Without a response it may have been counted: then it stays noted.
        if (failure !== 'failed' && !(failure === 'unsent' && evenOffline)) spool?.note(request, true);
        // Of a core that ended, no request waits for it.
        if (core === currentCore()) {
          if (failure) core?.export_failed(id, request, failure);
          else {
            const { retryAfter, retryAt, date } = times;
            core?.export_responded(id, request, status, retryAfter, retryAt, date, reply);
          }
        }
        notifyExportSettled();
      });
    },
  });

/** Counts a record that was dropped before the core had it. */
export function recordDropped(telemetry: number, signal: Signal, reason: DropReason) {
  const key = `${telemetry} ${signal} ${reason}`;
  dropped.set(key, (dropped.get(key) ?? 0) + 1);
}

/** Hands a pipeline's over. */
export function reportDropped(core: Core, id: number) {
  for (const [key, count] of dropped) {
    const [telemetry, signal, reason] = key.split(' ');
    if (Number(telemetry) !== id) continue;
    core.record_dropped(id, signal as Signal, reason as DropReason, count);
    dropped.delete(key);
  }
}

/** Listens to the page, once there is a core. */
function listen() {
  coreReadyListeners.delete(listen);
  onOnline(() => {
    for (const id of pipelines.keys()) currentCore()?.flush(id);
  });
  onHidden((left) => {
    for (const id of pipelines.keys()) observe(id);
    const all = [...pipelines.values()];
    // What an app looks at first is looked at now.
    if (all.some(({ inspect }) => inspect)) currentCore()?.inspect_pending();
    // A browser may end what a page does while it is left (Firefox does at times): what is kept comes first,
    // and again once it is known what went.
    if (left) for (const { spool } of all) spool?.write(left);
    currentCore()?.page_hidden();
    for (const { spool } of all) {
      spool?.write(left);
      if (left) spool?.leave();
    }
  });
}
coreReadyListeners.add(listen);
