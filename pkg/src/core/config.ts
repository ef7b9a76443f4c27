// An app's options as the core takes them.

import { flat } from './flat.js';
import { SEVERITIES } from './severity.js';
import type { Propagator, Sampler, TelemetryConfig } from '../types/index.js';
import type { Core } from './client.js';
import type { PipelineHost } from 'tonearm-core-glue';

/** The first option that only the extended core knows (`exports/policy.rs`), where it asks for something. */
export const extendedOption = ({
  sampler,
  propagators,
  consent,
  cmcd,
  redact,
  echo,
  tellsItself,
}: TelemetryConfig) =>
  Object.entries({
    sampler: sampler && sampler !== 'always_on',
    propagators: propagators?.join() !== 'tracecontext' && propagators,
    cmcd,
    redact,
    echo,
    tellsItself,
    consent,
  }).find(([, wanted]) => wanted)?.[0];

/** The sampler in its long form. */
export const samplerOf = (sampler: TelemetryConfig['sampler']): Sampler =>
  typeof sampler === 'object' ? sampler : { ratio: sampler === 'always_off' ? 0 : 1 };

/** What records say of the program. */
const resourceOf = ({ serviceName, serviceVersion, environment, resource = {} }: TelemetryConfig) => ({
  'service.name': serviceName,
  'service.version': serviceVersion,
  'deployment.environment.name': environment,
  'telemetry.sdk.name': 'tonearm',
  'telemetry.sdk.language': 'webjs',
  'telemetry.sdk.version': TONEARM_VERSION,
  // What is not defined takes the place of nothing.
  ...Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== undefined)),
});

/** What spans and logs say of the browser. */
function clientAttributes() {
  const { language, userAgent, userAgentData } = globalThis.navigator ?? {};
  return {
    'user_agent.original': userAgent,
    'browser.language': language,
    'browser.mobile': userAgentData?.mobile,
    'browser.platform': userAgentData?.platform,
    'browser.brands': userAgentData?.brands?.map(({ brand, version }) => `${brand} ${version}`),
  };
}

/** Returns what creates a pipeline in a core; what the app says is read here and now. */
export function telemetryCreator(
  config: TelemetryConfig,
): (core: Core, id: number, host: PipelineHost) => void {
  // In production what is only for who looks for a fault is left out by default.
  const { logLevel = config.environment === 'production' ? 'info' : 'trace' } = config;
  const levels = Object.entries(typeof logLevel === 'string' ? { '': logLevel } : logLevel);
  const minima = levels.flatMap(([prefix, level]) => [prefix, SEVERITIES[level]]);
  const about = flat(resourceOf(config), clientAttributes(), ...minima);
  const extend = extendedOption(config) && policyOf(config);
  return (core, id, host) => {
    core.create_telemetry(
      id,
      host,
      config.scheduledDelayMillis ?? 5000,
      config.maxExportBatchSize ?? 512,
      config.maxQueueSize ?? 16_384,
      config.exportTimeoutMillis ?? 30_000,
      config.metricIntervalMillis ?? 60_000,
      config.compression !== 'none' && config.protocol !== 'http/json',
      config.temporality === 'cumulative',
      config.storage !== false,
      about,
    );
    if (extend) extend(core, id);
  };
}

/** Returns what sets the options of a pipeline that only the extended core knows. */
function policyOf({
  sampler,
  propagators = ['tracecontext'],
  cmcd,
  redact,
  echo,
  tellsItself,
}: TelemetryConfig) {
  const { ratio = 1, byName = {}, parentBased = false, tail } = samplerOf(sampler);
  const ratios = flat(...Object.entries(byName).flat());
  const slowerThan = tail ? Math.max(1, tail.slowerThan * 1000) : 0;
  return (core: Core, id: number) => {
    core.set_sampler(id, ratio, parentBased, slowerThan, ratios);
    const has = (name: Propagator) => propagators.includes(name);
    core.set_propagators(id, has('tracecontext'), has('baggage'), has('b3'), has('b3multi'));
    if (cmcd) core.enable_cmcd(id);
    if (redact || echo) core.enable_inspection(id);
    if (tellsItself) core.enable_sdk_metrics(id);
  };
}
