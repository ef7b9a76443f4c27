// An app's options as the core reads them (`config` of `core.rs`).

import { flat } from './flat.js';
import { SEVERITIES } from './severity.js';

/** By their number in the core. */
export const CONSENTS = ['granted', 'pending', 'denied'];
/** By their bit in the core. */
const PROPAGATORS = ['tracecontext', 'baggage', 'b3', 'b3multi'];

/** Options that only the core that has all knows (`FULL` of `config.rs`), where they ask for something.
 *  @param {import('./types').TelemetryConfig} config */
export const fullOption = ({ sampler, propagators, consent, cmcd, redact, echo, tellsItself }) =>
  Object.entries({
    sampler: sampler && sampler !== 'always_on',
    propagators: propagators?.join() !== 'tracecontext' && propagators,
    cmcd,
    redact,
    echo,
    tellsItself,
    consent,
  }).find(([, wanted]) => wanted)?.[0];

/**
 * The sampler in its long form.
 * @param {import('./types').TelemetryConfig['sampler']} sampler
 * @returns {import('./types').Sampler}
 */
export const samplerOf = (sampler) =>
  typeof sampler === 'object' ? sampler : { ratio: sampler === 'always_off' ? 0 : 1 };

/** @param {import('./types').TelemetryConfig} config */
export function flatConfig(config) {
  const resource = {
    'service.name': config.serviceName,
    'service.version': config.serviceVersion,
    'deployment.environment.name': config.environment,
    'telemetry.sdk.name': 'tonearm',
    'telemetry.sdk.language': 'webjs',
    'telemetry.sdk.version': TONEARM_VERSION,
    // What is not defined takes the place of nothing.
    ...Object.fromEntries(Object.entries(config.resource ?? {}).filter(([, value]) => value !== undefined)),
  };
  const { language, userAgent, userAgentData } = globalThis.navigator ?? {};
  const client = {
    'user_agent.original': userAgent,
    'browser.language': language,
    'browser.mobile': userAgentData?.mobile,
    'browser.platform': userAgentData?.platform,
    'browser.brands': userAgentData?.brands?.map(({ brand, version }) => `${brand} ${version}`),
  };
  const { ratio = 1, byName = {}, parentBased, tail } = samplerOf(config.sampler);
  // In production what is only for who looks for a fault is left out by default.
  const { logLevel = config.environment === 'production' ? 'info' : 'trace' } = config;
  const levels = Object.entries(typeof logLevel === 'string' ? { '': logLevel } : logLevel);
  return flat(
    config.scheduledDelayMillis ?? 5000,
    config.maxExportBatchSize ?? 512,
    config.maxQueueSize ?? 16_384,
    config.exportTimeoutMillis ?? 30_000,
    config.metricIntervalMillis ?? 60_000,
    tail ? Math.max(1, tail.slowerThan * 1000) : 0,
    ratio,
    CONSENTS.indexOf(config.consent ?? 'granted'),
    (config.propagators ?? ['tracecontext']).reduce((set, name) => set | (1 << PROPAGATORS.indexOf(name)), 0),
    [
      parentBased,
      config.temporality === 'cumulative',
      config.storage !== false,
      config.cmcd,
      config.redact || config.echo,
      config.tellsItself,
      config.compression !== 'none' && config.protocol !== 'http/json',
    ].reduce((set, isSo, bit) => set | (Number(Boolean(isSo)) << bit), 0),
    resource,
    client,
    levels.length,
    ...levels.flatMap(([prefix, level]) => [prefix, SEVERITIES[level]]),
    ...Object.entries(byName).flat(),
  );
}
