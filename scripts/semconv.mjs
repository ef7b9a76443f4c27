// Reads and checks the registry of names (semconv/registry.yaml). Knows nothing of what is generated from it.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/**
 * @typedef {object} Name
 * @property {string} name
 * @property {string} brief
 * @property {string} [constant] where the name in Rust is not made of `name`
 * @property {'opentelemetry'} [source] ours without
 * @property {boolean} [scripts] whether scripts write it too
 * @property {'stable' | 'development'} [stability] `stable` where OpenTelemetry has it, else `development`
 *
 * @typedef {object} AttributeFields
 * @property {'string' | 'int' | 'double' | 'boolean'} type
 * @property {string} [unit]
 * @property {string[]} [values]
 * @property {string[]} [members] the last parts of a family of names
 * @property {'metrics'} [of] where it is on metrics alone
 * @typedef {Name & AttributeFields} Attribute
 *
 * @typedef {object} MetricFields
 * @property {'counter' | 'updowncounter' | 'histogram'} instrument
 * @property {string} unit
 * @property {string[]} [attributes]
 * @typedef {Name & MetricFields} Metric
 *
 * @typedef {object} Registry
 * @property {string} schema_url
 * @property {string} opentelemetry_schema_url the conventions that `source: opentelemetry` names belong to
 * @property {Name[]} spans
 * @property {Attribute[]} attributes
 * @property {Name[]} events
 * @property {{ player: Metric[], sdk: Metric[] }} metrics
 */

const TYPES = ['string', 'int', 'double', 'boolean'];
const INSTRUMENTS = ['counter', 'updowncounter', 'histogram'];
/** OpenTelemetry's rules for names: lower case, words joined by `_`, name spaces by dots. */
const NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/;

/** Throws where the registry contradicts itself. @param {Registry} registry */
export function check({ spans, attributes, events, metrics }) {
  const all = [...metrics.player, ...metrics.sdk];
  for (const group of [spans, attributes, events, all]) {
    const names = group.map(({ name }) => name);
    for (const { name, brief } of group) {
      if (!NAME.test(name)) throw new Error(`${name}: expected a name of OpenTelemetry's grammar`);
      if (!brief?.endsWith('.')) throw new Error(`${name}: expected a brief that is a sentence`);
      if (names.filter((other) => other === name).length > 1) throw new Error(`${name}: named twice`);
    }
  }
  for (const { name, type } of attributes)
    if (!TYPES.includes(type)) throw new Error(`${name}: expected a type, got ${type}`);
  for (const { name, instrument, unit, attributes: keys = [] } of all) {
    if (!INSTRUMENTS.includes(instrument))
      throw new Error(`${name}: expected an instrument, got ${instrument}`);
    if (!unit) throw new Error(`${name}: expected a unit`);
    for (const key of keys)
      if (!attributes.some(({ name }) => name === key)) throw new Error(`${name}: no attribute ${key}`);
  }
}

/** @returns {Registry} */
export function readRegistry() {
  const registry = parse(readFileSync(new URL('../semconv/registry.yaml', import.meta.url), 'utf8'));
  check(registry);
  return registry;
}

/** `stable` where OpenTelemetry has the name. @param {Name} name */
export const stabilityOf = ({ stability, source }) => stability ?? (source ? 'stable' : 'development');

/** A constant's name. @param {Pick<Name, 'name' | 'constant'>} name @param {string} [prefix] */
export const constantOf = ({ name, constant }, prefix = '') =>
  constant ?? prefix + name.replaceAll('.', '_').toUpperCase();

/** A name in camel case, each word's first letter a capital. @param {string} name */
export const pascalCase = (name) =>
  name
    .split(/[._]/)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('');

/** The name under which Prometheus stores a metric of the Collector's. @param {Metric} metric */
export function prometheusName({ name, instrument, unit }) {
  const base = name.replaceAll('.', '_') + (unit === 's' ? '_seconds' : '');
  return instrument === 'counter' ? `${base}_total` : base;
}
