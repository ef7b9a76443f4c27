// Names in the messages between a worklet and the page. A report to the page is an object; `frame` is the
// context's, at which what it reports is rendered.

/** One of those below. */
export type ReportKind =
  | typeof AUDIBLE
  | typeof POSITION
  | typeof GAP_STARTED
  | typeof GAP_ENDED
  | typeof ENDED
  | typeof MEDIA_SILENT;

export interface Report {
  kind: ReportKind;
  epoch: number;
  frame: number;
  /** frames of the epoch that were played; of a gap's end those of silence that were inserted */
  frames: number;
  /** of a position whether samples are rendered, of a gap's end whether samples follow */
  audible?: boolean;
}

/** Kinds of reports. */
export const AUDIBLE = 0;
export const POSITION = 1;
export const GAP_STARTED = 2;
export const GAP_ENDED = 3;
export const ENDED = 4;
/** The Worker does not answer a credit. */
export const MEDIA_SILENT = 5;

/**
 * Posted to the worklet in the place of the epoch that may be audible: it plays nothing, and keeps what it
 * has.
 */
export const HOLD = -1;
