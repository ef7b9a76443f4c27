// The contestants of `npm run bench:telemetry`: ours, and OpenTelemetry JS 2.x and 3.x, each doing the same
// work.

import { OTLPTraceExporter as Exporter2 } from './otel2/node_modules/@opentelemetry/exporter-trace-otlp-proto';
import {
  BatchLogRecordProcessor as BatchLogs2,
  LoggerProvider as LoggerProvider2,
} from './otel2/node_modules/@opentelemetry/sdk-logs';
import {
  MeterProvider as MeterProvider2,
  PeriodicExportingMetricReader as Reader2,
} from './otel2/node_modules/@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor as Batch2,
  InMemorySpanExporter as Memory2,
} from './otel2/node_modules/@opentelemetry/sdk-trace-base';
import {
  JsonTraceSerializer as Json2,
  ProtobufTraceSerializer as Proto2,
} from './otel2/node_modules/@opentelemetry/otlp-transformer';
import { OTLPTraceExporter as Exporter3 } from './otel3/node_modules/@opentelemetry/exporter-trace-otlp-proto';
import {
  BatchLogRecordProcessor as BatchLogs3,
  LoggerProvider as LoggerProvider3,
} from './otel3/node_modules/@opentelemetry/sdk-logs';
import {
  MeterProvider as MeterProvider3,
  PeriodicExportingMetricReader as Reader3,
} from './otel3/node_modules/@opentelemetry/sdk-metrics';
import {
  BatchSpanProcessor as Batch3,
  InMemorySpanExporter as Memory3,
  TracerProvider,
} from './otel3/node_modules/@opentelemetry/sdk-trace';
import {
  JsonTraceSerializer as Json3,
  ProtobufTraceSerializer as Proto3,
} from './otel3/node_modules/@opentelemetry/otlp-transformer';

const { createTelemetry, init } = await import(new URL('../pkg/index.js', location.href).href);
await init();

let seed = 1;
/** A number below `most`, the same sequence in every run. @param {number} most */
const draw = (most) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % most;
const values = () => ({
  'http.request.method': 'GET',
  'url.path': `/tracks/${draw(1000)}`,
  'http.response.status_code': 200 + draw(5),
  'cdn.hit': draw(2) === 1,
});
const six = () => ({ ...values(), 'music.track_id': `track-${draw(100)}`, 'play.seconds': draw(1000) / 7 });

// Nothing leaves the page: what would is kept for the question of its size.
/** @type {(body: Uint8Array, encoding: string) => void} */
let posted = () => {};
globalThis.fetch = (url, init) => {
  posted(new Uint8Array(init.body.buffer ?? init.body), init.headers?.['content-encoding'] ?? '');
  return Promise.resolve(new Response(null, { status: 200 }));
};

const queue = { maxQueueSize: 1e6, maxExportBatchSize: 512, scheduledDelayMillis: 3_600_000 };
const noExport = {
  export: (spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
  forceFlush: () => Promise.resolve(),
};
const quiet = {
  export: (metrics, done) => done({ code: 0 }),
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
  selectAggregationTemporality: () => 0,
};

/** @param {any} Provider @param {any} processor */
const tracerOf = (Provider, processor) => new Provider({ spanProcessors: [processor] }).getTracer('bench');
const peers = {
  2: {
    Provider: BasicTracerProvider,
    Batch: Batch2,
    Memory: Memory2,
    Proto: Proto2,
    Json: Json2,
    Exporter: Exporter2,
    MeterProvider: MeterProvider2,
    LoggerProvider: LoggerProvider2,
    BatchLogs: BatchLogs2,
    Reader: Reader2,
  },
  3: {
    Provider: TracerProvider,
    Batch: Batch3,
    Memory: Memory3,
    Proto: Proto3,
    Json: Json3,
    Exporter: Exporter3,
    MeterProvider: MeterProvider3,
    LoggerProvider: LoggerProvider3,
    BatchLogs: BatchLogs3,
    Reader: Reader3,
  },
};

/** @param {2 | 3} line */
function peer(line) {
  const { Provider, Batch, Memory, Proto, Json, Exporter, MeterProvider, Reader, LoggerProvider, BatchLogs } =
    peers[line];
  // 2.x takes the exporter, 3.x options with it.
  const batch = (/** @type {any} */ exporter) =>
    line === 2 ? new Batch(exporter, queue) : new Batch({ exporter, ...queue });
  const tracer = tracerOf(Provider, batch(noExport));
  const meter = new MeterProvider({
    readers: [new Reader({ exporter: quiet, exportIntervalMillis: 3_600_000, exportTimeoutMillis: 1000 })],
  }).getMeter('bench');
  // 2.x takes the exporter, 3.x options with it, as of spans.
  const logs = line === 2 ? new BatchLogs(noExport, queue) : new BatchLogs({ exporter: noExport, ...queue });
  const logger = new LoggerProvider({ processors: [logs] }).getLogger('bench');
  const counter = meter.createCounter('c');
  const histogram = meter.createHistogram('h');
  const ended = () => {
    const memory = new Memory();
    const processor = line === 2 ? new Batch(memory, queue) : new Batch({ exporter: memory, ...queue });
    const tracer = tracerOf(Provider, processor);
    for (let n = 0; n < 512; n++) tracer.startSpan('GET', { attributes: six() }).end();
    return processor.forceFlush().then(() => memory.getFinishedSpans());
  };
  return {
    span: () => tracer.startSpan('GET', { attributes: values() }).end(),
    log: () => logger.emit({ eventName: 'bench', severityNumber: 9, body: 'a record', attributes: values() }),
    count: () => counter.add(1, { method: 'GET', status: 200 + draw(5) }),
    measure: () => histogram.record(draw(1000) / 100, { method: 'GET', status: 200 + draw(5) }),
    bound: () => histogram.record(draw(1000) / 100, { method: 'GET', status: 200 }),
    encode: async () => Proto.serializeRequest(await ended()).length,
    record: ended,
    toBytes: (/** @type {any} */ spans) => Proto.serializeRequest(spans).length,
    serialize: (/** @type {any} */ spans) => Proto.serializeRequest(spans).length,
    bytes: async () => Json.serializeRequest(await ended()).length / 512,
    whole: async () => {
      const processor = batch(new Exporter({ url: 'http://127.0.0.1:1/v1/traces' }));
      const tracer = tracerOf(Provider, processor);
      const sent = new Promise((resolve) => (posted = resolve));
      for (let n = 0; n < 512; n++) tracer.startSpan('GET', { attributes: six() }).end();
      processor.forceFlush();
      await sent;
    },
  };
}

function ours() {
  const options = {
    serviceName: 'bench',
    storage: false,
    endpoint: 'http://127.0.0.1:1',
    scheduledDelayMillis: 3_600_000,
    maxExportBatchSize: 512,
    maxQueueSize: 1e6,
    metricIntervalMillis: 3_600_000,
  };
  const telemetry = createTelemetry(options);
  const plain = createTelemetry({ ...options, compression: 'none' });
  const attributes = ['method', 'status'];
  const counter = telemetry.createCounter('c', { attributes });
  const histogram = telemetry.createHistogram('h', { unit: 's', attributes });
  const bound = histogram.bind({ method: 'GET', status: 200 });
  const record = () => {
    for (let n = 0; n < 512; n++) plain.startSpan('GET', { attributes: six() }).end();
  };
  /** Of all that was recorded: what waits in JavaScript, the batch, the request, to where `fetch` has it. */
  const toBytes = () => {
    const sent = new Promise((resolve) => (posted = (body) => resolve(body.length)));
    plain.forceFlush();
    return sent;
  };
  return {
    span: () => telemetry.startSpan('GET', { attributes: values() }).end(),
    log: () => telemetry.log({ eventName: 'bench', body: 'a record', attributes: values() }),
    count: () => counter.add(1, { method: 'GET', status: 200 + draw(5) }),
    measure: () => histogram.record(draw(1000) / 100, { method: 'GET', status: 200 + draw(5) }),
    bound: () => bound.record(draw(1000) / 100),
    encode: () => {
      record();
      return toBytes();
    },
    record,
    toBytes,
    /**
     * What was recorded becomes records in protobuf before anything is said, here nothing; a request is their
     * copy behind its head.
     */
    serialize: () => plain.setBaggage({}),
    /** They leave, so that the next round has its own. */
    clear: toBytes,
    bytes: async () => {
      for (let n = 0; n < 512; n++) telemetry.startSpan('GET', { attributes: six() }).end();
      const sent = new Promise((resolve) => (posted = (body) => resolve(body.length / 512)));
      telemetry.forceFlush();
      return sent;
    },
    whole: async () => {
      const sent = new Promise((resolve) => (posted = resolve));
      for (let n = 0; n < 512; n++) telemetry.startSpan('GET', { attributes: six() }).end();
      telemetry.forceFlush();
      await sent;
    },
  };
}

const contestants = { ours: ours(), 'otel 2.x': peer(2), 'otel 3.x': peer(3) };

/** Microseconds a call. @param {string} name @param {'span' | 'log' | 'count' | 'measure' | 'bound'} what */
globalThis.each = (name, what, calls = 4000) => {
  const call = contestants[name][what];
  const began = performance.now();
  for (let n = 0; n < calls; n++) call();
  return ((performance.now() - began) / calls) * 1000;
};

/** Milliseconds for one. @param {string} name @param {'encode' | 'serialize' | 'toBytes' | 'whole'} what */
globalThis.once = async (name, what) => {
  const contestant = contestants[name];
  await new Promise((resolve) => setTimeout(resolve, 20));
  // Each is given what the row before this one has measured: spans that are recorded.
  const recorded = what === 'encode' || what === 'whole' ? undefined : await contestant.record();
  const began = performance.now();
  const length = await contestant[what](recorded);
  const took = performance.now() - began;
  const left = what === 'serialize' && contestant.clear ? await contestant.clear() : length;
  if (left !== undefined && !(left > 512 * 100)) throw new Error(`${name}: ${left} bytes`);
  return took;
};
globalThis.bytes = (name) => contestants[name].bytes();
