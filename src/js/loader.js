// Brings the wasm core, once it is asked for, and keeps what is called before it is there.
// Importing this touches nothing: no window, no network, no clock.

import { SIGNALS, post } from '../browser/fetch.js';
import { onHidden, onOnline } from '../browser/page_lifecycle.js';
import {
  COLLECT,
  FLUSH,
  HIDDEN,
  INSPECT,
  LOST,
  NO_BYTES,
  REPLIED,
  TIMEOUT,
  isTrap,
  tell,
  trap,
} from './door.js';
import { instantiate } from '../browser/wasm.js';
import { expectWasm, explainFailure, fetchWasm, mayRecover } from '../browser/wasm_file.js';
import { dictionary, usvString } from './webidl.js';
import * as glue from 'tonearm-core-glue';

/** What the cores call their glue. */
const GLUE_NAMES = ['./tonearm_bg.js', './tonearm_full_bg.js', './tonearm_development_bg.js'];
/** Cores that are brought back in one page. */
const MOST_CRASHES = 3;
/**
 * Calls that may wait for the core. Beyond them the oldest promise is to be kept: new ones are refused by
 * name.
 */
const MAX_WAITING = 1024;

/**
 * What a player does for the core, by its number in the core (`Tell` of `browser/host.rs`), and the sending of a command
 * to its Worker.
 * @typedef {{ tell: ((number: number, name: string, message: string) => void)[], media: (command: Uint8Array) => void }} Side
 */

/** The players of the page. @type {Map<number, Side>} */
export const sides = new Map();
/** Where the pipelines' requests go. @type {Map<number, import('../browser/fetch.js').Destination>} */
export const exporters = new Map();

/** Which traces they export, where not all. @type {Map<number, import('./types').Sampler>} */
export const samplers = new Map();
/**
 * Looks at a pipeline's records before they are queued.
 * @type {Map<number, (signal: number, record: Uint8Array) => void>}
 */
export const inspectors = new Map();
/** Called when a core is there, behind what has waited for it. @type {Set<() => void>} */
export const arrivals = new Set();
/** Called when a request was answered. @type {Set<() => void>} */
export const answered = new Set();

/** What the pipelines observe, by their id. @type {Map<number, (() => void)[]>} */
export const observers = new Map();

/** Lets a pipeline's callbacks observe; one that throws must not take the others along. @param {number} id */
export function observe(id) {
  // One may remove itself.
  for (const callback of [...(observers.get(id) ?? [])]) {
    try {
      callback();
    } catch (error) {
      console.error(error);
    }
  }
}

/**
 * What keeps the pipelines' records for the next visit.
 * @type {Map<number, import('../browser/storage.js').Spool>}
 */
export const spools = new Map();

/** What the core calls (`browser/host.rs`). Bytes lie in its memory: they are copied before it goes on. */
const host = {
  /**
   * @param {number} player
   * @param {number} what
   * @param {number} number
   * @param {string} name
   * @param {string} message
   */
  tell: (player, what, number, name, message) => sides.get(player)?.tell[what](number, name, message),
  /** @param {number} player @param {Uint8Array} command */
  media: (player, command) => sides.get(player)?.media(command.slice()),
  /** @param {number} millis */
  wake(millis) {
    clearTimeout(timer);
    timer = setTimeout(() => tell(core, TIMEOUT, 0), millis);
  },
  /** @param {number} id @param {number} signal @param {Uint8Array} record */
  inspect: (id, signal, record) => inspectors.get(id)?.(signal, record.slice()),
  /** @param {number} id */
  spool: (id) => void spools.get(id)?.write(),
  /** @param {number} id */
  observe(id) {
    observe(id);
    tell(core, COLLECT, id);
  },
  /** @type {(id: number, ...of: Parameters<import('../browser/fetch.js').Diagnose>) => void} */
  diagnose: (id, signal, problem, status, records, warns, message) =>
    exporters.get(id)?.diagnose?.(signal, problem, status, records, warns, message.slice()),
  /** @param {number} id @param {number} request @param {number} signal @param {Uint8Array} body @param {boolean} gzipped
   *  @param {boolean} keepalive @param {number} timeout @param {boolean} evenOffline */
  post(id, request, signal, body, gzipped, keepalive, timeout, evenOffline) {
    const destination = exporters.get(id);
    if (!destination) return;
    const spool = SIGNALS[signal] === 'metrics' ? spools.get(id) : undefined;
    spool?.note(request, false);
    const asked = core;
    const how = { gzipped, keepalive, timeout, evenOffline };
    post(destination, signal, body.slice(), how, (status, wait, reply) => {
      // Without an answer it may have been counted: then it stays noted.
      if (status > Number(evenOffline)) spool?.note(request, true);
      // Of a core that ended, nobody waits for it.
      if (asked === core) tell(core, REPLIED, id, request, status, wait, false, reply);
      for (const heard of answered) heard();
    });
  },
};

/**
 * Returns `nothing` where a call of the core throws.
 * @template {(...args: any[]) => any} T @param {T} call @param {ReturnType<T>} nothing
 */
const guarded = (call, nothing) =>
  /** @type {T} */ (
    (...args) => {
      try {
        return call(...args);
      } catch (error) {
        trap.heard(error);
        return nothing;
      }
    }
  );

/** The same functions, which throw nothing into the core: an exception would unwind it without its destructors. */
const guardedHost = /** @type {typeof host} */ (
  Object.fromEntries(
    Object.entries(host).map(([name, call]) => [
      name,
      (/** @type {any[]} */ ...args) => {
        try {
          /** @type {Function} */ (call)(...args);
        } catch (error) {
          console.error(error);
        }
      },
    ]),
  )
);

/** @type {number | undefined} */
let timer;
/** @type {import('./core').Core | undefined} */
let core;
/** What the core exports. @type {{ memory: WebAssembly.Memory } | undefined} */
let wasm;
/** @type {Promise<void> | undefined} */
let loading;
/** @type {{ call: (core: import('./core').Core) => void, refuse?: (error: DOMException) => void }[]} */
let waiting = [];
/** Records from before the core was there. @type {((core: import('./core').Core) => void)[]} */
const records = [];
/** Records that were lost here, by pipeline, signal and reason. @type {Map<string, number>} */
const losses = new Map();
/** Whether somebody asked for the core that has all. */
let full = false;
/** How often a core ended by a fault; one that faults again and again is not brought back. */
let crashes = 0;
/** What is done for a core that takes the place of one that ended. @type {Set<(error: unknown) => void>} */
export const revivals = new Set();
/** Members of `InitOptions` that are places of files. */
const FILES = /** @type {const} */ (['wasm', 'worker', 'worklet', 'fullWasm']);
/** @type {Partial<Record<(typeof FILES)[number], string>>} */
const places = Object.create(null);

/** Where the core's file is: written out for each, because bundlers read it. */
function coreUrl() {
  // Development mode has one core, with all options.
  if (TONEARM_DEVELOPMENT) return new URL('./tonearm_development_bg.wasm', import.meta.url);
  if (full) return new URL('./tonearm_full_bg.wasm', import.meta.url);
  return new URL('./tonearm_bg.wasm', import.meta.url);
}

/** Milliseconds after which the core is asked for again, for what waits for it. */
const RETRY_DELAYS = [5000, 10_000, 20_000, 40_000, 80_000];
let retries = 0;

/** Asks again later, where the network failed: records of telemetry wait, and nothing else may ask. */
function retryLater() {
  const delay = RETRY_DELAYS[retries++];
  if (delay === undefined || waiting.length + records.length === 0) return;
  setTimeout(() => init().catch(() => {}), delay);
}

/** @param {import('./types').InitOptions} options */
function configure(options) {
  const { full: isFull } = options;
  for (const name of FILES) {
    const place = options[name];
    if (place !== undefined && place !== null) places[name] = usvString(`init: option "${name}"`, place);
  }
  if (isFull) wantFull('full');
}

/** @returns {Promise<void>} */
async function start() {
  if (typeof WebAssembly === 'undefined')
    throw new DOMException('WebAssembly is not available.', 'NotSupportedError');
  if (typeof document === 'undefined' && !('importScripts' in globalThis))
    throw new DOMException('The core runs in a browser: in a page or in a Worker.', 'NotSupportedError');
  const response = await fetchWasm((full ? places.fullWasm : places.wasm) ?? coreUrl());
  expectWasm(response);
  try {
    const before = wasm;
    wasm = await instantiate(response, GLUE_NAMES, glue);
    // The glue keeps views of a core's memory: this takes from it those of one that ended, whoever has called
    // that since.
    before?.memory.grow(0);
  } catch (cause) {
    throw explainFailure(cause, response);
  }
  trap.heard = (error) => {
    if (isTrap(error)) return crashed(error);
    console.error(error);
    // A stack that overflowed inside wasm leaves the engine borrowed: then the next call traps.
    setTimeout(() => core?.read(0, 0));
  };
  const seed = crypto.getRandomValues(new BigUint64Array(2));
  glue.begin(performance, seed[0], seed[1], guardedHost);
  core = { tell: glue.tell, ask: guarded(glue.ask, NO_BYTES), read: guarded(glue.read, []) };
  if (crashes > 0) return;
  onOnline(() => {
    for (const id of exporters.keys()) tell(core, FLUSH, id);
  });
  onHidden((left) => {
    for (const id of observers.keys()) observe(id);
    // What somebody has to look at first is looked at now.
    if (inspectors.size > 0) tell(core, INSPECT, 0);
    // A browser may end what a page does while it is left (Firefox does at times): what is kept comes first,
    // and again once it is known what went.
    if (left) for (const spool of spools.values()) spool.write(left);
    tell(core, HIDDEN, 0);
    for (const spool of spools.values()) {
      spool.write(left);
      if (left) spool.leave();
    }
  });
}

/**
 * Loads the core, now, from where the options say. Without it the first `createTelemetry()` or `createPlayer()` does.
 * Rejects with `NetworkError` or `NotSupportedError`; a later call tries again.
 * @param {import('./types').InitOptions} [options]
 * @returns {Promise<void>}
 */
export function init(options) {
  try {
    configure(dictionary('init: options', options));
  } catch (error) {
    return Promise.reject(error);
  }
  loading ??= start().then(
    () => {
      retries = 0;
      // One call that fails must not take those behind it along.
      const noted = records.splice(0).map((call) => ({ call, refuse: undefined }));
      const calls = [...waiting.splice(0), ...noted];
      for (const [at, { call, refuse }] of calls.entries()) {
        // One at which the core ended: the rest is for the next, behind what brings the pipelines back.
        if (!core) {
          waiting.push(...calls.slice(at));
          break;
        }
        try {
          call(core);
        } catch (error) {
          refuse?.(/** @type {DOMException} */ (error));
        }
      }
      for (const heard of arrivals) heard();
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
 * The core that has all is wanted: it must not be on its way without.
 * @param {string} option that wants it
 */
export function wantFull(option) {
  if (loading && !full) {
    throw new DOMException(
      `Option "${option}" must come before another pipeline, init() and the first player, or after init({ full: true }).`,
      'InvalidStateError',
    );
  }
  full = true;
}

/**
 * A fault ended the core: another takes its place, with the pipelines and players of the page.
 * @param {unknown} error
 */
function crashed(error) {
  if (!core) return;
  core = loading = undefined;
  clearTimeout(timer);
  console.error(error);
  crashes++;
  for (const revive of [...revivals]) revive(error);
}

/** The trace of the last play, for who asks what happened. */
export const lastTrace = { traceparent: '' };

/** Whether a core lives, or may. */
export const isLive = () => crashes <= MOST_CRASHES;

/** Where the app says that a file of the package is, if it does. @param {'worker' | 'worklet'} name */
export const placeOf = (name) => places[name];

/** The core, if it is there. */
export const currentCore = () => core;

/**
 * Calls the core now, or once it is there, for telemetry: what waits does not bring it, and takes no place from players.
 * @param {(core: import('./core').Core) => void} call @param {() => void} [lost] called instead where there is no room
 */
export function whenCore(call, lost) {
  if (core) call(core);
  else if (records.length < MAX_WAITING) records.push(call);
  else lost?.();
}

/** Calls the core now, or once it is there, behind the records of before: what is set always finds a place.
 *  @param {(core: import('./core').Core) => void} call */
export function inTurn(call) {
  if (core) call(core);
  else records.push(call);
}

/**
 * Counts records that were lost before the core had them.
 * @param {number} telemetry
 * @param {number} signal
 * @param {number} reason
 */
export function countLost(telemetry, signal, reason) {
  const key = `${telemetry} ${signal} ${reason}`;
  losses.set(key, (losses.get(key) ?? 0) + 1);
}

/** Hands a pipeline's over. @param {import('./core').Core} core @param {number} id */
export function tellLosses(core, id) {
  for (const [key, count] of losses) {
    const [telemetry, signal, reason] = key.split(' ').map(Number);
    if (telemetry !== id) continue;
    tell(core, LOST, telemetry, signal, reason, count);
    losses.delete(key);
  }
}

/**
 * Calls the core now, or once it is there, which this brings.
 * @param {(core: import('./core').Core) => void} call
 * @param {(error: DOMException) => void} [refuse] called instead where it can't be had; what sets things up waits on
 */
export function withCore(call, refuse) {
  if (core) return call(core);
  if (!isLive()) return refuse?.(new DOMException('The player ended by a fault.', 'OperationError'));
  if (refuse && waiting.length >= MAX_WAITING)
    refuse(new DOMException('Too many calls wait for the player.', 'QuotaExceededError'));
  else waiting.push({ call, refuse });
  init().catch(() => {});
}
