// The player as apps hold it: HTMLMediaElement's names over the core. Calls are stamped here, in the
// listener's own task, and queued until the core is there.

import { anySignal, throwIfAborted, whenAborted } from '../browser/abort.js';
import { onDeviceChange } from '../browser/devices.js';
import { GESTURES, askedFor, nextGesture } from '../browser/gesture.js';
import { onWorkerFetched, openWorker } from '../browser/worker_link.js';
import { guard } from './core_client.js';
import { callWhenReady, coreRestartListeners, currentCore, isLive, lastTrace, placeOf } from './loader.js';
import { onRequest } from './on_request.js';
import { Output } from './output.js';
import { Resolver } from './resolver.js';
import { ERROR_TYPE, EVENT_DEVICE_CHANGED, SPAN_TRACK_LOAD, SPAN_TRACK_PLAY } from '../browser/semconv.js';
import { followOptions, loadOptions, playOptions, playerOptions } from './player_options.js';
import { answer, canPlayType, defaultEngine, describeSource, isForElement, sourceOf } from './source.js';
import { Span } from './span.js';
import { Range } from './time_ranges.js';
import { double, enumeration, mismatch, unrestrictedDouble } from './webidl.js';

let [lastId, lastToken] = [0, 0];

const destroyed = (/** @type {string} */ name) => new DOMException('The player was destroyed.', name);

/** See `types.d.ts`. */
export class Player extends EventTarget {
  #id = ++lastId;
  #output;
  /** @type {import('./links').MediaLink | undefined} */
  #worker;
  /** @type {import('./types').Source | undefined} */
  #source;
  /** Those that are left if it does not play. @type {import('./types').Source[]} */
  #others = [];
  /** What the Worker knows of the source. @type {ReturnType<typeof describeSource>['workerSource'] | undefined} */
  #workerSource;
  /** @type {import('./types').Preload} */
  #preload = 'none';
  /** @type {[start: number, end: number] | undefined} */
  #loop;
  /** @type {AbortSignal | undefined} */
  #signal;
  #resolver;
  /** Aborted when the player is destroyed. */
  #alive = new AbortController();
  #telemetry;
  /** Aborted by the next load: what listens for this one's sake ends then. */
  #loaded = new AbortController();
  /** Aborted where what `follow()` waits for cannot come any more. */
  #following = new AbortController();
  /** @type {Map<number, { name: string, resolve: () => void, reject: (error: unknown) => void }>} */
  #promises = new Map();
  /** @type {import('./types').TrackMetadata} */
  #metadata = {};
  /** What the app chose. @type {'auto' | import('./types').Engine} */
  #chosen;
  /** Whether an element may play in the place of a source that failed. */
  #elementAllowed;
  /** @type {import('./types').Engine} */
  #engine;
  /** Who plays where neither the app nor a failure says otherwise. @type {import('./types').Engine} */
  #defaultEngine;
  /** When Worker and worklet, or the element, are there; none before they are first needed. @type {Promise<void> | undefined} */
  #opened;
  /** Aborted with the Worker that is on its way. */
  #opening = new AbortController();
  /** A failure from before the core was there. @type {DOMException | undefined} */
  #early;
  /** The last failure that was reported. @type {DOMException | undefined} */
  #error;
  /** What ended the track. @type {DOMException | undefined} */
  #failure;

  /** @param {import('./types').PlayerOptions} [options] */
  constructor(options) {
    super();
    const { telemetry, destination, engine, replayGain } = playerOptions(options);
    this.#chosen = engine;
    this.#defaultEngine = destination ? 'stream' : defaultEngine();
    this.#engine = engine === 'auto' ? this.#defaultEngine : engine;
    // An element would play past the app's own node.
    this.#elementAllowed =
      engine === 'auto' && (destination?.context.destination ?? destination) === destination;
    this.#output = new Output(this.#id, destination, replayGain, this.#alive.signal);
    this.#telemetry = /** @type {import('./telemetry.js').Telemetry | undefined} */ (telemetry);
    this.#resolver = new Resolver(this.#id, this.#telemetry);
    this.#create();
    coreRestartListeners.add(this.#onCoreRestart);
    // What interrupted the output may be over: a call, another app's sound (Safari's `interrupted`), a laptop
    // that slept.
    const wake = () => {
      if (!destination && !this.paused && this.#output.context.state !== 'running') this.#output.resume();
    };
    for (const name of ['visibilitychange', ...GESTURES])
      document.addEventListener(name, wake, { signal: this.#alive.signal, capture: true });
    this.#output.onSinkChange = () =>
      this.paused ||
      this.#telemetry?.log({ eventName: EVENT_DEVICE_CHANGED, span: this.traceparent ?? undefined });
    onDeviceChange(this.#output.onSinkChange, this.#alive.signal);
  }

  /** What this does for the core. @type {import('tonearm-core-glue').PlayerHost} */
  #host = guard({
    dispatch_event: (name) => {
      if (name === 'statechange') lastTrace.traceparent = this.traceparent ?? '';
      this.dispatchEvent(new Event(name));
    },
    settle_promise: (promise, name, message) => {
      const { resolve, reject } = this.#promises.get(promise) ?? {};
      if (!name) resolve?.();
      else if (name === 'AbortError' && this.#signal?.aborted) reject?.(this.#signal.reason);
      else reject?.(this.#fault(name, message));
      // Last: where the stack ends before it, the promise is rejected with the core.
      this.#promises.delete(promise);
    },
    resolve_source: (play) => this.#resolver.run(play, this.#source),
    cancel_resolve: () => this.#resolver.cancel(),
    reopen: (engine) => {
      this.#engine = engine;
      this.#open();
    },
    release_output: (epoch) => this.#output.release(epoch),
    hold_output: () => this.#output.hold(),
    set_failure: (name, message) => {
      this.#failure = name ? this.#fault(name, message) : undefined;
    },
    replace_context: () => this.#output.replaceContext(),
    select_alternative: () => this.#selectNext(),
    terminate_worker: () => this.#terminate(),
    send_command: (command) => {
      const copy = command.slice();
      this.#worker?.postMessage(copy, [copy.buffer]);
    },
  });

  /**
   * The core ended by a fault, and another takes its place: what was asked for has failed, the source is
   * there again.
   */
  #onCoreRestart = () => {
    this.#output.hold();
    const error = (this.#early = new DOMException('The player ended by a fault.', 'OperationError'));
    for (const { reject } of this.#promises.values()) reject(error);
    this.#promises.clear();
    this.#following.abort(error);
    if (isLive()) {
      this.#create();
      if (this.#opened) this.#open();
    }
    if (this.#source && isLive()) this.#select().catch(() => {});
    this.dispatchEvent(new Event('error'));
  };

  #create() {
    const { watched, rate } = this.#output;
    callWhenReady((core) => {
      core.create_player(this.#id, this.#telemetry?.id, this.#host);
      if (watched) core.watch_position(this.#id);
      if (rate !== 1) core.set_rate(this.#id, rate);
    });
    if (this.#loop) this.setLoop(...this.#loop);
  }

  /** Who listens for the time gets it four times a second, as HTML has it; for nobody it is reported once. See `EventTarget`.
   *  @param {Parameters<EventTarget['addEventListener']>} listener */
  addEventListener(...listener) {
    super.addEventListener(...listener);
    if (listener[0] !== 'timeupdate' || this.#output.watched) return;
    callWhenReady((core) => core.watch_position(this.#id));
    this.#output.watch();
  }

  get engine() {
    return this.#engine;
  }

  /** Opens the Worker and the output; each notifies the core once it is there, or that it can't be had. */
  #open() {
    this.#terminate();
    this.#opened = this.#engine === 'element' ? this.#openElement() : this.#openStream();
  }

  #terminate() {
    this.#opening.abort();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #openStream() {
    const place = placeOf('worker');
    const worker = (this.#worker = openWorker(place));
    if (!worker) return this.#notifyUnavailable();
    const { signal } = (this.#opening = new AbortController());
    onWorkerFetched(worker, place, signal, () => callWhenReady((core) => core.media_loaded(this.#id)));
    if (this.#workerSource) worker.postMessage(this.#workerSource);
    worker.onerror = () => this.#worker === worker && this.#notifyUnavailable();
    worker.onmessage = ({ data }) => {
      if (this.#worker !== worker) return;
      // The Worker's script sends two things that are no facts: what a file says of its music, and that the
      // wasm is not there.
      if (data instanceof Uint8Array) currentCore()?.media_fact(this.#id, data);
      else if (data.texts) this.#describe(data);
      else if (data.ask)
        answer(this.#source, this.#workerSource, this.#telemetry?.options, worker, data, (url) =>
          callWhenReady((core) => core.renew(this.#id, url)),
        );
      else this.#notifyUnavailable();
    };
    return this.#output.open(worker);
  }

  /** The browser's own element in the place of both. */
  async #openElement() {
    const link = await this.#output.openElement();
    if (!link) return;
    this.#worker = link;
    if (this.#workerSource) link.postMessage(this.#workerSource);
    callWhenReady((core) => {
      core.set_engine(this.#id, 'element');
      core.output_ready(this.#id, link.sampleRate);
      core.set_audio_state(this.#id, 'running');
    });
  }

  #notifyUnavailable() {
    callWhenReady((core) => core.media_unavailable(this.#id));
  }

  /**
   * @param {{ texts: [string, string][], picture?: { mime: string, bytes: Uint8Array<ArrayBuffer> }, gains: number[] }} tags
   */
  #describe({ texts, picture, gains }) {
    this.#output.applyLevel({ gains });
    const artwork = picture && new Blob([picture.bytes], { type: picture.mime });
    this.#metadata = { ...Object.fromEntries(texts.reverse()), artwork };
    this.dispatchEvent(new Event('metadatachange'));
  }

  /** One object for one failure: what a promise rejects with is what `error` holds, its cause included.
   *  @param {string} name @param {string} message */
  #fault(name, message) {
    const { elementMessage } = this.#output;
    if (elementMessage) message += ` The browser's media element: ${elementMessage}`;
    if (this.#error?.name !== name || this.#error.message !== message) {
      this.#error = this.#resolver.explain(new DOMException(message, name));
    }
    return this.#error;
  }

  /** @param {string} name of the span that is recorded where the core can't be had @param {number} at
   *  @param {(core: import('./core_client.js').Core, token: number) => void} call @returns {Promise<void>} */
  #promise(name, at, call) {
    if (this.#alive.signal.aborted) return Promise.reject(destroyed('InvalidStateError'));
    const token = ++lastToken;
    return new Promise((resolve, reject) => {
      this.#promises.set(token, { name, resolve, reject });
      callWhenReady(
        (core) => call(core, token),
        (error) => {
          this.#promises.delete(token);
          this.#early = error;
          if (this.#telemetry) {
            // It waits here for a core that can be had: a later call tries again.
            const { parent } = this.#source ?? {};
            const span = new Span(
              this.#telemetry.id,
              name,
              { parent, attributes: { [ERROR_TYPE]: 'unavailable' } },
              undefined,
              at,
            );
            span.setError(error.message).end();
          }
          reject(error);
          this.dispatchEvent(new Event('error'));
        },
      );
    });
  }

  /** @param {unknown} given @param {import('./types').LoadOptions | null} [options] @returns {Promise<void>} */
  async load(given, options) {
    const { signal } = loadOptions(options);
    const [source, ...others] = (Array.isArray(given) && given.length > 0 ? given : [given]).map(sourceOf);
    throwIfAborted(signal);
    if (this.#alive.signal.aborted) throw destroyed('InvalidStateError');
    this.#source = source;
    this.#others = others;
    // What an element would leave out is ours to play; and a failure of the track before is none of this one.
    const engine = isForElement(source) ? this.#defaultEngine : 'stream';
    const changes = this.#chosen === 'auto' && this.#engine !== engine;
    if (changes) this.#engine = engine;
    if (changes || !this.#opened) this.#open();
    if (changes) callWhenReady((core) => core.set_engine(this.#id, engine));
    if (this.#loop && (this.#loop[0] > 0 || this.#loop[1] < Infinity)) this.setLoop();
    this.#signal = signal;
    this.#early = this.#error = undefined;
    this.#metadata = {};
    this.#output.applyLevel({ gains: [] });
    const replaced = new DOMException('Another source was loaded.', 'AbortError');
    this.#loaded.abort(replaced);
    this.#loaded = new AbortController();
    this.#following.abort(replaced);
    this.fade(1, 0);
    this.#resolver.reset();
    signal?.addEventListener('abort', () => this.stop(), { once: true, signal: this.#loaded.signal });
    // What traces its requests is there when the play begins.
    if (source.resolve && this.#telemetry) onRequest.tracing().catch(() => {});
    await this.#select();
    if (this.#preload !== 'none') this.#prepare(this.#preload === 'metadata');
    // It may have aborted while the core was on its way.
    throwIfAborted(signal);
  }

  /** Hands the source to the core. */
  #select() {
    const bytes = this.#describeSource();
    return this.#promise(SPAN_TRACK_LOAD, performance.now(), (core, token) =>
      core.load(this.#id, token, bytes),
    );
  }

  /** The source can't be played: the next one takes its place in the same play. */
  #selectNext() {
    this.#source = this.#others.shift();
    this.#error = undefined;
    this.#resolver.reset();
    const bytes = this.#describeSource();
    callWhenReady((core) => core.select_alternative(this.#id, bytes));
  }

  /** Hands the source to the Worker. Returns what the core is to know of it. */
  #describeSource() {
    const source = /** @type {import('./types').Source} */ (this.#source);
    const element = this.#elementAllowed && isForElement(source);
    const parent = source.parent ?? this.#telemetry?.impliedParent();
    const { workerSource, bytes } = describeSource(
      { ...source, parent },
      element,
      this.#others.length,
      this.#telemetry?.options,
    );
    this.#worker?.postMessage((this.#workerSource = workerSource));
    return bytes;
  }

  /** @param {import('./types').PlayOptions} [options] @returns {Promise<void>} */
  async play(options) {
    const { onGesture, trigger: asked } = playOptions(options);
    const { at, trigger, activation } = askedFor({ trigger: asked });
    this.#error = undefined;
    // A source whose signal has aborted is over: only another load() brings one.
    if (this.#signal?.aborted) throw this.#signal.reason;
    this.#output.resume();
    const loaded = this.#loaded.signal;
    return this.#promise(SPAN_TRACK_PLAY, at, (core, token) =>
      core.play(this.#id, token, at, trigger, activation),
    ).catch(async (error) => {
      if (error.name !== 'NotAllowedError' || !onGesture) throw error;
      await nextGesture(loaded);
      return this.play({ trigger: asked, onGesture: false });
    });
  }

  prepare() {
    this.#prepare(false);
  }
  /** @param {boolean} metadataOnly whether what is fetched is dropped once the metadata are there */
  #prepare(metadataOnly) {
    callWhenReady((core) => core.prepare(this.#id, metadataOnly));
  }

  /**
   * @param {Player} leader
   * @param {{ crossfade?: number, signal?: AbortSignal }} [options]
   * @returns {Promise<void>}
   */
  async follow(leader, options) {
    if (typeof leader !== 'object' || leader === null || !(#id in leader))
      throw mismatch('follow', 'a player', leader);
    const { crossfade, signal } = followOptions(options);
    if (!this.#source || !leader.#source)
      throw new DOMException('follow: a player has no source.', 'InvalidStateError');
    this.#following.abort(new DOMException('follow() was called again.', 'AbortError'));
    const following = (this.#following = new AbortController());
    const ends = anySignal(this.#alive.signal, leader.#alive.signal, following.signal, signal);
    leader.addEventListener('error', () => following.abort(leader.error), { signal: following.signal });
    try {
      this.prepare();
      await Promise.race([Promise.all([this.#opened, leader.#opened]), whenAborted(ends)]);
      if ([this, leader].some((player) => player.#engine !== 'stream'))
        throw new DOMException('follow: a media element begins at no given frame.', 'NotSupportedError');
      await new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
        // As if it had been asked for at that very moment: its start-up is measured from there.
        this.#output.onFollow = (at) => {
          this.#output.onFollow = undefined;
          const began = this.#promise(SPAN_TRACK_PLAY, at, (core, token) =>
            core.play(this.#id, token, at, 'auto', true),
          );
          began.then(resolve, reject);
        };
        ends.addEventListener('abort', () => {
          if (this.#output.onFollow && crossfade > 0) {
            leader.fade(1, 0);
            this.fade(1, 0);
          }
          this.#output.unfollow();
          reject(ends.reason);
        });
        const left = (leader.duration - leader.currentTime) / leader.playbackRate;
        this.#output.follow(leader.#output, left, crossfade);
      });
    } finally {
      following.abort();
    }
  }

  /** @param {number} to @param {number} [seconds] @param {number} [at] */
  fade(to, seconds = 0, at) {
    this.#output.fade(
      double('fade: "to"', to),
      double('fade: "seconds"', seconds),
      at === undefined ? at : double('fade: "at"', at),
    );
  }

  get analyser() {
    return this.#output.analyser;
  }

  /** @param {string} id @returns {Promise<void>} */
  setSinkId(id) {
    return this.#output.setSinkId(id);
  }

  pause() {
    callWhenReady((core) => core.pause(this.#id));
  }
  stop() {
    callWhenReady((core) => core.stop(this.#id));
  }

  destroy() {
    if (this.#alive.signal.aborted) return;
    this.#alive.abort(destroyed('AbortError'));
    callWhenReady((core) => core.destroy_player(this.#id));
    coreRestartListeners.delete(this.#onCoreRestart);
    this.#resolver.cancel();
    this.#loaded.abort(destroyed('AbortError'));
    this.#terminate();
    this.#output.close();
    for (const { reject } of this.#promises.values()) reject(destroyed('AbortError'));
    this.#promises.clear();
  }

  get state() {
    return currentCore()?.player_state(this.#id) ?? 'idle';
  }
  get paused() {
    // Before the core is there, a play that waits for it is none the less one.
    return (
      currentCore()?.paused(this.#id) ??
      [...this.#promises.values()].every(({ name }) => name !== SPAN_TRACK_PLAY)
    );
  }
  get ended() {
    return this.state === 'ended';
  }
  get seeking() {
    return this.state === 'seeking';
  }
  get duration() {
    return currentCore()?.duration(this.#id) ?? NaN;
  }
  get buffered() {
    const core = currentCore();
    return new Range(core?.buffered_start(this.#id) ?? 0, core?.buffered_end(this.#id) ?? 0);
  }
  get error() {
    return this.#failure ?? this.#early ?? null;
  }
  get metadata() {
    return this.#metadata;
  }
  get traceparent() {
    return currentCore()?.traceparent(this.#id) || null;
  }

  get currentTime() {
    return currentCore()?.current_time(this.#id) ?? 0;
  }
  set currentTime(seconds) {
    const position = double('currentTime', seconds);
    callWhenReady((core) => core.seek(this.#id, position));
  }

  get playbackRate() {
    return this.#output.rate;
  }
  set playbackRate(given) {
    const rate = double('playbackRate', given);
    if (!(rate >= 0.25 && rate <= 4))
      throw new DOMException(
        `playbackRate: expected a number from 0.25 to 4, got ${rate}`,
        'NotSupportedError',
      );
    if (rate === this.#output.rate) return;
    callWhenReady((core) => core.set_rate(this.#id, rate));
    this.#output.applyPitch({ rate });
  }
  get preservesPitch() {
    return this.#output.preservesPitch;
  }
  set preservesPitch(preserves) {
    this.#output.applyPitch({ preservesPitch: Boolean(preserves) });
  }

  get preload() {
    return this.#preload;
  }
  set preload(preload) {
    this.#preload = enumeration('preload', preload, ['none', 'metadata', 'auto']);
  }

  get loop() {
    return this.#loop !== undefined;
  }
  set loop(loop) {
    this.setLoop(loop ? 0 : undefined);
  }

  /** @param {number} [from] @param {number} [to] */
  setLoop(from, to = Infinity) {
    const start = from === undefined ? undefined : double('setLoop: "start"', from);
    const end = unrestrictedDouble('setLoop: "end"', to);
    if (start !== undefined && !(start >= 0 && end > start))
      throw new TypeError(`setLoop: expected 0 <= start < end, got ${start} and ${end}`);
    this.#loop = start === undefined ? undefined : [start, end];
    callWhenReady((core) =>
      start === undefined ? core.clear_loop(this.#id) : core.set_loop(this.#id, start, end),
    );
  }

  canPlayType = canPlayType;

  get volume() {
    return this.#output.volume;
  }
  set volume(given) {
    const volume = double('volume', given);
    if (!(volume >= 0 && volume <= 1)) {
      throw new DOMException(`volume: expected a number from 0 to 1, got ${volume}`, 'IndexSizeError');
    }
    this.#output.applyLevel({ volume });
    this.dispatchEvent(new Event('volumechange'));
  }
  get muted() {
    return this.#output.muted;
  }
  set muted(muted) {
    this.#output.applyLevel({ muted: Boolean(muted) });
    this.dispatchEvent(new Event('volumechange'));
  }

  stats() {
    /** @template {import('tonearm-core-glue').PlayStatistic} Name @param {Name[]} names @returns {Record<Name, number>} */
    const read = (...names) =>
      /** @type {any} */ (
        Object.fromEntries(names.map((name) => [name, currentCore()?.play_statistic(this.#id, name) ?? 0]))
      );
    return {
      ...read('playTime', 'stallTime', 'stalls', 'decodeFailures'),
      latency: currentCore()?.play_statistic(this.#id, 'latency') ?? NaN,
      phases: read('metadata', 'connect', 'firstByte', 'decode', 'output'),
    };
  }
}

/** @param {import('./types').PlayerOptions} [options] */
export const createPlayer = (options) => new Player(options);
