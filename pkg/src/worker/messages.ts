// The messages between a page and the Worker of its player, beside commands and facts, which are bytes.

/** What the Worker is to know of a source. */
export interface SourceMessage {
  source: {
    /** Headers of the app's own, and the origin that they are for. */
    headers?: Record<string, string>;
    origin?: string;
    /** The media itself. */
    blob?: Blob;
    /** The app makes the requests, or has another URL for one that has run out. */
    fetches: boolean;
    renews: boolean;
  };
  /** What a name or a type promises of its format. */
  expects: string;
}

/** An answer of the app to a question: a response, or another URL; neither where it has none. */
export interface Answer {
  answer: number;
  status?: number;
  headers?: [string, string][];
  body?: ReadableStream<Uint8Array> | null;
  url?: string;
  propagates?: boolean;
  origin?: string;
}

/** To the Worker: a command, the port of the worklet, a source, an answer. */
export type MessageToWorker = Uint8Array | { port: MessagePort } | SourceMessage | Answer;

/** What only the app knows: the response to a request, or another URL for one that has run out. */
export type AppRequest =
  | { fetch: string; headers: Record<string, string>; credentials?: RequestCredentials }
  | { renew: string; status: number };

/** A question to the app, by its number. */
export type Question = AppRequest & { ask: number };

/** What a file says of its music. */
export interface Tags {
  /** Names as in Vorbis comments, and their values, in the file's order. */
  texts: [string, string][];
  picture?: { mime: string; bytes: Uint8Array<ArrayBuffer> };
  /** Gain and peak of the track, then of the album; NaN where the file has none. */
  gains: number[];
}

/** From the Worker: a fact, tags, a question; or that its wasm is not there, or has ended. */
export type MessageFromWorker = Uint8Array | Tags | Question | 'unavailable';
