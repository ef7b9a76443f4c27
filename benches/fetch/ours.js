// Three signals and traced requests, ours.
const { createTelemetry, init } = await import(new URL('../pkg/index.js', location.href).href);
const telemetry = createTelemetry({
  serviceName: 'bench',
  storage: false,
  scheduledDelayMillis: 3_600_000,
  maxQueueSize: 1e6,
  maxExportBatchSize: 10_000,
});
telemetry.createCounter('c');
await init();
globalThis.traced = (url) => telemetry.fetch(url);
