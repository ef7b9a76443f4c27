// Brings the wasm core, once it is asked for, and keeps what is called before it is there.
// Importing this touches nothing: no window, no network, no clock.

import { fetchModule, mayRecover } from '../host/wasm_file.js';
import { beginCore, endsCore, instantiateCore, isTrap, trap } from './client.js';
import { usvString } from '../host/webidl.js';
import type { InitOptions } from '../types/index.js';
import type { PageHost } from 'tonearm-core-glue';
import type { Core } from './client.js';

/** Cores that are brought back in one page. */
const MOST_CRASHES = 3;
/**
 * Calls that may wait for the core. Beyond them the oldest promise is to be kept: new ones are refused by
 * name.
 */
const MAX_WAITING = 1024;

/** Called when a core is there, after what has waited for it. */
export const coreReadyListeners: Set<() => void> = new Set();

let timer: number | undefined;
let core: Core | undefined;
let loading: Promise<void> | undefined;
let waiting: { call: (core: Core) => void; refuse?: (error: DOMException) => void }[] = [];
/**
 * What calls of the core have thrown, the last one first: whether that ended it is decided in a task of its
 * own, since the stack may be at its end.
 */
let thrown: { error: unknown; before: any } | undefined;
/** Records from before the core was there. */
const records: ((core: Core) => void)[] = [];
/** Whether the extended core is asked for. */
let extended = false;
/** How often a core ended by a fault; one that faults again and again is not brought back. */
let crashes = 0;
/** Called when a core has ended and another takes its place. */
export const coreRestartListeners: Set<(error: unknown) => void> = new Set();
/** Members of `InitOptions` that are places of files. */
export const FILES = ['wasm', 'worker', 'worklet', 'fullWasm'] as const;
const places: Partial<Record<(typeof FILES)[number], string>> = Object.create(null);

/** Where the core's file is: written out for each, because bundlers read it. */
function coreUrl() {
  // Development mode has one core, with all options.
  if (TONEARM_DEVELOPMENT) return new URL('./tonearm_development_bg.wasm', import.meta.url);
  if (extended) return new URL('./tonearm_full_bg.wasm', import.meta.url);
  return new URL('./tonearm_bg.wasm', import.meta.url);
}

/** Milliseconds after which the core is asked for again, for what waits for it. */
const RETRY_DELAYS = [5000, 10_000, 20_000, 40_000, 80_000];
let retries = 0;

/** Asks again later, where the network failed: records of telemetry wait, and nothing else may ask. */
function retryLater() {
  const delay = RETRY_DELAYS[retries++];
  if (delay === undefined || waiting.length + records.length === 0) return;
  setTimeout(() => loadCore().catch(() => {}), delay);
}

export function configure(options: InitOptions) {
  const { full: isFull } = options;
  for (const name of FILES) {
    const place = options[name];
    if (place !== undefined && place !== null) places[name] = usvString(`init: option "${name}"`, place);
  }
  if (isFull) requireExtendedCore('full');
}

/** What the page does for the core. */
const page: PageHost = {
  wake_in(milliseconds) {
    const replaced = timer;
    // Set before the other is cleared: a stack that overflows in between must not leave the core without a
    // timer.
    timer = setTimeout(onTimer, milliseconds);
    clearTimeout(replaced);
  },
};

async function start(): Promise<void> {
  if (typeof WebAssembly === 'undefined')
    throw new DOMException('WebAssembly is not available.', 'NotSupportedError');
  if (typeof document === 'undefined' && !('importScripts' in globalThis))
    throw new DOMException('The core runs in a browser: in a page or in a Worker.', 'NotSupportedError');
  await fetchModule((extended ? places.fullWasm : places.wasm) ?? coreUrl(), instantiateCore);
  trap.onThrow = (error) => {
    thrown = { error, before: thrown };
    // Where the stack has no room for this either, the next call or the core's timer asks for it.
    setTimeout(examineThrown);
  };
  core = beginCore(page);
}

/** Loads the core, once; rejects with `NetworkError` or `NotSupportedError`, and a later call tries again. */
export function loadCore(): Promise<void> {
  loading ??= start().then(
    () => {
      retries = 0;
      // One call that fails must not take those behind it along.
      const noted = records.splice(0).map((call) => ({ call, refuse: undefined }));
      const calls = [...waiting.splice(0), ...noted];
      for (const [at, { call, refuse }] of calls.entries()) {
        // One at which the core ended: the rest is for the next, behind what brings the pipelines back.
        if (thrown && endsCore(thrown.error)) {
          waiting.push(...calls.slice(at));
          break;
        }
        try {
          call(core as Core);
        } catch (error) {
          refuse?.(error as DOMException);
        }
      }
      for (const listener of coreReadyListeners) listener();
    },
    (error) => {
      loading = undefined;
      // Who waits for an answer is refused; what only sets things up waits for the next attempt.
      const refused = waiting.filter(({ refuse }) => refuse);
      waiting = waiting.filter(({ refuse }) => !refuse);
      for (const { refuse } of refused) refuse?.(error);
      if (mayRecover(error)) retryLater();
      throw error;
    },
  );
  return loading;
}

/**
 * Has the extended core loaded; throws where another is on its way.
 * @param option that needs it
 */
export function requireExtendedCore(option: string) {
  if (loading && !extended) {
    throw new DOMException(
      `Option "${option}" must come before another pipeline, init() and the first player, ` +
        'or after init({ full: true }).',
      'InvalidStateError',
    );
  }
  extended = true;
}

/** The timer of the core's next timeout. */
function onTimer() {
  examineThrown();
  core?.timeout();
}

/** Replaces the core where one of the errors has ended it. */
function examineThrown() {
  if (!thrown) return;
  /** The first of them. */
  let fault: unknown;
  for (let last = thrown; last; last = last.before) {
    if (endsCore(last.error)) fault = last.error;
    else console.error(last.error);
  }
  thrown = undefined;
  if (fault) restart(fault);
  // An exception may have left the engine borrowed: then this call traps.
  else core?.current_time(0);
}

/** A fault ended the core: another takes its place, with the pipelines and players of the page. */
function restart(error: unknown) {
  if (!core) return;
  core = loading = undefined;
  clearTimeout(timer);
  console.error(error);
  // A stack that the app's own calls have filled is no fault of the core's.
  if (isTrap(error)) crashes++;
  const rest = waiting.splice(0);
  for (const { refuse } of rest) refuse?.(ended());
  for (const listener of [...coreRestartListeners]) listener(error);
  waiting.push(...rest.filter(({ refuse }) => !refuse));
}

/** The trace of the last play, for who asks what happened. */
export const lastTrace = { traceparent: '' };

/** The reason of what was asked of a core that ended. */
const ended = () => new DOMException('The player ended by a fault.', 'OperationError');

/** Whether a core lives, or may. */
export const isLive = () => crashes <= MOST_CRASHES;

/** Where the app says that a file of the package is, if it does. */
export const placeOf = (name: 'worker' | 'worklet') => places[name];

/** The core, if it is there. */
export const currentCore = () => core;

/**
 * Calls the core now, or once it is there, for telemetry: what waits does not bring it, and takes no place
 * from players.
 * @param lost called instead where there is no room
 */
export function whenCoreReady(call: (core: Core) => void, lost?: () => void) {
  if (core) call(core);
  else if (records.length < MAX_WAITING) records.push(call);
  else lost?.();
}

/**
 * Calls the core now, or once it is there, behind the records of before: what is set always finds a place.
 */
export function enqueueRecord(call: (core: Core) => void) {
  if (core) call(core);
  else records.push(call);
}

/**
 * Calls the core now, or once it is there, which this brings.
 * @param refuse called instead where it can't be had; what sets things up waits on
 */
export function callWhenReady(call: (core: Core) => void, refuse?: (error: DOMException) => void) {
  if (thrown) setTimeout(examineThrown);
  if (core) return call(core);
  if (!isLive()) return refuse?.(ended());
  if (refuse && waiting.length >= MAX_WAITING)
    refuse(new DOMException('Too many calls wait for the player.', 'QuotaExceededError'));
  else waiting.push({ call, refuse });
  loadCore().catch(() => {});
}
