// What answers before the core is there (`pkg/src/before`) decides as Rust does: both run the vectors of
// tests/vectors/before.json (tests/native/before.rs). A function without vectors fails.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../../target/modules/before/', import.meta.url);
const PAGE = 'https://app.example';
Object.assign(globalThis, { location: new URL(PAGE), origin: PAGE, document: { baseURI: `${PAGE}/` } });

/** @type {Record<string, any[]>} */
const vectors = JSON.parse(readFileSync(new URL('../vectors/before.json', import.meta.url), 'utf8'));
/** @type {Record<string, (...args: any[]) => any>} */
const functions = {};
for (const file of readdirSync(FOLDER).filter((file) => file.endsWith('.js'))) {
  for (const [name, value] of Object.entries(await import(new URL(file, FOLDER).href)))
    if (typeof value === 'function') functions[`${file.slice(0, -3)}.${name}`] = value;
}
const { contextOf, format, hexOf, idsOf, newContext } =
  await import('../../target/modules/before/context.js');

/** The context of ids and flags. @param {string} ids @param {number} flags */
const contextFrom = (ids, flags) => {
  const context = contextOf(`00-${ids.slice(0, 32)}-${ids.slice(32)}-00`);
  return { ...context, flags };
};

/**
 * What each function gives for a case, in the words of the vectors. @type {Record<string, (of: any) => any>}
 */
const RUNS = {
  'context.contextOf'({ traceparent, tracestate }) {
    const context = contextOf({ traceparent, tracestate });
    return { context: context ? { traceparent: format(context), tracestate: context.state } : null };
  },
  'context.format': ({ ids, flags }) => ({ traceparent: format(contextFrom(ids, flags)) }),
  'context.hexOf': ({ bytes }) => ({ hex: hexOf(Uint8Array.from(bytes)) }),
  'context.idsOf': ({ traceparent }) => ({ ids: hexOf(idsOf(contextOf(traceparent))) }),
  'context.newContext'({ parent }) {
    const context = newContext(parent ? contextOf(parent) : undefined, '');
    const traceId = hexOf(idsOf(context)).slice(0, 32);
    return { flags: context.flags, traceId: parent ? traceId : null };
  },
  'sampling.samples'({ sampler, name, traceId, parent }) {
    const context = contextFrom(traceId + 'b7ad6b7169203331', 1);
    return { sampled: Boolean(functions['sampling.samples'](sampler, name, context, parent ?? undefined)) };
  },
  'url.locate'({ given, propagateTo }) {
    const { origin, foreign, propagates, vouched } = functions['url.locate'](given, { propagateTo });
    return { origin, foreign, propagates, vouched: propagates && vouched };
  },
  'url.attributesOf': ({ href, allowQuery }) => ({
    url: functions['url.attributesOf'](new URL(href), { allowQuery })['url.full'],
  }),
  'url.describe'({ given, propagateTo }) {
    const { href, origin, propagates, attributes } = functions['url.describe'](given, { propagateTo });
    return { href, origin, propagates, url: attributes?.['url.full'] ?? null };
  },
  'module_names.moduleNamed': ({ name }) => ({ module: functions['module_names.moduleNamed'](name) ?? null }),
  'media_types.canPlayType': ({ type }) => ({ answer: functions['media_types.canPlayType'](type) }),
};

test('each function has vectors, and each vector a function', () => {
  assert.deepEqual(Object.keys(functions).sort(), Object.keys(vectors).sort());
  assert.deepEqual(Object.keys(RUNS).sort(), Object.keys(vectors).sort());
  for (const [name, cases] of Object.entries(vectors)) assert.ok(cases.length > 0, name);
});

for (const [name, cases] of Object.entries(vectors)) {
  test(`${name}: every vector`, () => {
    for (const of of cases) {
      const result = RUNS[name](of);
      assert.deepEqual({ ...of, ...result }, of, JSON.stringify(of));
    }
  });
}

test('the folder has at most 400 lines', () => {
  const sources = fileURLToPath(new URL('../../pkg/src/before/', import.meta.url));
  const lines = readdirSync(sources).map(
    (file) => readFileSync(sources + file, 'utf8').split('\n').length - 1,
  );
  assert.ok(lines.reduce((sum, count) => sum + count) <= 400);
});
