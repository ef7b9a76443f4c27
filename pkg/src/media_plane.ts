// The media plane of one player, as its page has it: the Worker, or the media element in its place. Owns
// which of them is open and what it knows of the source; the core decides when, and hears whether it can be
// had.

import { onWorkerFetched, openWorker } from './host/worker_link.js';
import { callWhenReady, currentCore, placeOf } from './core/loader.js';
import { answer } from './source.js';
import type { MediaLink } from './host/links.js';
import type { Output } from './output.js';
import type { MessageFromWorker, SourceMessage, Tags } from './worker/messages.js';
import type { Engine, Source, TelemetryConfig } from './types/index.js';

export class MediaPlane {
  readonly #player: number;
  readonly #output: Output;
  readonly #onTags: (tags: Tags) => void;
  readonly #options: TelemetryConfig | undefined;
  #link: MediaLink | undefined;
  #source: Source | undefined;
  /** What the Worker knows of the source. */
  #workerSource: SourceMessage | undefined;
  /** When Worker and worklet, or the element, are there; none before they are first needed. */
  opened: Promise<void> | undefined;
  /** Aborted with the Worker that is on its way. */
  #opening = new AbortController();

  constructor(
    player: number,
    output: Output,
    options: TelemetryConfig | undefined,
    onTags: (tags: Tags) => void,
  ) {
    this.#player = player;
    this.#output = output;
    this.#options = options;
    this.#onTags = onTags;
  }

  /** Opens what plays, and the output; each notifies the core once it is there, or that it can't be had. */
  open(engine: Engine) {
    this.terminate();
    this.opened = engine === 'element' ? this.#openElement() : this.#openStream();
  }

  terminate() {
    this.#opening.abort();
    this.#link?.terminate();
    this.#link = undefined;
  }

  /** Hands over the source that is opened next. */
  select(source: Source, workerSource: SourceMessage) {
    this.#source = source;
    this.#workerSource = workerSource;
    this.#link?.postMessage(workerSource);
  }

  /** Sends a command of the core. */
  send(command: Uint8Array) {
    const copy = command.slice();
    this.#link?.postMessage(copy, [copy.buffer]);
  }

  async #openStream() {
    const place = placeOf('worker');
    const worker = openWorker(place);
    this.#link = worker;
    if (!worker) return this.#notifyUnavailable();
    const { signal } = (this.#opening = new AbortController());
    onWorkerFetched(worker, place, signal, () => callWhenReady((core) => core.media_loaded(this.#player)));
    if (this.#workerSource) worker.postMessage(this.#workerSource);
    worker.onerror = () => this.#link === worker && this.#notifyUnavailable();
    worker.onmessage = ({ data }: MessageEvent<MessageFromWorker>) => {
      if (this.#link !== worker) return;
      // The Worker's script sends what is no fact: what a file says of its music, questions to the app, and
      // that the wasm is not there.
      if (data === 'unavailable') this.#notifyUnavailable();
      else if (data instanceof Uint8Array) currentCore()?.media_fact(this.#player, data);
      else if ('texts' in data) this.#onTags(data);
      else
        answer(this.#source, this.#workerSource, this.#options, worker, data, (url) =>
          callWhenReady((core) => core.renew(this.#player, url)),
        );
    };
    return this.#output.open(worker);
  }

  /** The browser's own element in the place of both. */
  async #openElement() {
    const link = await this.#output.openElement();
    if (!link) return;
    this.#link = link;
    if (this.#workerSource) link.postMessage(this.#workerSource);
    callWhenReady((core) => {
      core.set_engine(this.#player, 'element');
      core.output_ready(this.#player, link.sampleRate);
      core.set_audio_state(this.#player, 'running');
    });
  }

  #notifyUnavailable() {
    callWhenReady((core) => core.media_unavailable(this.#player));
  }
}
