// Three signals' worth of providers and traced requests, OpenTelemetry JS 2.x.
import { trace, metrics } from '../otel2/node_modules/@opentelemetry/api';
import { registerInstrumentations } from '../otel2/node_modules/@opentelemetry/instrumentation';
import { FetchInstrumentation } from '../otel2/node_modules/@opentelemetry/instrumentation-fetch';
import { OTLPTraceExporter } from '../otel2/node_modules/@opentelemetry/exporter-trace-otlp-proto';
import { MeterProvider } from '../otel2/node_modules/@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider as TracerProvider,
  BatchSpanProcessor,
} from '../otel2/node_modules/@opentelemetry/sdk-trace-base';

const queue = { maxQueueSize: 1e6, maxExportBatchSize: 10_000, scheduledDelayMillis: 3_600_000 };
const exporter = new OTLPTraceExporter({ url: '/v1/traces' });
const tracerProvider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter, queue)] });
trace.setGlobalTracerProvider(tracerProvider);
metrics.setGlobalMeterProvider(new MeterProvider());
registerInstrumentations({ tracerProvider, instrumentations: [new FetchInstrumentation()] });
metrics.getMeter('bench').createCounter('c');
globalThis.traced = (url) => fetch(url);
