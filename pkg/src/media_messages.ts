// Commands and facts of the media plane, for a script that stands in for it: reads the ones and writes the
// others. The grammar is `crates/messages`'; kinds are the media plane's enums, and
// tests/vectors/messages.json holds both sides.

import { CommandKind, FactKind } from 'tonearm-media-glue';
import type { BodyEndKind, MediaErrorKind } from 'tonearm-media-glue';

/**
 * A command as its fields; `position` in seconds of the track, `speed` in seconds of the track in a second.
 */
export type Command =
  | { kind: CommandKind.Hello; version: string }
  | {
      kind: CommandKind.Open;
      epoch: number;
      url: string;
      credentials: boolean;
      position: number;
      speed: number;
      request: number;
    }
  | { kind: CommandKind.Fetch; epoch: number; request: number }
  | { kind: CommandKind.Seek; epoch: number; position: number; speed: number }
  | { kind: CommandKind.Close };

/** Reads a command; undefined where it is none that concerns an element. */
export function readCommand(bytes: Uint8Array): Command | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = 1;
  const whole = () => view.getUint32((at += 4) - 4, true);
  const float = () => view.getFloat64((at += 8) - 8, true);
  const text = () => {
    const length = whole();
    return String.fromCharCode(...bytes.subarray(at, (at += length)));
  };
  const kind: CommandKind = bytes[0];
  switch (kind) {
    case CommandKind.Hello:
      return { kind, version: text() };
    case CommandKind.Open: {
      const [epoch, url] = [whole(), text()];
      const credentials = bytes[at++] > 0;
      // The rate of an output, which an element has not.
      whole();
      return { kind, epoch, url, credentials, position: float(), speed: float(), request: whole() };
    }
    case CommandKind.Fetch:
      return { kind, epoch: whole(), request: whole() };
    case CommandKind.Seek:
      return { kind, epoch: whole(), position: float(), speed: float() };
    case CommandKind.Close:
      return { kind };
  }
  return undefined;
}

/** Numbers of a fact, the lowest byte first. */
class Writer {
  #bytes: number[];
  constructor(kind: FactKind) {
    this.#bytes = [kind];
  }
  whole(value: number, size = 4) {
    for (let n = 0; n < size; n++) this.#bytes.push(Math.floor(value / 256 ** n) % 256);
    return this;
  }
  flag(value: boolean) {
    return this.whole(Number(value), 1);
  }
  float(value: number) {
    this.#bytes.push(...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }
  /** A text in ASCII. */
  text(value: string) {
    this.whole(value.length);
    for (const letter of value) this.#bytes.push(letter.charCodeAt(0) & 127);
    return this;
  }
  /** Something that is not there. */
  none() {
    return this.flag(false);
  }
  get bytes() {
    return Uint8Array.from(this.#bytes);
  }
}

/**
 * Times (`at`) are in Unix milliseconds on the line of the page's own clock; positions and lengths in
 * seconds.
 */
export const facts = {
  hello: (version: string) => new Writer(FactKind.Hello).text(version).bytes,

  /** A response of 200 with ranges: what else it says is not known. */
  responseHead: (request: number, at: number) =>
    new Writer(FactKind.ResponseHead)
      .whole(request)
      .float(at)
      .whole(200, 2)
      .none()
      .flag(true)
      .none()
      .none()
      .none().bytes,

  firstByte: (request: number, at: number) => new Writer(FactKind.FirstByte).whole(request).float(at).bytes,

  /** How many bytes it had is not known. */
  bodyEnd: (request: number, at: number, end: BodyEndKind) =>
    new Writer(FactKind.BodyEnd).whole(request).float(at).whole(0, 8).whole(end, 1).bytes,

  /** A format of which the length alone is known, if that is finite. */
  format(epoch: number, duration: number) {
    const fact = new Writer(FactKind.Format).whole(epoch).text('').whole(0).whole(0, 1);
    if (Number.isFinite(duration)) fact.flag(true).float(duration);
    else fact.none();
    return fact.flag(false).whole(0).bytes;
  },

  firstDecoded: (epoch: number, at: number, position: number) =>
    new Writer(FactKind.FirstDecoded).whole(epoch).float(at).float(position).bytes,

  buffered: (epoch: number, end: number) => new Writer(FactKind.Buffered).whole(epoch).float(end).bytes,

  /** How many frames there were is not known. */
  decodedAll: (epoch: number, end: number) =>
    new Writer(FactKind.DecodedAll).whole(epoch).float(end).whole(0, 8).whole(0).bytes,

  failed: (epoch: number, error: MediaErrorKind) =>
    new Writer(FactKind.Failed).whole(epoch).whole(error, 1).bytes,
};
