// The AudioWorklet: copies samples to the output, counts the frames that are missing, reports what was heard.
// Owns the sample ring. Knows no decoding and no network; it has no timers, no fetch and no TextDecoder to
// use.
//
// From and to the Worker's port: `messages.ts`. From the page: { port } once, then the epoch that
// may be audible, or `HOLD`; "close" at the end. { watched } says that the app listens for `timeupdate`. {
// follower } is a port to a worklet that goes on where this one ends, { leader, at } one from such a worklet,
// or the very frame to begin at. Between two worklets: the context's frame after the leader's last one, or
// Infinity while that is not known. To the page: reports (`worklet/reports.ts`).

import { AUDIBLE, ENDED, GAP_ENDED, GAP_STARTED, HOLD, MEDIA_SILENT, POSITION } from './reports.js';
import type { Credit, PageMessage, WorkletMessage } from './messages.js';
import type { Report, ReportKind } from './reports.js';

/**
 * Frames after which the Worker gets its credit back: two blocks of its, which it is woken for six times a
 * second.
 */
const CREDIT_FRAMES = 8192;
/**
 * Seconds that the Worker may leave a credit unanswered. The page then asks whether it is alive: waiting for
 * the network is silent too. With the page's limit for that answer (`heartbeat.rs`), less than 2 s.
 */
const SILENCE_SECONDS = 0.3;
/**
 * Seconds between two position reports, each of which is a task of the page's main thread, and where the app
 * listens for `timeupdate`: `REPORTS` of `position.rs`.
 */
const REPORT_SECONDS = 1;
const WATCHED_SECONDS = 0.25;

/** One run of samples: from an open or a seek to the next. */
const newRun = (epoch: number) => ({
  epoch,
  blocks: [] as { frames: number; planes: Float32Array[] }[],
  /** Frames of the first block that were played. */
  offset: 0,
  /** Frames that were played, and those of them that the Worker knows of. */
  played: 0,
  credited: 0,
  /** Frames of the whole run, once known. */
  total: -1,
  started: false,
  sounding: false,
  ended: false,
  /** The context's frame at which the ring ran dry, or -1. */
  gap: -1,
  reported: 0,
  spent: [] as Float32Array[][],
});

class TonearmOutput extends AudioWorkletProcessor {
  declare worker: MessagePort | undefined;
  declare open: boolean;
  declare every: number;
  /** The context's frame at which the Worker got a credit that it has not answered, or -1. */
  declare unanswered: number;
  /** The run that may be audible, or `HOLD`: samples of an earlier one must not be audible in its place. */
  declare wanted: number;
  declare run: ReturnType<typeof newRun>;
  /** The worklet that continues where this one ends, and the frame that it was given. */
  declare follower: MessagePort | undefined;
  /** Where it says how far the one before this goes. */
  declare leader: MessagePort | undefined;
  declare promised: number;
  /** The context's frame at which this one begins by itself. */
  declare gate: number | undefined;

  constructor() {
    super();
    this.worker = undefined;
    this.open = true;
    this.every = REPORT_SECONDS;
    this.unanswered = -1;
    this.wanted = HOLD;
    this.run = newRun(0);
    this.follower = undefined;
    this.leader = undefined;
    this.promised = Infinity;
    this.gate = undefined;
    this.port.onmessage = ({ data }: MessageEvent<PageMessage>) => {
      if (data === 'close') this.close();
      else if (typeof data === 'number') this.release(data);
      else if ('port' in data) this.connect(data.port);
      else if ('watched' in data) this.every = WATCHED_SECONDS;
      else if ('follower' in data) {
        this.follower?.close();
        [this.follower, this.promised] = [data.follower, Infinity];
      } else this.follow(data);
    };
  }

  close() {
    this.open = false;
    for (const port of [this.port, this.worker, this.follower, this.leader]) port?.close();
  }

  connect(port: MessagePort) {
    this.worker = port;
    port.onmessage = ({ data: message }: MessageEvent<WorkletMessage>) => {
      this.unanswered = -1;
      if (message.type === 'flush') {
        this.endGap(currentFrame, false);
        this.run = newRun(message.epoch);
      } else if (message.epoch !== this.run.epoch) return;
      else if (message.type === 'samples') this.run.blocks.push(message);
      else if (message.type === 'start') this.run.started = true;
      else this.run.total = message.frames;
    };
  }

  follow({ leader, at }: { leader?: MessagePort; at?: number }) {
    this.gate = at;
    this.leader?.close();
    this.leader = leader;
    if (!leader) return;
    this.gate = Infinity;
    leader.onmessage = ({ data }) => {
      if (this.gate !== undefined) this.gate = data;
    };
  }

  /**
   * Posts the frame at which this one ends to the follower, where it has changed.
   * @param frame after the last one that was rendered
   */
  promise(frame: number) {
    const { total, played, started, ended } = this.run;
    if (!this.follower || ended) return;
    const end = total >= 0 && started && !this.held ? frame + total - played : Infinity;
    if (end !== this.promised) this.follower.postMessage((this.promised = end));
  }

  get held() {
    return this.wanted !== this.run.epoch;
  }

  release(epoch: number) {
    this.wanted = epoch;
    this.gate = undefined;
    this.run.reported = currentFrame;
    if (epoch < 0) {
      this.run.sounding = false;
      this.endGap(currentFrame, false);
    }
  }

  report(kind: ReportKind, frame: number, frames: number, audible?: boolean) {
    const report: Report = { kind, epoch: this.run.epoch, frame, frames, audible };
    this.port.postMessage(report);
  }

  /** The output renders, and waits for samples that may be heard. */
  reportWaiting(run: ReturnType<typeof newRun>) {
    if (this.wanted < 0 || currentFrame - run.reported < sampleRate * this.every) return;
    run.reported = currentFrame;
    this.report(POSITION, currentFrame, run.played, false);
  }

  endGap(frame: number, audible: boolean) {
    if (this.run.gap < 0) return;
    this.report(GAP_ENDED, frame, frame - this.run.gap, audible);
    this.run.gap = -1;
  }

  credit(starved: boolean) {
    this.run.credited = this.run.played;
    // After the last sample of the track nothing more comes.
    if (this.unanswered < 0 && this.run.total < 0) this.unanswered = currentFrame;
    const planes = this.run.spent.splice(0).flat();
    const credit: Credit = { epoch: this.run.epoch, frames: this.run.played, starved, planes };
    this.worker?.postMessage(
      credit,
      planes.map((plane) => plane.buffer),
    );
  }

  /** Reports a credit that stays unanswered, again and again while it does. */
  watchWorker() {
    if (this.unanswered < 0 || currentFrame - this.unanswered < sampleRate * SILENCE_SECONDS) return;
    this.unanswered = currentFrame;
    this.report(MEDIA_SILENT, currentFrame, this.run.played);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]) {
    const { run } = this;
    const channels = outputs[0];
    const length = channels[0].length;
    let written = 0;
    if (this.gate !== undefined && this.gate < currentFrame + length) {
      written = Math.max(0, this.gate - currentFrame);
      this.release(run.epoch);
    }
    if (this.held || !run.started) {
      this.promise(currentFrame + length);
      this.reportWaiting(run);
      this.end(currentFrame);
      return this.open;
    }
    const before = written;
    while (written < length && run.blocks.length > 0) {
      const { frames, planes } = run.blocks[0];
      const count = Math.min(length - written, frames - run.offset);
      for (let channel = 0; channel < channels.length; channel++) {
        const plane = planes[Math.min(channel, planes.length - 1)];
        channels[channel].set(plane.subarray(run.offset, run.offset + count), written);
      }
      run.offset += count;
      written += count;
      if (run.offset === frames) {
        run.spent.push((run.blocks.shift() as { planes: Float32Array[] }).planes);
        run.offset = 0;
      }
    }
    if (written > before && !run.sounding) {
      this.endGap(currentFrame, true);
      this.report(AUDIBLE, currentFrame + before, run.played);
      run.reported = currentFrame;
      run.sounding = true;
    }
    run.played += written - before;
    const dry = written < length && run.total !== run.played;
    if (dry) {
      // Not a frame before the Worker says so: it knows how fast the bytes come.
      run.gap = currentFrame + written;
      run.started = false;
      run.sounding = false;
      this.report(GAP_STARTED, run.gap, run.played);
    } else if (currentFrame - run.reported >= sampleRate * this.every) {
      run.reported = currentFrame;
      this.report(POSITION, currentFrame + written, run.played, true);
    }
    if (dry || run.played - run.credited >= CREDIT_FRAMES) this.credit(dry);
    this.watchWorker();
    this.promise(currentFrame + written);
    this.end(currentFrame + written);
    return this.open;
  }

  /** The last frame of the track was given. */
  end(frame: number) {
    const { run } = this;
    if (this.held || run.ended || run.total < 0 || run.played < run.total) return;
    run.ended = true;
    run.started = false;
    this.endGap(frame, false);
    this.report(ENDED, frame, run.played);
  }
}

registerProcessor('tonearm-output', TonearmOutput);
