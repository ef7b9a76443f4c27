// The engine that is the browser's own: a media element that stands in for Worker and worklet. It takes their
// commands and says their facts and reports, so that the core, its states and its telemetry are the same;
// what it can't know to the frame it tells by events. A script that is loaded where it is needed: on iOS,
// without a worklet, for media that only an element may play.

import type { MediaLink, OutputLink } from './host/links.js';
import type { Core } from './core/client.js';

/** The rate of the positions in reports, in frames a second. */
const RATE = 48_000;

/** Kinds of facts (`crates/messages/src/fact.rs`). */
const HELLO = 0;
const RESPONSE_HEAD = 2;
const FIRST_BYTE = 3;
const BODY_END = 4;
const FORMAT = 5;
const FIRST_DECODED = 6;
const BUFFERED = 8;
const DECODED_ALL = 10;
const FAILED = 11;

/** `MediaError.code` (HTML): what the media plane would call it. */
const UNSUPPORTED = 0;
const UNDECODABLE = 1;

/** Numbers of a message, the lowest byte first. */
class Message {
  #bytes: number[];
  constructor(kind: number) {
    this.#bytes = [kind];
  }
  whole(value: number, size: number = 4) {
    for (let n = 0; n < size; n++) this.#bytes.push(Math.floor(value / 256 ** n) % 256);
    return this;
  }
  float(value: number) {
    this.#bytes.push(...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }
  text(value: string) {
    this.whole(value.length);
    for (const letter of value) this.#bytes.push(letter.charCodeAt(0) & 127);
    return this;
  }
  get bytes() {
    return Uint8Array.from(this.#bytes);
  }
}

/** Reads a command's fields in their order. */
function reader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = 1;
  const whole = () => view.getUint32((at += 4) - 4, true);
  return {
    whole,
    byte: () => bytes[at++],
    float: () => view.getFloat64((at += 8) - 8, true),
    text() {
      const length = whole();
      return String.fromCharCode(...bytes.subarray(at, (at += length)));
    },
  };
}

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
  #told = false;
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

  #fact(message: Message) {
    this.#core()?.media_fact(this.#player, message.bytes);
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
    const { whole, byte, float, text } = reader(data);
    const audio = this.#audio;
    switch (data[0]) {
      case 0:
        // The same build as the page's: there is no other script between them.
        return this.#fact(new Message(HELLO).text(text()));
      case 1: {
        this.#epoch = whole();
        const url = text();
        audio.crossOrigin = byte() ? 'use-credentials' : null;
        whole();
        this.#start = float();
        this.#speed = float();
        this.#request = whole();
        this.#endGap();
        this.#told = false;
        audio.src = this.#blob ?? url;
        audio.playbackRate = this.#speed;
        if (this.#start > 0) audio.currentTime = this.#start;
        return audio.load();
      }
      case 2: {
        // After its connection was lost: it has no other way to go on than to load anew.
        this.#epoch = whole();
        this.#request = whole();
        const { currentTime } = audio;
        audio.load();
        audio.currentTime = currentTime;
        if (this.#wanted) this.#output(this.#epoch);
        return;
      }
      case 3:
        this.#epoch = whole();
        this.#start = float();
        this.#speed = float();
        this.#endGap();
        audio.playbackRate = this.#speed;
        audio.currentTime = this.#start;
        return;
      case 4:
        audio.pause();
        if (audio.src) {
          audio.removeAttribute('src');
          audio.load();
        }
    }
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
    if (message === 'close') return this.postMessage(Uint8Array.of(4));
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
    const head = new Message(RESPONSE_HEAD).whole(this.#request).float(this.#now()).whole(200, 2);
    this.#fact(head.whole(0, 1).whole(1, 1).whole(0, 1).whole(0, 1).whole(0, 1));
    this.#fact(new Message(FIRST_BYTE).whole(this.#request).float(this.#now()));
    const format = new Message(FORMAT).whole(this.#epoch).text('').whole(0).whole(0, 1);
    if (Number.isFinite(duration)) format.whole(1, 1).float(duration);
    else format.whole(0, 1);
    this.#fact(format.whole(0, 1).whole(0));
  }

  #decoded() {
    if (!this.#told)
      this.#fact(new Message(FIRST_DECODED).whole(this.#epoch).float(this.#now()).float(this.#start));
    this.#told = true;
  }

  #seeked() {
    this.#fact(new Message(FIRST_DECODED).whole(this.#epoch).float(this.#now()).float(this.#start));
    if (this.#wanted && !this.#audio.paused) this.#audible();
  }

  #progress() {
    const { buffered, currentTime, duration } = this.#audio;
    for (let n = 0; n < buffered.length; n++) {
      if (buffered.start(n) > currentTime + 0.1 || buffered.end(n) < currentTime) continue;
      this.#fact(new Message(BUFFERED).whole(this.#epoch).float(buffered.end(n)));
      if (buffered.end(n) >= duration - 0.1) this.#body(0);
    }
  }

  /**
   * The request's body ended.
   * @param how 0 whole, 2 broken
   */
  #body(how: number) {
    if (!this.#request) return;
    this.#fact(new Message(BODY_END).whole(this.#request).float(this.#now()).whole(0, 8).whole(how, 1));
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
    this.#body(0);
    this.#fact(new Message(DECODED_ALL).whole(this.#epoch).float(this.#audio.duration).whole(0, 8).whole(0));
    this.#core()?.report_ended(...this.#position());
  }

  #failed() {
    const { error } = this.#audio;
    if (!error || !this.#audio.getAttribute('src')) return;
    if (error.code === error.MEDIA_ERR_NETWORK) return this.#body(2);
    const why = error.code === error.MEDIA_ERR_DECODE ? UNDECODABLE : UNSUPPORTED;
    this.#fact(new Message(FAILED).whole(this.#epoch).whole(why, 1));
    // It gives no sample more.
    this.#sounding = false;
    this.#core()?.report_ended(...this.#position());
  }
}
