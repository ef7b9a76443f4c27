// The AudioWorklet: copies samples to the output, counts the frames that are missing, reports what was heard.
// Owns the sample ring. Knows no decoding and no network; it has no timers, no fetch and no TextDecoder to use.
//
// From the Worker's port: ["flush", epoch], ["samples", epoch, frames, planes], ["start", epoch], ["end", epoch, frames].
// To the Worker's port: [epoch, framesPlayed, starved, spentPlanes].
// From the page: { port } once, then true to hold and false to go on; "close" at the end.
// To the page: [kind, epoch, contextFrame, figure, flag], kinds as below.

const AUDIBLE = 0;
const POSITION = 1;
const GAP_STARTED = 2;
const GAP_ENDED = 3;
const ENDED = 4;

/** Frames after which the Worker gets its credit back. */
const CREDIT_FRAMES = 2048;
/** Seconds between two position reports. */
const REPORT_SECONDS = 0.1;

class TonearmOutput extends AudioWorkletProcessor {
  constructor() {
    super();
    /** @type {MessagePort | undefined} */
    this.worker = undefined;
    this.open = true;
    this.held = true;
    this.reset(0);
    this.port.onmessage = ({ data }) => {
      if (data === 'close') this.open = false;
      else if (data.port) this.connect(data.port);
      else this.hold(data);
    };
  }

  /** @param {number} epoch */
  reset(epoch) {
    this.epoch = epoch;
    /** @type {{ frames: number, planes: Float32Array[] }[]} */
    this.blocks = [];
    /** Frames of the first block that were played. */
    this.offset = 0;
    /** Frames of the epoch that were played. */
    this.played = 0;
    this.credited = 0;
    /** Frames of the whole epoch, once known. */
    this.total = -1;
    this.started = false;
    this.sounding = false;
    this.ended = false;
    /** The context's frame at which the ring ran dry, or -1. */
    this.gap = -1;
    this.reported = 0;
    /** @type {Float32Array[][]} */
    this.spent = [];
  }

  /** @param {MessagePort} port */
  connect(port) {
    this.worker = port;
    port.onmessage = ({ data: [kind, epoch, frames, planes] }) => {
      if (kind === 'flush') {
        this.endGap(currentFrame, false);
        this.reset(epoch);
      } else if (epoch !== this.epoch) return;
      else if (kind === 'samples') this.blocks.push({ frames, planes });
      else if (kind === 'start') this.started = true;
      else if (kind === 'end') this.total = frames;
    };
  }

  /** @param {boolean} held */
  hold(held) {
    this.held = held;
    if (held) {
      this.sounding = false;
      this.endGap(currentFrame, false);
    }
  }

  /** @param {number} kind @param {number} frame @param {number} figure @param {boolean} [flag] */
  report(kind, frame, figure, flag) {
    this.port.postMessage([kind, this.epoch, frame, figure, flag]);
  }

  /** @param {number} frame @param {boolean} audible */
  endGap(frame, audible) {
    if (this.gap < 0) return;
    this.report(GAP_ENDED, frame, frame - this.gap, audible);
    this.gap = -1;
  }

  /** @param {boolean} starved */
  credit(starved) {
    this.credited = this.played;
    const spent = this.spent.splice(0).flat();
    this.worker?.postMessage([this.epoch, this.played, starved, spent], spent.map((plane) => plane.buffer));
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const channels = outputs[0];
    const length = channels[0].length;
    if (this.held || !this.started) {
      this.end(currentFrame);
      return this.open;
    }
    let written = 0;
    while (written < length && this.blocks.length > 0) {
      const { frames, planes } = this.blocks[0];
      const count = Math.min(length - written, frames - this.offset);
      for (let channel = 0; channel < channels.length; channel++) {
        const plane = planes[Math.min(channel, planes.length - 1)];
        channels[channel].set(plane.subarray(this.offset, this.offset + count), written);
      }
      this.offset += count;
      written += count;
      if (this.offset === frames) {
        this.spent.push(/** @type {{ planes: Float32Array[] }} */ (this.blocks.shift()).planes);
        this.offset = 0;
      }
    }
    if (written > 0 && !this.sounding) {
      this.endGap(currentFrame, true);
      this.report(AUDIBLE, currentFrame, this.played);
      this.reported = currentFrame;
      this.sounding = true;
    }
    this.played += written;
    const dry = written < length && this.total !== this.played;
    if (dry) {
      // Not a frame before the Worker says so: it knows how fast the bytes come.
      this.gap = currentFrame + written;
      this.started = false;
      this.sounding = false;
      this.report(GAP_STARTED, this.gap, this.played);
    } else if (currentFrame - this.reported >= sampleRate * REPORT_SECONDS) {
      this.reported = currentFrame;
      this.report(POSITION, currentFrame + written, this.played);
    }
    if (dry || this.played - this.credited >= CREDIT_FRAMES) this.credit(dry);
    this.end(currentFrame + written);
    return this.open;
  }

  /** The last frame of the track was given. @param {number} frame */
  end(frame) {
    if (this.held || this.ended || this.total < 0 || this.played < this.total) return;
    this.ended = true;
    this.started = false;
    this.endGap(frame, false);
    this.report(ENDED, frame, this.played);
  }
}

registerProcessor('tonearm-output', TonearmOutput);
