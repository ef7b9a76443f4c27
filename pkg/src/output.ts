// Owns what a player is heard through: the worklet node, or the media element in its place, and the audio
// graph from the node to the destination (pitch shifter, fader, gain, analyser).

import {
  closeOutput,
  discardContext,
  frameToPerformanceTime,
  openOutput,
  sharedContext,
} from './host/audio_output.js';
import { connect } from './host/worker_link.js';
import { AUDIBLE, ENDED, GAP_ENDED, GAP_STARTED, HOLD, MEDIA_SILENT, POSITION } from './worklet/reports.js';
import { curveOf, levelAt, loudness } from './levels.js';
import { callWhenReady, currentCore, placeOf } from './core/loader.js';
import { onRequest } from './on_request.js';
import type { ElementLink } from './element.js';
import type { Fade } from './levels.js';
import type { OutputLink } from './host/links.js';
import type { Shifter } from './stretch.js';
import type { ReplayGain } from './types/index.js';
import type { Report } from './worklet/reports.js';
import type { PageMessage } from './worklet/messages.js';

/** A context that is suspended within this time of its `error` has failed, in milliseconds. */
const ERROR_MILLIS = 2000;

/** The output of one player. */
export class Output {
  #id;
  #destination;
  #fader;
  #gain;
  #replayGain;
  #alive;
  /** The worklet's node, or the element's link while that plays. */
  #node: OutputLink | undefined;
  /** The element, while it plays in the node's place. */
  #element: HTMLAudioElement | undefined;
  #shifter: Shifter | undefined;
  #analyser: AnalyserNode | undefined;
  /** Worker and node in one, while an element plays. */
  #link: ElementLink | undefined;
  /** The last fade; its times are the context's, or page time while an element plays. */
  #fade: Fade = { from: 1, to: 1, start: 0, seconds: 0 };
  /** The timer of a fade of the element. */
  #fading: number | undefined;

  context: AudioContext;
  /** The app listens for `timeupdate`. */
  watched = false;
  volume = 1;
  muted = false;
  /** ReplayGain: track and its peak, album and its peak. */
  gains: number[] = [];
  rate = 1;
  preservesPitch = true;
  /** Called with page time when a follower's first frame is rendered. */
  onFollow: ((at: number) => void) | undefined;
  /** Called when the context has another output device. */
  onSinkChange: (() => void) | undefined;

  /**
   * @param id of the player
   * @param destination of the app; without one, the page's own context and output
   * @param alive aborted when the player is destroyed
   */
  constructor(id: number, destination: AudioNode | undefined, replayGain: ReplayGain, alive: AbortSignal) {
    this.#id = id;
    this.#replayGain = replayGain;
    this.#alive = alive;
    this.#destination = destination;
    [this.context, this.#fader, this.#gain] = this.#createGraph();
  }

  /** When the context dispatched `error`, in page time. */
  #errorAt = -ERROR_MILLIS;

  /** Passes a report of the worklet on to the core. */
  #onReport({ kind, epoch, frame, frames, audible = false }: Report) {
    const id = this.#id;
    const [at, isAudible] = frameToPerformanceTime(this.context, frame);
    if (kind === AUDIBLE) this.onFollow?.(at);
    const core = currentCore();
    if (kind === AUDIBLE) core?.report_audible(id, epoch, at, frames, isAudible ? 'audible' : 'rendered');
    else if (kind === POSITION && audible) core?.report_position(id, epoch, at, frames);
    else if (kind === POSITION) core?.report_waiting(id);
    else if (kind === GAP_STARTED) core?.report_gap_started(id, epoch, at, frames);
    else if (kind === GAP_ENDED) core?.report_gap_ended(id, epoch, at, frames, audible);
    else if (kind === ENDED) core?.report_ended(id, epoch, at, frames);
    else if (kind === MEDIA_SILENT) core?.report_media_silent(id, epoch);
  }

  #notifyUnavailable() {
    callWhenReady((core) => core.output_unavailable(this.#id));
  }

  /** Creates a fader and a gain that end in the app's node, or in the output of the page's own context. */
  #createGraph(): [AudioContext, fader: GainNode, gain: GainNode] {
    const context = (this.#destination?.context ?? sharedContext()) as AudioContext;
    const [fader, gain] = [new GainNode(context), new GainNode(context)];
    fader.connect(gain).connect(this.#destination ?? context.destination);
    const signal = this.#alive;
    context.addEventListener('statechange', () => this.#onStateChange(context), { signal });
    context.addEventListener('error', () => this.#onError(context), { signal });
    context.addEventListener('sinkchange', () => context === this.context && this.onSinkChange?.(), {
      signal,
    });
    return [context, fader, gain];
  }

  #onStateChange(context: AudioContext) {
    const failed = context.state === 'suspended' && performance.now() - this.#errorAt < ERROR_MILLIS;
    if (failed || (!this.#destination && context.state === 'closed')) this.#onLoss(context);
    else this.#notifyState();
  }

  /**
   * A device that cannot be had is replaced by the default one: the context goes on running. Where the device
   * or the browser's audio service is gone, it is suspended next, and renders nothing any more.
   */
  #onError(context: AudioContext) {
    this.#errorAt = performance.now();
    if (context.state !== 'running') this.#onLoss(context);
  }

  /** The current play fails; another one starts in the context that takes this one's place. */
  #onLoss(context: AudioContext) {
    if (context !== this.context) return;
    this.replaceContext();
    if (!this.#element) this.#notifyUnavailable();
  }

  /** Replaces the page's context, closed or of no use, by a new one. */
  replaceContext() {
    if (this.#destination) return;
    const { sinkId } = this.context as any;
    discardContext(this.context);
    [this.context, this.#fader, this.#gain] = this.#createGraph();
    // A device that is gone leaves the default one.
    if (sinkId) this.setSinkId(sinkId).catch(() => {});
    this.#analyser = this.#shifter = undefined;
    // A fade that was under way has ended.
    const { to } = this.#fade;
    this.#fade = { from: to, to, start: 0, seconds: 0 };
    this.#fader.gain.value = to;
    this.applyLevel();
  }

  #notifyState() {
    if (!this.#element) callWhenReady((core) => core.set_audio_state(this.#id, this.context.state));
  }

  /** Resumes the context in this task: user activation does not survive an await. */
  resume() {
    // The event of its end may still be queued.
    if (this.context.state === 'closed') this.#onStateChange(this.context);
    this.context.resume().catch(() => {});
  }

  /** Lets the samples of an epoch be audible. */
  release(epoch: number) {
    this.#post(epoch);
  }

  /** Plays nothing, and keeps what there is. */
  hold() {
    this.#post(HOLD);
  }

  /** Posts a message to the worklet, or to the element. */
  #post(message: PageMessage, transfer: Transferable[] = []) {
    this.#node?.port.postMessage(message, transfer);
  }

  /** Has positions reported four times a second. */
  watch() {
    this.watched = true;
    this.#post({ watched: true });
  }

  /** Opens the worklet for a Worker's samples. */
  async open(worker: Worker) {
    this.#element = this.#link = undefined;
    clearInterval(this.#fading);
    let node;
    try {
      node = await openOutput(this.context, placeOf('worklet'));
    } catch {
      // Of an app's own context that is closed no file is at fault.
      return this.context.state === 'closed' ? this.#notifyState() : this.#notifyUnavailable();
    }
    // An element may have been opened meanwhile.
    if (this.#alive.aborted || this.#element) return closeOutput(node);
    closeOutput(this.#node);
    this.#node = node;
    this.applyPitch();
    if (this.watched) this.watch();
    node.onprocessorerror = () => this.#node === node && this.#notifyUnavailable();
    node.port.onmessage = ({ data }) => this.#node === node && this.#onReport(data);
    connect(worker, node);
    callWhenReady((core) => core.output_ready(this.#id, this.context.sampleRate));
    this.#notifyState();
  }

  /** Opens an element in the worklet's place. Returns its link, if it can be had and is still wanted. */
  async openElement() {
    closeOutput(this.#node);
    this.#node = undefined;
    const element = (this.#element = new Audio());
    this.#fade = { from: 1, to: this.#fade.to, start: 0, seconds: 0 };
    const module = await onRequest.element().catch(() => undefined);
    if (!module) this.#notifyUnavailable();
    if (!module || this.#alive.aborted || this.#element !== element) return undefined;
    this.applyLevel();
    return (this.#node = this.#link = new module.ElementLink(element, this.#id, currentCore));
  }

  applyLevel(change?: { volume?: number; muted?: boolean; gains?: number[] }) {
    Object.assign(this, change);
    const { volume, muted, preservesPitch } = this;
    if (this.#element) {
      const faded = volume * levelAt(this.#fade, performance.now() / 1000);
      Object.assign(this.#element, { volume: faded, muted, preservesPitch });
    }
    const level = muted ? 0 : volume * loudness(this.#replayGain, this.gains);
    // A short ramp instead of a step, which would click.
    this.#gain.gain.setTargetAtTime(level, this.context.currentTime, 0.01);
  }

  /** Puts the pitch shifter between the node and the fader where the rate has moved the pitch. */
  async applyPitch(change?: { rate?: number; preservesPitch?: boolean }) {
    Object.assign(this, change);
    if (this.#element) return this.applyLevel();
    const shifts = () => this.preservesPitch && this.rate !== 1;
    if (shifts() && !this.#shifter) {
      const module = await onRequest.stretch().catch(() => undefined);
      // Without the script the track plays on, as high as its rate makes it.
      this.#shifter ??= await module?.shifter(this.context).catch(() => undefined);
    }
    if (this.#alive.aborted) return;
    const shifter = shifts() ? this.#shifter : undefined;
    this.#node?.disconnect();
    this.#shifter?.disconnect();
    if (!shifter) {
      this.#shifter?.schedule({ active: false, semitones: 0 });
      return this.#node?.connect(this.#fader);
    }
    shifter.schedule({ active: true, semitones: -12 * Math.log2(this.rate) });
    this.#node?.connect(shifter).connect(this.#fader);
  }

  /**
   * Fades from the level that is heard.
   * @param to a factor from 0 to 1
   * @param at the context's time
   */
  fade(to: number, seconds: number, at: number = this.context.currentTime) {
    if (!(to >= 0 && to <= 1))
      throw new DOMException(`fade: expected a number from 0 to 1, got ${to}`, 'IndexSizeError');
    if (this.#element) return this.#fadeElement(to, seconds, at - this.context.currentTime);
    const now = this.context.currentTime;
    const start = Math.max(at, now);
    const { before, ...last } = this.#fade;
    const earlier = before && now < last.start ? before : last;
    const fade = { from: levelAt(earlier, start), to, start, seconds, before: earlier };
    const { gain } = this.#fader;
    gain.cancelScheduledValues(0);
    // What is left of the earlier fade; a curve may not touch the next event.
    const left = Math.min(start, earlier.start + earlier.seconds) - now - 0.001;
    const level = levelAt(earlier, now);
    if (left > 0)
      gain.setValueCurveAtTime(
        curveOf({ from: level, to: levelAt(earlier, now + left), start: now, seconds: left }),
        now,
        left,
      );
    else if (start > now) gain.setValueAtTime(level, now);
    if (seconds > 0) gain.setValueCurveAtTime(curveOf(fade), start, seconds);
    else gain.setValueAtTime(to, start);
    this.#fade = fade;
  }

  /** Fades by the element's volume. */
  #fadeElement(to: number, seconds: number, delay: number) {
    const now = performance.now() / 1000;
    const { before: _, ...last } = this.#fade;
    const from = levelAt(last, now);
    if (from === to && levelAt(last, Infinity) === to) return;
    const probe = new Audio();
    probe.volume = 0.5;
    if (probe.volume !== 0.5)
      throw new DOMException('fade: this browser does not let a page set the volume.', 'NotSupportedError');
    const start = now + Math.max(0, delay);
    this.#fade = { from: levelAt(last, start), to, start, seconds, before: last };
    clearInterval(this.#fading);
    this.applyLevel();
    if (seconds > 0 || delay > 0)
      this.#fading = setInterval(() => {
        this.applyLevel();
        if (performance.now() / 1000 >= start + seconds) clearInterval(this.#fading);
      }, 40);
  }

  /** What the element says of its failure. */
  get elementMessage() {
    return this.#link?.message ?? '';
  }

  /**
   * Starts at the frame at which another output ends, or crossfades over its last seconds.
   * @param left seconds until the other ends
   * @param crossfade seconds
   */
  follow(leader: Output, left: number, crossfade: number) {
    if (crossfade > 0) {
      const begin = this.context.currentTime + Math.max(0, left - crossfade);
      this.#post({ at: Math.round(begin * this.context.sampleRate) });
      leader.fade(0, crossfade, begin);
      this.fade(0, 0);
      this.fade(1, crossfade, begin);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    this.#post({ leader: port2 }, [port2]);
    leader.#post({ follower: port1 }, [port1]);
  }

  unfollow() {
    if (this.onFollow) this.#post({});
    this.onFollow = undefined;
  }

  get analyser() {
    if (!this.#analyser) this.#gain.connect((this.#analyser = new AnalyserNode(this.context)));
    return this.#analyser;
  }

  async setSinkId(id: string): Promise<void> {
    const context = this.context as AudioContext & { setSinkId?(id: string): Promise<void> };
    if (!context.setSinkId)
      throw new DOMException('The browser can not choose an output.', 'NotSupportedError');
    await context.setSinkId(id);
  }

  close() {
    clearInterval(this.#fading);
    closeOutput(this.#node);
    this.#shifter?.schedule({ active: false, semitones: 0 });
    this.#shifter?.disconnect();
    this.#fader.disconnect();
    this.#gain.disconnect();
  }
}
