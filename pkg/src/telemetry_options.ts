// The options of a pipeline, each with what is expected of it: a mistake is a `TypeError` that names the
// option, what was expected and what came.

import { SEVERITIES } from './core/severity.js';
import { describeValue } from './host/webidl.js';

export type Rule = [test: (value: any) => boolean, expected: string];

const isText = (value: unknown) => typeof value === 'string';
const text: Rule = [isText, 'a string'];
const count: (most: number, unit?: string) => Rule = (most, unit = '') => [
  (value) => Number.isInteger(value) && value >= 1 && value <= most,
  `a whole number${unit} from 1 to ${most}`,
];
const millis = count(86_400_000, ' of milliseconds');
const isObject: (value: any) => boolean = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const SIGNALS = ['traces', 'metrics', 'logs'];

const oneOf: (...values: string[]) => Rule = (...values) => [
  (value) => values.includes(value),
  `one of ${values.join(', ')}`,
];

const flag: Rule = [(value) => typeof value === 'boolean', 'true or false'];
const isLevel = (value: unknown) => isText(value) && Object.hasOwn(SEVERITIES, String(value));
const isPart = (value: any) => typeof value === 'number' && value >= 0 && value <= 1;
const isSampler = ({ ratio = 1, byName = {}, parentBased = false, tail, ...more }: any) =>
  isPart(ratio) &&
  isObject(byName) &&
  Object.values(byName).every(isPart) &&
  typeof parentBased === 'boolean' &&
  (tail === undefined || tail?.slowerThan > 0) &&
  Object.keys(more).length === 0;

function originOf(url: string) {
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}

const isOrigin = (value: unknown) => isText(value) && originOf(value) === value;
/** The origin of an entry for all methods; undefined for any other object. */
const targetOf = ({ origin, methods, ...more }: any) =>
  methods === 'all' && Object.keys(more).length === 0 ? origin : undefined;

/** Without a prototype: `constructor` is no option. */
const RULES: Record<string, Rule> = Object.assign(Object.create(null), {
  serviceName: [(value) => isText(value) && value !== '', 'a string that is not empty'],
  serviceVersion: text,
  environment: text,
  resource: [isObject, 'an object of attributes'],
  endpoint: [isText, 'a URL as a string'],
  endpoints: [
    (value) =>
      isObject(value) &&
      Object.entries(value).every(([signal, url]) => SIGNALS.includes(signal) && isText(url)),
    'an object of URLs by traces, metrics, logs',
  ],
  headers: [
    (value) => typeof value === 'function' || (isObject(value) && Object.values(value).every(isText)),
    'an object of strings, or a function that gives one',
  ],
  storage: flag,
  cmcd: flag,
  pageContextAsParent: flag,
  echo: flag,
  tellsItself: flag,
  consent: oneOf('granted', 'pending', 'denied'),
  protocol: oneOf('http/protobuf', 'http/json'),
  propagators: [
    (value) =>
      Array.isArray(value) &&
      value.every((name) => ['tracecontext', 'baggage', 'b3', 'b3multi'].includes(name)),
    'an array of tracecontext, baggage, b3, b3multi',
  ],
  sampler: [
    (value) => ['always_on', 'always_off'].includes(value) || (isObject(value) && isSampler(value)),
    'always_on, always_off, or an object with ratio, byName (from 0 to 1), parentBased and ' +
      'tail.slowerThan (seconds)',
  ],
  redact: [
    // Asynchronous functions and generators have a tag: they return before they have looked.
    (value) => typeof value === 'function' && value[Symbol.toStringTag] === undefined,
    'a synchronous function',
  ],
  userKey: text,
  compression: oneOf('gzip', 'none'),
  allowQuery: [(value) => Array.isArray(value) && value.every(isText), 'an array of query keys'],
  scrubUrl: [(value) => typeof value === 'function', 'a function'],
  propagateTo: [
    (value) =>
      Array.isArray(value) && value.every((entry) => isOrigin(isObject(entry) ? targetOf(entry) : entry)),
    "an array of origins, as https://api.example.com, or of { origin, methods: 'all' }",
  ],
  scheduledDelayMillis: millis,
  exportTimeoutMillis: millis,
  metricIntervalMillis: millis,
  temporality: oneOf('delta', 'cumulative'),
  logLevel: [
    (value) => isLevel(value) || (isObject(value) && Object.values(value).every(isLevel)),
    'one of trace, debug, info, warn, error, fatal, or an object of those by the beginning of ' +
      "an event's name",
  ],
  maxExportBatchSize: count(10_000),
  maxQueueSize: count(1_000_000),
} as Record<string, Rule>);

function passes(test: Rule[0], value: unknown) {
  try {
    return test(value);
  } catch {
    // A getter of the app's threw.
    return false;
  }
}

/**
 * Reads a configuration once. Throws where it is not what was expected.
 * @returns the options that are set
 */
export function check(given: unknown): Record<string, any> {
  const fault = (what: string) => new TypeError(`createTelemetry: ${what}`);
  if (typeof given !== 'object' || given === null)
    throw fault(`expected an object, got ${describeValue(given)}`);
  const config = new Map(Object.entries(given));
  for (const option of config.keys()) if (!RULES[option]) throw fault(`option "${option}": is not known`);
  for (const [option, [test, expected]] of Object.entries(RULES)) {
    const value = config.get(option) ?? undefined;
    if (value === undefined ? option === 'serviceName' : !passes(test, value)) {
      throw fault(`option "${option}": expected ${expected}, got ${describeValue(config.get(option))}`);
    }
  }
  return Object.fromEntries([...config].filter(([, value]) => value !== null && value !== undefined));
}
