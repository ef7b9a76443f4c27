// Three signals' worth of providers and traced requests, OpenTelemetry JS 3.x.
import { trace, metrics } from '../otel3/node_modules/@opentelemetry/api';
import { registerInstrumentations } from '../otel3/node_modules/@opentelemetry/instrumentation';
import { FetchInstrumentation } from '../otel3/node_modules/@opentelemetry/instrumentation-fetch';
import { OTLPTraceExporter } from '../otel3/node_modules/@opentelemetry/exporter-trace-otlp-proto';
import { MeterProvider } from '../otel3/node_modules/@opentelemetry/sdk-metrics';
import {
  TracerProvider as TracerProvider,
  BatchSpanProcessor,
} from '../otel3/node_modules/@opentelemetry/sdk-trace';

const queue = { maxQueueSize: 1e6, maxExportBatchSize: 10_000, scheduledDelayMillis: 3_600_000 };
const exporter = new OTLPTraceExporter({ url: '/v1/traces' });
const tracerProvider = new TracerProvider({
  spanProcessors: [new BatchSpanProcessor({ exporter, ...queue })],
});
trace.setGlobalTracerProvider(tracerProvider);
metrics.setGlobalMeterProvider(new MeterProvider());
registerInstrumentations({ tracerProvider, instrumentations: [new FetchInstrumentation()] });
metrics.getMeter('bench').createCounter('c');
globalThis.traced = (url) => fetch(url);
