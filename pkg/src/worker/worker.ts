// The Worker of one player: does the media plane's I/O and decides nothing. Bytes come through fetch and go
// into the wasm; samples go from there straight to the worklet's port; facts go up to the page.

import { serverTiming } from '../host/server_timing.js';
import { instantiate } from '../host/wasm.js';
import * as plane from 'tonearm-media-glue';
import { CommandKind, OutputKind, imports } from 'tonearm-media-glue';
import { hostSupport, instantiateFormat, moduleFor, preloadModule } from './modules.js';
import { openTrack } from './track.js';
import type { Credit, WorkletMessage } from '../worklet/messages.js';
import type {
  Answer,
  AppRequest,
  MessageFromWorker,
  MessageToWorker,
  SourceMessage,
  Tags,
} from './messages.js';
import type { Family } from 'tonearm-media-glue';

/** Bytes of a chunk that the plane takes at once. */
const PIECE_BYTES = 64 << 10;

/** The memory of the media plane, once its wasm is there. */
let memory: WebAssembly.Memory | undefined;
let worklet: MessagePort | undefined;
/** Commands from before the wasm was there. */
let commands: Uint8Array[] = [];
/** Requests under way. */
const requests: Map<number, AbortController> = new Map();
/** Readers that wait because enough is in memory. */
const waiting: Map<number, () => void> = new Map();
/** Planes that the worklet has played. */
const spare: Float32Array[] = [];
/**
 * What the app says of the source that is open; the URL that took the place of one that had run out; whether
 * a redirect was met.
 */
let source: Partial<SourceMessage['source']> & { url?: string; redirects?: boolean } = {};
/** Questions to the page that wait for their answer. */
const questions: Map<number, (answer: Answer) => void> = new Map();
let lastQuestion = 0;
/** Messages to the worklet from before its port was there. */
const unsent: [WorkletMessage, Transferable[]][] = [];

/** Unix milliseconds on the line of the page's own clock. */
const now = () => performance.timeOrigin + performance.now();

function postToWorklet(message: WorkletMessage, transfer: Transferable[] = []) {
  if (worklet) worklet.postMessage(message, transfer);
  else unsent.push([message, transfer]);
}

/** The channels of a block, copied out of the wasm's memory. */
function copySamples(frames: number) {
  const planes = [];
  for (let at; (at = plane.samples(planes.length));) {
    const target = spare.pop() ?? new Float32Array(plane.block_frames());
    target.set(new Float32Array((memory as WebAssembly.Memory).buffer, at, frames));
    planes.push(target);
  }
  return planes;
}

/** Does everything that follows from an input. */
function work() {
  do drain();
  while (plane.resume(now()));
  for (const [id, go] of waiting) {
    if (!requests.has(id) || plane.wants_bytes(id)) {
      waiting.delete(id);
      go();
    }
  }
}

function drain() {
  plane.finish_input(now());
  for (let kind; (kind = plane.next_output()) !== OutputKind.None;) {
    const epoch = plane.epoch();
    const frames = plane.frames();
    if (kind === OutputKind.Post) {
      const fact = plane.fact();
      postMessage(fact, { transfer: [fact.buffer] });
    } else if (kind === OutputKind.Fetch) {
      request(plane.request_id(), plane.url(), plane.offset(), plane.headers(), plane.credentials());
    } else if (kind === OutputKind.Abort) {
      const id = plane.request_id();
      const controller = requests.get(id);
      requests.delete(id);
      controller?.abort();
    } else if (kind === OutputKind.Samples) {
      const planes = copySamples(frames);
      postToWorklet(
        { type: 'samples', epoch, frames, planes },
        planes.map(({ buffer }) => buffer),
      );
    } else if (kind === OutputKind.Open) open(epoch, plane.family(), plane.start());
    else if (kind === OutputKind.Probe) probe(plane.request_id(), plane.url(), plane.credentials());
    else if (kind === OutputKind.Flush) postToWorklet({ type: 'flush', epoch });
    else if (kind === OutputKind.Start) postToWorklet({ type: 'start', epoch });
    else postToWorklet({ type: 'end', epoch, frames });
  }
}

/** Opens a track of a family, whose tags go to the page. */
async function open(epoch: number, family: Family, start: number) {
  const module = await moduleFor(family).catch(() => undefined);
  const host = await hostSupport(family);
  const onDecoded = () => {
    plane.handle_decoded(now());
    work();
  };
  const onTags = (tags: Tags) => post(tags);
  let track;
  try {
    track = module && openTrack(instantiateFormat(module), family, start, host, onDecoded, onTags);
  } catch {
    // No memory for another instance: reported like a module that is not there.
  }
  plane.handle_track(now(), epoch, track);
  work();
}

/** Finds out whether a request that failed gets a response that a script may not read. */
async function probe(id: number, url: string, credentials: boolean) {
  const controller = new AbortController();
  requests.set(id, controller);
  let reachable = false;
  try {
    const { blob, fetches } = source;
    if (!blob && !fetches) {
      const init = { signal: controller.signal, credentials: credentials ? 'include' : 'same-origin' };
      await fetch(source.url ?? url, { ...(init as RequestInit), mode: 'no-cors' });
      reachable = true;
    }
  } catch {
    // Nothing is there.
  }
  controller.abort();
  if (!requests.delete(id)) return;
  plane.handle_probe(now(), id, reachable);
  work();
}

/** Posts a message to the page. */
const post = (message: MessageFromWorker) => postMessage(message);

/** Asks the page for what only the app knows. */
function ask(request: AppRequest): Promise<Answer> {
  const id = ++lastQuestion;
  post({ ask: id, ...request });
  return new Promise((resolve) => questions.set(id, resolve));
}

/** A file that is at hand, as a server with ranges would give it. */
function read(blob: Blob, offset: number) {
  const headers = {
    'content-length': String(blob.size),
    'content-type': blob.type,
    'accept-ranges': 'bytes',
  };
  if (offset === 0) return new Response(blob, { headers });
  const range = { ...headers, 'content-range': `bytes ${offset}-${blob.size - 1}/${blob.size}` };
  return new Response(blob.slice(offset), { status: 206, headers: range });
}

/**
 * The response to a media request, in whatever way the app wants it.
 * @param context headers of the trace
 */
async function respond(
  url: string,
  init: RequestInit,
  offset: number,
  context: Record<string, string>,
): Promise<Response> {
  const { blob, headers, origin, fetches } = source;
  if (blob) return read(blob, offset);
  const own: Record<string, string> = { ...headers, ...(init.headers as Record<string, string>) };
  // As at a redirect to another origin (Fetch standard, "HTTP-redirect fetch", step 13).
  if (origin && origin !== new URL(url).origin) delete own.authorization;
  const all = { ...own, ...context };
  if (!fetches) {
    const carries = Object.keys(context).length > 0 && !source.redirects;
    const response = carries ? await fetch(url, { ...init, headers: all, redirect: 'manual' }) : undefined;
    if (response && response.type !== 'opaqueredirect') return response;
    // The context must not follow a redirect to an origin that may not have it, and no script sees where one
    // leads.
    if (response) source.redirects = true;
    return fetch(url, { ...init, headers: own });
  }
  const answer = await ask({ fetch: url, headers: all, credentials: init.credentials });
  if (!answer.status) throw new TypeError('the app has no response');
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
}

async function request(
  id: number,
  url: string,
  offset: number,
  lines: string | undefined,
  credentials: boolean,
) {
  const controller = new AbortController();
  requests.set(id, controller);
  let complete = false;
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const headers: Record<string, string> = {};
    const context: Record<string, string> = {};
    if (offset > 0) headers.range = `bytes=${offset}-`;
    for (const line of lines?.trim().split('\n') ?? []) {
      const at = line.indexOf(': ');
      const [name, value] = [line.slice(0, at), line.slice(at + 2)];
      // CMCD goes into the query (CTA-5004), where it needs no preflight.
      if (name !== 'CMCD') context[name] = value;
      else url = `${url.split('#', 1)[0]}${url.includes('?') ? '&' : '?'}CMCD=${encodeURIComponent(value)}`;
    }
    const init: RequestInit = {
      headers,
      credentials: credentials ? 'include' : 'same-origin',
      signal: controller.signal,
      priority: 'high',
    };
    const of = source;
    let response = await respond(of.url ?? url, init, offset, context);
    if (of.renews && requests.has(id) && plane.is_expired(response.status)) {
      response.body?.cancel();
      const renewed = await ask({ renew: url, status: response.status });
      if (renewed.url) {
        [of.url, of.origin, of.redirects] = [renewed.url, renewed.origin, false];
        plane.forget_validators();
        response = await respond(renewed.url, init, offset, renewed.propagates ? context : {});
      }
    }
    if (!requests.has(id)) return void response.body?.cancel();
    const fields = Array.from(response.headers, ([name, value]) => `${name}: ${value}`).join('\n');
    plane.handle_head(now(), id, response.status, fields, ...serverTiming(response.headers));
    work();
    reader = response.body?.getReader();
    let rest: Uint8Array = new Uint8Array();
    while (requests.has(id) && reader) {
      if (!plane.wants_bytes(id)) {
        await new Promise((go: (value?: undefined) => void) => waiting.set(id, go));
        continue;
      }
      if (rest.length === 0) {
        const { done, value } = await reader.read();
        if (!requests.has(id)) break;
        complete = done;
        if (done) break;
        rest = value;
      }
      // A piece at a time: a fast server's chunk may be larger than all that is to be held.
      plane.handle_chunk(now(), id, rest.subarray(0, PIECE_BYTES));
      rest = rest.subarray(PIECE_BYTES);
      work();
    }
  } catch (error) {
    // The network failed; an abort of our own has left the map before. A trap is the end of this Worker's
    // wasm.
    if (error instanceof WebAssembly.RuntimeError) post('unavailable');
  }
  // A response of the app's own fetch hears of no abort but this.
  if (!complete) reader?.cancel().catch(() => {});
  if (!requests.delete(id)) return;
  plane.handle_body_end(now(), id, complete);
  work();
}

function connect(port: MessagePort) {
  worklet = port;
  for (const [message, transfer] of unsent.splice(0)) port.postMessage(message, transfer);
  port.onmessage = ({ data }: MessageEvent<Credit>) => {
    const { epoch, frames, starved, planes } = data;
    spare.push(...planes);
    if (!memory) return;
    plane.handle_credit(now(), epoch, frames, starved);
    work();
  };
}

function command(bytes: Uint8Array) {
  if (!memory) commands.push(bytes);
  else if (plane.handle_command(now(), bytes)) work();
  else post('unavailable');
}

self.onmessage = ({ data }: MessageEvent<MessageToWorker>) => {
  // The answer to a ping has the same bytes. The script answers: it can before the wasm is there.
  if (data instanceof Uint8Array && data[0] === CommandKind.Ping) post(data);
  else if (data instanceof Uint8Array) command(data);
  else if ('port' in data) connect(data.port);
  else if ('source' in data) {
    source = data.source;
    // The module is fetched at the same time as the first bytes.
    preloadModule(data.expects);
  } else {
    questions.get(data.answer)?.(data);
    questions.delete(data.answer);
  }
};

fetch(new URL('./tonearm_media_bg.wasm', import.meta.url))
  .then((response) => instantiate(response, imports, 'handle_command'))
  .then(
    (exports) => {
      memory = exports.memory;
      for (const bytes of commands.splice(0)) command(bytes);
    },
    () => {
      // The page learns it by the one message that is no fact; commands that wait here have no one to go to.
      commands = [];
      self.onmessage = () => post('unavailable');
      post('unavailable');
    },
  );
