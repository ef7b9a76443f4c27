// The engine that is the browser's own: a media element that stands in for Worker and worklet. It takes their
// commands and says their facts and reports, so that the core, its states and its telemetry are the same;
// what it can't know to the frame it takes from events. A script that is loaded where it is needed: on iOS,
// without a worklet, for media that only an element may play.

import { BodyEndKind, CommandKind, MediaErrorKind } from 'tonearm-media-glue';
import { facts, readCommand } from './media_messages.js';
import type { MediaLink, OutputLink } from './host/links.js';
import type { Core } from './core/client.js';

/** The rate of the positions in reports, in frames a second. */
const RATE = 48_000;

/** Worker and worklet in one. */
export class ElementLink implements OutputLink, MediaLink {
  #audio;
  #player;
  #core;
  #epoch = 0;
  #request = 0;
  #start = 0;
  #speed = 1;
  #sounding = false;
  #wanted = false;
  #gap = 0;
  /** The first frame of what is open was reported. */
  #isDecoded = false;
  #blob: string | undefined;
  sampleRate = RATE;
  /** The worklet's port. */
  port = {
    postMessage: (message: unknown) => this.#output(message),
    onmessage: null,
    close() {},
  };

  constructor(audio: HTMLAudioElement, player: number, core: () => Core | undefined) {
    this.#audio = audio;
    this.#player = player;
    this.#core = core;
    const heard: Record<string, () => void> = {
      loadedmetadata: () => this.#metadata(),
      canplay: () => this.#decoded(),
      seeked: () => this.#seeked(),
      progress: () => this.#progress(),
      playing: () => this.#audible(),
      waiting: () => this.#dry(),
      timeupdate: () => this.#sounding && this.#core()?.report_position(...this.#position()),
      ended: () => this.#ended(),
      error: () => this.#failed(),
    };
    for (const [name, listener] of Object.entries(heard)) audio.addEventListener(name, listener);
  }

  #fact(bytes: Uint8Array) {
    this.#core()?.media_fact(this.#player, bytes);
  }

  /** The player, the epoch, page time, and the frames that were played by then, as reports have them. */
  #position(): [player: number, epoch: number, at: number, frames: number] {
    return [this.#player, this.#epoch, performance.now(), this.#frames()];
  }

  /** Whether the browser refuses to play without a gesture. */
  #setRefused(isRefused: boolean) {
    this.#core()?.set_audio_state(this.#player, isRefused ? 'suspended' : 'running');
  }

  #now() {
    return performance.timeOrigin + performance.now();
  }

  #frames() {
    return Math.max(0, Math.round(((this.#audio.currentTime - this.#start) / this.#speed) * RATE));
  }

  /** Takes a command to the media plane, or what the page says of the source. */
  postMessage(data: any) {
    if (data.source) {
      if (this.#blob) URL.revokeObjectURL(this.#blob);
      this.#blob = data.source.blob && URL.createObjectURL(data.source.blob);
      return;
    }
    if (!(data instanceof Uint8Array)) return;
    const command = readCommand(data);
    const audio = this.#audio;
    switch (command?.kind) {
      case CommandKind.Hello:
        // The same build as the page's: there is no other script between them.
        return this.#fact(facts.hello(command.version));
      case CommandKind.Open: {
        const { epoch, url, credentials, position, speed, request } = command;
        [this.#epoch, this.#start, this.#speed, this.#request] = [epoch, position, speed, request];
        audio.crossOrigin = credentials ? 'use-credentials' : null;
        this.#endGap();
        this.#isDecoded = false;
        audio.src = this.#blob ?? url;
        audio.playbackRate = speed;
        if (position > 0) audio.currentTime = position;
        return audio.load();
      }
      case CommandKind.Fetch: {
        // After its connection was lost: it has no other way to go on than to load anew.
        [this.#epoch, this.#request] = [command.epoch, command.request];
        const { currentTime } = audio;
        audio.load();
        audio.currentTime = currentTime;
        if (this.#wanted) this.#output(this.#epoch);
        return;
      }
      case CommandKind.Seek:
        [this.#epoch, this.#start, this.#speed] = [command.epoch, command.position, command.speed];
        this.#endGap();
        audio.playbackRate = this.#speed;
        audio.currentTime = this.#start;
        return;
      case CommandKind.Close:
        this.#close();
    }
  }

  #close() {
    this.#audio.pause();
    if (!this.#audio.src) return;
    this.#audio.removeAttribute('src');
    this.#audio.load();
  }

  /** What the element says of its failure: a message, of another origin's media often the code alone. */
  get message() {
    const { error } = this.#audio;
    return error ? error.message || `MediaError ${error.code}.` : '';
  }

  terminate() {
    this.#output('close');
    if (this.#blob) URL.revokeObjectURL(this.#blob);
    this.#blob = undefined;
  }

  /** @param message the epoch that may be audible, `HOLD`, or "close" */
  #output(message: unknown) {
    if (message === 'close') return this.#close();
    if (typeof message !== 'number') return;
    this.#wanted = message >= 0;
    if (message < 0) {
      this.#endGap();
      return this.#audio.pause();
    }
    if (!this.#audio.src) return;
    // Until it is refused it is taken to be allowed: a gesture may have come since.
    this.#setRefused(false);
    this.#audio.play().catch(({ name }) => name === 'NotAllowedError' && this.#setRefused(true));
    // One that never stopped says nothing of it.
    if (!this.#audio.paused && this.#audio.readyState > 2) this.#audible();
  }

  connect<T extends AudioNode>(destination: T) {
    return destination;
  }
  disconnect() {}

  #metadata() {
    const { duration } = this.#audio;
    // It has come, so the server gave it: its status is not to be had from an element.
    this.#fact(facts.responseHead(this.#request, this.#now()));
    this.#fact(facts.firstByte(this.#request, this.#now()));
    this.#fact(facts.format(this.#epoch, duration));
  }

  #decoded() {
    if (!this.#isDecoded) this.#reportDecoded();
    this.#isDecoded = true;
  }

  #reportDecoded() {
    this.#fact(facts.firstDecoded(this.#epoch, this.#now(), this.#start));
  }

  #seeked() {
    this.#reportDecoded();
    if (this.#wanted && !this.#audio.paused) this.#audible();
  }

  #progress() {
    const { buffered, currentTime, duration } = this.#audio;
    for (let n = 0; n < buffered.length; n++) {
      if (buffered.start(n) > currentTime + 0.1 || buffered.end(n) < currentTime) continue;
      this.#fact(facts.buffered(this.#epoch, buffered.end(n)));
      if (buffered.end(n) >= duration - 0.1) this.#endBody(BodyEndKind.Complete);
    }
  }

  #endBody(end: BodyEndKind) {
    if (!this.#request) return;
    this.#fact(facts.bodyEnd(this.#request, this.#now(), end));
    this.#request = 0;
  }

  /** What was silent by itself is silent by command now. */
  #endGap() {
    if (this.#gap > 0) this.#reportGapEnded(false);
    [this.#gap, this.#sounding] = [0, false];
  }

  #reportGapEnded(audible: boolean) {
    const at = performance.now();
    const missing = Math.round(((at - this.#gap) / 1000) * RATE);
    this.#core()?.report_gap_ended(this.#player, this.#epoch, at, missing, audible);
  }

  #audible() {
    if (this.#gap > 0) {
      this.#reportGapEnded(true);
      this.#gap = 0;
    } else if (!this.#sounding) this.#core()?.report_audible(...this.#position(), 'event');
    this.#sounding = true;
  }

  #dry() {
    if (!this.#sounding || this.#audio.seeking) return;
    this.#gap = performance.now();
    this.#sounding = false;
    this.#core()?.report_gap_started(...this.#position());
  }

  #ended() {
    this.#sounding = false;
    this.#endBody(BodyEndKind.Complete);
    this.#fact(facts.decodedAll(this.#epoch, this.#audio.duration));
    this.#core()?.report_ended(...this.#position());
  }

  #failed() {
    const { error } = this.#audio;
    if (!error || !this.#audio.getAttribute('src')) return;
    if (error.code === error.MEDIA_ERR_NETWORK) return this.#endBody(BodyEndKind.Failed);
    const { Undecodable, UnsupportedFormat } = MediaErrorKind;
    const why = error.code === error.MEDIA_ERR_DECODE ? Undecodable : UnsupportedFormat;
    this.#fact(facts.failed(this.#epoch, why));
    // It gives no sample more.
    this.#sounding = false;
    this.#core()?.report_ended(...this.#position());
  }
}
