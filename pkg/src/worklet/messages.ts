// The messages between the Worker and the worklet.

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
