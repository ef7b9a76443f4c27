// The options of a pipeline, each with what is expected of it: a mistake is a `TypeError` that names the
// option, what was expected and what came.

import { SEVERITIES } from './config.js';

/** @typedef {[test: (value: any) => boolean, expected: string]} Rule */

const isText = (/** @type {unknown} */ value) => typeof value === 'string';
/** @type {Rule} */
const text = [isText, 'a string'];
/** @type {(most: number, unit?: string) => Rule} */
const count = (most, unit = '') => [
  (value) => Number.isInteger(value) && value >= 1 && value <= most,
  `a whole number${unit} from 1 to ${most}`,
];
const millis = count(86_400_000, ' of milliseconds');
/** @type {(value: any) => boolean} */
const isObject = (value) => typeof value === 'object' && !Array.isArray(value);

/** @type {(...values: string[]) => Rule} */
const oneOf = (...values) => [(value) => values.includes(value), `one of ${values.join(', ')}`];

/** @type {Rule} */
const flag = [(value) => typeof value === 'boolean', 'true or false'];
const isLevel = (/** @type {unknown} */ value) => Object.hasOwn(SEVERITIES, String(value));
const isPart = (/** @type {any} */ value) => typeof value === 'number' && value >= 0 && value <= 1;
const isSampler = (/** @type {any} */ { ratio = 1, byName = {}, parentBased = false, tail, ...more }) =>
  isPart(ratio) &&
  isObject(byName) &&
  Object.values(byName).every(isPart) &&
  typeof parentBased === 'boolean' &&
  (tail === undefined || tail?.slowerThan > 0) &&
  Object.keys(more).length === 0;

/** @type {Record<string, Rule>} */
const RULES = {
  serviceName: [(value) => isText(value) && value !== '', 'a string that is not empty'],
  serviceVersion: text,
  environment: text,
  resource: [isObject, 'an object of attributes'],
  endpoint: [isText, 'a URL as a string'],
  endpoints: [(value) => isObject(value) && Object.values(value).every(isText), 'an object of URLs'],
  headers: [
    (value) => typeof value === 'function' || (isObject(value) && Object.values(value).every(isText)),
    'an object of strings, or a function that gives one',
  ],
  storage: flag,
  cmcd: flag,
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
    'always_on, always_off, or an object with ratio, byName (from 0 to 1), parentBased and tail.slowerThan (seconds)',
  ],
  redact: [(value) => typeof value === 'function', 'a function'],
  userKey: text,
  compression: oneOf('gzip', 'none'),
  allowQuery: [(value) => Array.isArray(value) && value.every(isText), 'an array of query keys'],
  scrubUrl: [(value) => typeof value === 'function', 'a function'],
  propagateTo: [
    (value) =>
      Array.isArray(value) &&
      value.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
    'an array of origins, as https://api.example.com',
  ],
  scheduledDelayMillis: millis,
  exportTimeoutMillis: millis,
  metricIntervalMillis: millis,
  temporality: oneOf('delta', 'cumulative'),
  logLevel: [
    (value) => isLevel(value) || (isObject(value) && Object.values(value).every(isLevel)),
    "one of trace, debug, info, warn, error, fatal, or an object of those by the beginning of an event's name",
  ],
  maxExportBatchSize: count(10_000),
  maxQueueSize: count(1_000_000),
};

/** What came instead. @param {unknown} value */
function kindOf(value) {
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 60))}`;
  if (typeof value === 'number') return `the number ${value}`;
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}

/** Throws where a configuration is not what was expected. @param {Record<string, unknown>} config */
export function check(config) {
  const fault = (/** @type {string} */ what) => new TypeError(`createTelemetry: ${what}`);
  if (typeof config !== 'object' || config === null) throw fault(`expected an object, got ${kindOf(config)}`);
  for (const option of Object.keys(config))
    if (!RULES[option]) throw fault(`option "${option}": is not known`);
  for (const [option, [test, expected]] of Object.entries(RULES)) {
    const value = config[option] ?? undefined;
    if (value === undefined ? option === 'serviceName' : !test(value)) {
      throw fault(`option "${option}": expected ${expected}, got ${kindOf(config[option])}`);
    }
  }
}
