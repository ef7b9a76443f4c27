// The messages to the worklet, from the page and from the Worker, and to the Worker; those to the page are
// reports (`reports.ts`).

/** From the page. */
export type PageMessage =
  /** The epoch that may be audible, or `HOLD`. */
  | number
  /** It is not wanted any more. */
  | 'close'
  /** The port of the Worker. */
  | { port: MessagePort }
  /** The app listens for `timeupdate`. */
  | { watched: true }
  /** A port to a worklet that continues where this one ends. */
  | { follower: MessagePort }
  /**
   * A port from the worklet before, or the context's frame to begin at; neither: it follows nobody any more.
   */
  | { leader?: MessagePort; at?: number };

/** From the Worker: a new run of samples, a block of one, its start, its end. */
export type WorkletMessage =
  /** Drop all samples and expect this epoch. */
  | { type: 'flush'; epoch: number }
  | { type: 'samples'; epoch: number; frames: number; planes: Float32Array[] }
  /** The output may begin, or continue after an underrun. */
  | { type: 'start'; epoch: number }
  /** `frames` are all frames of the run. */
  | { type: 'end'; epoch: number; frames: number };

/** To the Worker: frames that were played, and the buffers of their blocks. */
export interface Credit {
  epoch: number;
  /** All frames of the run that were played. */
  frames: number;
  /** The ring is empty before the end. */
  starved: boolean;
  planes: Float32Array[];
}
