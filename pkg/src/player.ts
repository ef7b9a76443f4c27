// The player as apps hold it: HTMLMediaElement's names over the core. Calls are stamped here, in the
// listener's own task, and queued until the core is there.

import { anySignal, throwIfAborted, whenAborted } from './host/abort.js';
import { onDeviceChange } from './host/devices.js';
import { GESTURES, askedFor, nextGesture } from './host/gesture.js';
import { guard } from './core/client.js';
import { callWhenReady, coreRestartListeners, currentCore, isLive, lastTrace } from './core/loader.js';
import { MediaPlane } from './media_plane.js';
import { onRequest } from './on_request.js';
import { Output } from './output.js';
import { Resolver } from './resolver.js';
import { ERROR_TYPE, EVENT_DEVICE_CHANGED, SPAN_TRACK_LOAD, SPAN_TRACK_PLAY } from './semconv.js';
import { followOptions, loadOptions, playOptions, playerOptions } from './player_options.js';
import { canPlayType } from './before/media_types.js';
import { defaultEngine, describeSource, isForElement, sourceOf } from './source.js';
import { Span } from './span.js';
import { Range } from './time_ranges.js';
import { double, enumeration, mismatch, unrestrictedDouble } from './host/webidl.js';
import type { Core } from './core/client.js';
import type { Tags } from './worker/messages.js';
import type { Telemetry } from './telemetry.js';
import type {
  Engine,
  LoadOptions,
  PlayerEventName,
  PlayerOptions,
  PlayerState,
  PlayerStats,
  PlayOptions,
  Preload,
  Source,
  TrackMetadata,
} from './types/index.js';
import type { PlayStatistic, PlayerHost } from 'tonearm-core-glue';

let [lastId, lastToken] = [0, 0];

const destroyed = (name: string) => new DOMException('The player was destroyed.', name);

/**
 * A player. Names are those of `HTMLMediaElement` and mean the same. Promises reject with a `DOMException`:
 * `NotAllowedError` (the browser wants a user gesture), `NetworkError`, `NotSupportedError` (format),
 * `EncodingError` (undecodable or truncated), `AbortError` (or the signal's reason), `InvalidStateError`,
 * `OperationError` (the core, the Worker or the audio output is lost: the next play has another),
 * `QuotaExceededError` (too many calls wait for it). Setting `volume` beyond its range throws an
 * `IndexSizeError`, `currentTime` to what is no finite number a `TypeError`.
 */
export class Player extends EventTarget {
  #id = ++lastId;
  #output;
  #media: MediaPlane;
  #source: Source | undefined;
  /** Those that are left if it does not play. */
  #others: Source[] = [];
  #preload: Preload = 'none';
  #loop: [start: number, end: number] | undefined;
  #signal: AbortSignal | undefined;
  #resolver;
  /** Aborted when the player is destroyed. */
  #alive = new AbortController();
  #telemetry;
  /** Aborted by the next load: what listens for this one's sake ends then. */
  #loaded = new AbortController();
  /** Aborted where what `follow()` waits for cannot come any more. */
  #following = new AbortController();
  #promises: Map<number, { name: string; resolve: () => void; reject: (error: unknown) => void }> = new Map();
  #metadata: TrackMetadata = {};
  /** What the app chose. */
  #chosen: 'auto' | Engine;
  /** Whether an element may play in the place of a source that failed. */
  #elementAllowed;
  #engine: Engine;
  /** Who plays where neither the app nor a failure says otherwise. */
  #defaultEngine: Engine;
  /** A failure from before the core was there. */
  #early: DOMException | undefined;
  /** The last failure that was reported. */
  #error: DOMException | undefined;
  /** What ended the track. */
  #failure: DOMException | undefined;

  constructor(options?: PlayerOptions) {
    super();
    const { telemetry, destination, engine, replayGain } = playerOptions(options);
    this.#chosen = engine;
    this.#defaultEngine = destination ? 'stream' : defaultEngine();
    this.#engine = engine === 'auto' ? this.#defaultEngine : engine;
    // An element would play past the app's own node.
    this.#elementAllowed =
      engine === 'auto' && (destination?.context.destination ?? destination) === destination;
    this.#output = new Output(this.#id, destination, replayGain, this.#alive.signal);
    this.#telemetry = telemetry as Telemetry | undefined;
    this.#resolver = new Resolver(this.#id, this.#telemetry);
    this.#media = new MediaPlane(this.#id, this.#output, this.#telemetry?.options, (tags) =>
      this.#setTags(tags),
    );
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

  /** What this does for the core. */
  #host: PlayerHost = guard({
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
      this.#media.open(this.#engine);
    },
    release_output: (epoch) => this.#output.release(epoch),
    hold_output: () => this.#output.hold(),
    set_failure: (name, message) => {
      this.#failure = name ? this.#fault(name, message) : undefined;
    },
    replace_context: () => this.#output.replaceContext(),
    select_alternative: () => this.#selectNext(),
    terminate_worker: () => this.#media.terminate(),
    send_command: (command) => {
      this.#media.send(command);
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
      if (this.#media.opened) this.#media.open(this.#engine);
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

  /**
   * Who listens for the time gets it four times a second, as HTML has it; for nobody it is reported once. See
   * `EventTarget`.
   */
  addEventListener(
    type: PlayerEventName,
    listener: (this: Player, event: Event) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(...listener: Parameters<EventTarget['addEventListener']>): void {
    super.addEventListener(...listener);
    if (listener[0] !== 'timeupdate' || this.#output.watched) return;
    callWhenReady((core) => core.watch_position(this.#id));
    this.#output.watch();
  }

  /**
   * Who plays. An element has no `analyser`, follows nobody, and reports its start by an event instead
   * of a frame.
   */
  get engine(): Engine {
    return this.#engine;
  }

  #setTags({ texts, picture, gains }: Tags) {
    this.#output.applyLevel({ gains });
    const artwork = picture && new Blob([picture.bytes], { type: picture.mime });
    this.#metadata = { ...Object.fromEntries(texts.reverse()), artwork };
    this.dispatchEvent(new Event('metadatachange'));
  }

  /** One object for one failure: what a promise rejects with is what `error` holds, its cause included. */
  #fault(name: string, message: string) {
    const { elementMessage } = this.#output;
    if (elementMessage) message += ` The browser's media element: ${elementMessage}`;
    if (this.#error?.name !== name || this.#error.message !== message) {
      this.#error = this.#resolver.explain(new DOMException(message, name));
    }
    return this.#error;
  }

  /** @param name of the span that is recorded where the core can't be had */
  #promise(name: string, at: number, call: (core: Core, token: number) => void): Promise<void> {
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

  /**
   * Selects a source; fetches what `preload` says. Of several, in the order of preference, the first that
   * plays is played. Rejects with a `TypeError` for what is no source.
   */
  async load(
    source: string | URL | Blob | Source | (string | URL | Blob | Source)[],
    options?: LoadOptions | null,
  ): Promise<void> {
    const { signal } = loadOptions(options);
    const given = Array.isArray(source) && source.length > 0 ? source : [source];
    const [first, ...others] = given.map(sourceOf);
    throwIfAborted(signal);
    if (this.#alive.signal.aborted) throw destroyed('InvalidStateError');
    this.#source = first;
    this.#others = others;
    // What an element would leave out is ours to play; and a failure of the track before is none of this one.
    const engine = isForElement(first) ? this.#defaultEngine : 'stream';
    const changes = this.#chosen === 'auto' && this.#engine !== engine;
    if (changes) this.#engine = engine;
    if (changes || !this.#media.opened) this.#media.open(this.#engine);
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
    if (first.resolve && this.#telemetry) onRequest.tracing().catch(() => {});
    await this.#select();
    // It may have aborted while the core was on its way.
    throwIfAborted(signal);
  }

  /** Hands the source to the core. */
  #select() {
    const bytes = this.#describeSource();
    return this.#promise(SPAN_TRACK_LOAD, performance.now(), (core, token) =>
      core.load(this.#id, token, bytes, this.#preload),
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
    const source = this.#source as Source;
    const element = this.#elementAllowed && isForElement(source);
    const parent = source.parent ?? this.#telemetry?.impliedParent();
    const { workerSource, bytes } = describeSource(
      { ...source, parent },
      element,
      this.#others.length,
      this.#telemetry?.options,
    );
    this.#media.select(source, workerSource);
    return bytes;
  }

  /** Plays; fulfils when the first sample is audible. Call it in the task of the listener's click. */
  async play(options?: PlayOptions): Promise<void> {
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

  /** Fetches and decodes what a play would need, and holds it: the next `play()` is heard at once. */
  prepare(): void {
    callWhenReady((core) => core.prepare(this.#id));
  }

  /**
   * Prepares, and begins by itself with the very frame behind the last one of another player over the same
   * context; or so many seconds before its end, while the other fades out. Fulfils when the first sample is
   * audible; rejects once nothing can follow.
   */
  async follow(leader: Player, options?: { crossfade?: number; signal?: AbortSignal }): Promise<void> {
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
      await Promise.race([Promise.all([this.#media.opened, leader.#media.opened]), whenAborted(ends)]);
      if ([this, leader].some((player) => player.#engine !== 'stream'))
        throw new DOMException('follow: a media element begins at no given frame.', 'NotSupportedError');
      await new Promise((resolve: (value: void) => void, reject) => {
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

  /**
   * Fades beside the volume, from the level that is heard to a factor from 0 to 1 within so many seconds,
   * from now on or from a time of the context. Throws a `NotSupportedError` where an element plays whose
   * volume a page may not set (iOS).
   */
  fade(to: number, seconds = 0, at?: number): void {
    this.#output.fade(
      double('fade: "to"', to),
      double('fade: "seconds"', seconds),
      at === undefined ? at : double('fade: "at"', at),
    );
  }

  /** What is heard of this player, for a spectrum; made when it is first read. */
  get analyser(): AnalyserNode {
    return this.#output.analyser;
  }

  /**
   * Plays through another output (`AudioContext.setSinkId`): all players over the same context do. Rejects
   * with a `NotSupportedError` where the browser can't.
   */
  setSinkId(id: string): Promise<void> {
    return this.#output.setSinkId(id);
  }

  pause(): void {
    callWhenReady((core) => core.pause(this.#id));
  }
  /** Back to the start, silent; the source stays. */
  stop(): void {
    callWhenReady((core) => core.stop(this.#id));
  }

  /** Gives everything back; `load()` and `play()` reject with an `InvalidStateError` from then on. */
  destroy(): void {
    if (this.#alive.signal.aborted) return;
    this.#alive.abort(destroyed('AbortError'));
    callWhenReady((core) => core.destroy_player(this.#id));
    coreRestartListeners.delete(this.#onCoreRestart);
    this.#resolver.cancel();
    this.#loaded.abort(destroyed('AbortError'));
    this.#media.terminate();
    this.#output.close();
    for (const { reject } of this.#promises.values()) reject(destroyed('AbortError'));
    this.#promises.clear();
  }

  get state(): PlayerState {
    return currentCore()?.player_state(this.#id) ?? 'idle';
  }
  get paused(): boolean {
    // Before the core is there, a play that waits for it is none the less one.
    return (
      currentCore()?.paused(this.#id) ??
      [...this.#promises.values()].every(({ name }) => name !== SPAN_TRACK_PLAY)
    );
  }
  get ended(): boolean {
    return this.state === 'ended';
  }
  get seeking(): boolean {
    return this.state === 'seeking';
  }
  /** Seconds; NaN before it is known. */
  get duration(): number {
    return currentCore()?.duration(this.#id) ?? NaN;
  }
  get buffered(): TimeRanges {
    const core = currentCore();
    return new Range(core?.buffered_start(this.#id) ?? 0, core?.buffered_end(this.#id) ?? 0);
  }
  /**
   * What ended the track, if something did: the very object that `play()` rejected with; its `cause` is what
   * `resolve` threw.
   */
  get error(): DOMException | null {
    return this.#failure ?? this.#early ?? null;
  }
  /** What the file says of its music; empty before that is read (`metadatachange`). */
  get metadata(): TrackMetadata {
    return this.#metadata;
  }
  /** W3C `traceparent` of the current or last play: for the app's own spans and for support tickets. */
  get traceparent(): string | null {
    return currentCore()?.traceparent(this.#id) || null;
  }

  /** Seconds; setting it seeks. */
  get currentTime(): number {
    return currentCore()?.current_time(this.#id) ?? 0;
  }
  set currentTime(seconds) {
    const position = double('currentTime', seconds);
    callWhenReady((core) => core.seek(this.#id, position));
  }

  /** Seconds of the track in a second, from 0.25 to 4; the pitch is kept by `preservesPitch`. */
  get playbackRate(): number {
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
  /**
   * Whether the pitch stays what it is at another rate; true at first. What it takes is loaded then (40 KB).
   */
  get preservesPitch(): boolean {
    return this.#output.preservesPitch;
  }
  set preservesPitch(preserves) {
    this.#output.applyPitch({ preservesPitch: Boolean(preserves) });
  }

  /** What `load()` fetches; `none` at first. */
  get preload(): Preload {
    return this.#preload;
  }
  set preload(preload) {
    this.#preload = enumeration('preload', preload, ['none', 'metadata', 'auto']);
  }

  /** Plays the track again and again. */
  get loop(): boolean {
    return this.#loop !== undefined;
  }
  set loop(loop) {
    this.setLoop(loop ? 0 : undefined);
  }

  /** Plays from one position to another again and again, in seconds; without arguments, plays on. */
  setLoop(from?: number, to = Infinity): void {
    const start = from === undefined ? undefined : double('setLoop: "start"', from);
    const end = unrestrictedDouble('setLoop: "end"', to);
    if (start !== undefined && !(start >= 0 && end > start))
      throw new TypeError(`setLoop: expected 0 <= start < end, got ${start} and ${end}`);
    this.#loop = start === undefined ? undefined : [start, end];
    callWhenReady((core) =>
      start === undefined ? core.clear_loop(this.#id) : core.set_loop(this.#id, start, end),
    );
  }

  /** Whether a MIME type can be played, as `HTMLMediaElement.canPlayType()` says it. */
  canPlayType = canPlayType;

  /** From 0 to 1. */
  get volume(): number {
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
  get muted(): boolean {
    return this.#output.muted;
  }
  set muted(muted) {
    this.#output.applyLevel({ muted: Boolean(muted) });
    this.dispatchEvent(new Event('volumechange'));
  }

  /** The figures of the current or last play. */
  stats(): PlayerStats {
    const read = <Name extends PlayStatistic>(...names: Name[]): Record<Name, number> =>
      Object.fromEntries(
        names.map((name) => [name, currentCore()?.play_statistic(this.#id, name) ?? 0]),
      ) as any;
    return {
      ...read('playTime', 'stallTime', 'stalls', 'decodeFailures'),
      latency: currentCore()?.play_statistic(this.#id, 'latency') ?? NaN,
      phases: read('metadata', 'connect', 'firstByte', 'decode', 'output'),
    };
  }
}

/** Makes a player. */
export const createPlayer = (options?: PlayerOptions) => new Player(options);
