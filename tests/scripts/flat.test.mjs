// What the scripts tell the core, and what becomes of it: flat here, OTLP in the core, read again by a
// decoder that `records.test.mjs` holds against the opentelemetry-proto crate.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextOf } from '../../target/modules/before/context.js';
import {
  flat,
  gatherLog,
  gatherSpan as gather,
  spanContextPart,
  takeRows,
} from '../../target/modules/core/flat.js';
import { transcode } from '../records.mjs';
import { core, createPipeline, encode, sent } from './core.mjs';

const SPAN = 0x4a;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03';
const { traceId, spanId } = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

/** Requests of a signal, as OTLP's JSON has them. @param {'traces' | 'metrics' | 'logs'} signal */
const requestsOf = (signal) =>
  sent(signal).map((body) => JSON.parse(new TextDecoder().decode(transcode.request(signal, body))));
/** @returns {any[]} */
const recordedSpans = () =>
  requestsOf('traces').flatMap(({ resourceSpans }) => resourceSpans[0].scopeSpans[0].spans);
/** @param {object} more @returns {any} */
const spanOf = (more) => ({
  name: 'n',
  kind: 1,
  context: contextOf(TRACEPARENT),
  parent: undefined,
  error: undefined,
  attributes: {},
  links: undefined,
  events: undefined,
  dropped: undefined,
  start: 1,
  ended: 2,
  ...more,
});

test('a tail rule of less than a millisecond is one: what was not chosen does not leave', () => {
  createPipeline(9, { sampler: { ratio: 0, tail: { slowerThan: 0.0005 } } });
  const context = contextOf(TRACEPARENT);
  gather(spanOf({ context: { ...context, flags: 2 } }));
  gather(spanOf({ context }));
  core.record_rows(9, takeRows());
  assert.equal(core.count_records(9, 'traces', 'started'), 2);
  assert.equal(core.count_records(9, 'traces', 'pending'), 1);
  assert.equal(core.count_dropped(9, 'traces', 'unsampled'), 1);
  core.destroy_telemetry(9);
});

test('attributes are protobuf', () => {
  const hex = (/** @type {object} */ attributes) => Buffer.from(encode(SPAN, attributes)).toString('hex');
  // key = 1, value = 2 { string = 1, bool = 2, int = 3, double = 4, array = 5 }
  assert.equal(hex({ a: 'ü' }), '4a09' + '0a0161' + '1204' + '0a02c3bc');
  assert.equal(hex({ a: true }), '4a07' + '0a0161' + '1202' + '1001');
  assert.equal(hex({ a: 300 }), '4a08' + '0a0161' + '1203' + '18ac02');
  assert.equal(hex({ a: -1 }), '4a10' + '0a0161' + '120b' + '18ffffffffffffffffff01');
  assert.equal(hex({ a: 2 ** 40 }), '4a0c' + '0a0161' + '1207' + '18808080808020');
  assert.equal(hex({ a: 0.5 }), '4a0e' + '0a0161' + '1209' + '21000000000000e03f');
  assert.equal(hex({ a: ['x', 1] }), '4a10' + '0a0161' + '120b' + '2a09' + '0a030a0178' + '0a021801');
  assert.equal(hex({ a: undefined, b: null, c: () => {} }), '');
  assert.equal(encode(SPAN, { a: 'x'.repeat(300) }).length, 300 + 3 + 3 + 3 + 3);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, n]));
  assert.equal(
    encode(0x0a, many).filter((byte, at, all) => byte === 0x0a && all[at + 2] === 0x0a).length,
    128,
  );
  // A getter that tells something else finds no place that is taken.
  assert.equal(
    hex({
      a: 1,
      get b() {
        return encode(SPAN, { c: 'x'.repeat(99) }).length > 0;
      },
      d: 1,
    }),
    '4a070a016112021801' + '4a070a016212021001' + '4a070a016412021801',
  );
  // What holds itself ends.
  /** @type {any} */
  const loop = { name: 'loop' };
  Object.assign(loop, { self: loop, list: [loop, loop, loop] });
  assert.ok(encode(SPAN, { a: loop, b: 1 }).length < 100_000);
});

let seed = 7;
const draw = (/** @type {number} */ most) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % most;
const LETTERS = ['a', 'Z', '0', '.', 'ü', '€', '漢', '😀', '\ud83d', '\ude00', '\0', '"'];
const text = () => Array.from({ length: draw(12) * draw(12) }, () => LETTERS[draw(LETTERS.length)]).join('');
const ascii = () => Array.from({ length: draw(200) }, () => LETTERS[draw(4)]).join('');
const NUMBERS = [
  0,
  -1,
  127,
  128,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 53 - 1,
  2 ** 53,
  0.5,
  -1e300,
  NaN,
  Infinity,
];
/** @param {number} depth @returns {unknown} */
const value = (depth) =>
  [
    text,
    ascii,
    () => NUMBERS[draw(NUMBERS.length)],
    () => draw(2) === 1,
    () => draw(100_000) / 7,
    () => (depth > 2 ? 0 : Array.from({ length: draw(4) }, () => value(depth + 1))),
    () => (depth > 2 ? '' : attributes(depth + 1)),
  ][draw(7)]();
/** @param {number} [depth] @returns {Record<string, unknown>} */
function attributes(depth = 0) {
  return Object.fromEntries(
    Array.from({ length: draw(7) }, () => [draw(3) ? `key.${draw(9)}` : text(), value(depth)]),
  );
}

/** A value as OTLP's JSON has it. @param {unknown} value @returns {any} */
function wire(value) {
  if (typeof value === 'string') return { stringValue: Buffer.from(value).toString() };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value)
      ? { intValue: String(value) }
      : { doubleValue: Number.isFinite(value) ? value : String(value) };
  if (Array.isArray(value)) return { arrayValue: value.length ? { values: value.map(wire) } : {} };
  const pairs = wireAttributes(value);
  return { kvlistValue: pairs ? { values: pairs } : {} };
}
/** @param {any} attributes */
const wireAttributes = (attributes) => {
  const pairs = Object.entries(attributes)
    .filter(([key]) => key !== '')
    .map(([key, value]) => ({ key: Buffer.from(key).toString(), value: wire(value) }));
  return pairs.length ? pairs : undefined;
};

test('spans of every kind of attributes are what was written', () => {
  for (let batch = 0; batch < 500; batch++) {
    const spans = Array.from({ length: 1 + draw(40) }, () =>
      spanOf({ name: draw(9) ? ascii() : text(), attributes: attributes() }),
    );
    for (const span of spans) gather(span);
    core.record_rows(1, takeRows());
    const json = recordedSpans();
    assert.equal(json.length, spans.length);
    spans.forEach((span, at) => {
      assert.equal(json[at].name ?? '', Buffer.from(span.name).toString());
      assert.deepEqual(json[at].attributes, wireAttributes(span.attributes));
    });
  }
});

test('a span has its state, parent, links and failure', () => {
  const context = contextOf({ traceparent: TRACEPARENT, tracestate: 'a=1' });
  const parent = contextOf(TRACEPARENT.replace('b7', 'c7'));
  gather(
    spanOf({
      kind: 3,
      context,
      parent,
      error: 'nö',
      links: [
        { context: parent, attributes: { of: 1 } },
        { context, attributes: {} },
      ],
    }),
  );
  gather(spanOf({ error: '', parent: { ...parent, isRemote: false } }));
  core.record_rows(1, takeRows());
  const [first, second] = recordedSpans();
  const linked = { traceId, spanId: spanId.replace('b7', 'c7') };
  assert.deepEqual(
    {
      ...first,
      attributes: undefined,
      startTimeUnixNano: BigInt(first.endTimeUnixNano) - BigInt(first.startTimeUnixNano),
      endTimeUnixNano: undefined,
    },
    {
      traceId,
      spanId,
      traceState: 'a=1',
      parentSpanId: linked.spanId,
      name: 'n',
      kind: 3,
      attributes: undefined,
      flags: 0x303,
      startTimeUnixNano: 1_000_000n,
      endTimeUnixNano: undefined,
      status: { message: 'nö', code: 2 },
      links: [
        { ...linked, attributes: [{ key: 'of', value: { intValue: '1' } }], flags: 0x303 },
        { traceId, spanId, flags: 0x303 },
      ],
    },
  );
  assert.deepEqual(
    [second.status, second.flags, second.kind, second.links, second.traceState],
    [{ code: 2 }, 0x103, 1, undefined, undefined],
  );
});

test('what an app throws takes its own span along, and no other', () => {
  const thrown = () =>
    spanOf({
      attributes: {
        first: 'x',
        of: {
          get mine() {
            throw new Error('mine');
          },
        },
      },
    });
  gather(spanOf({ attributes: { known: 1 } }));
  assert.throws(() => gather(thrown()), /mine/);
  gather(spanOf({ attributes: { first: 'y', known: 2, mine: 3 } }));
  // A getter that tells something else meanwhile breaks neither.
  gather(
    spanOf({
      attributes: {
        of: {
          get mine() {
            return encode(SPAN, { a: true }).length;
          },
        },
        first: 'z',
      },
    }),
  );
  const link = { context: contextOf(TRACEPARENT), attributes: {} };
  const links = [link];
  const behind = {
    one: 1,
    get mine() {
      links.push(link);
      return (
        encode(
          SPAN,
          Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`k${n}`, [n, n, n, n, n, n, n]])),
        ).length > 0
      );
    },
    two: 2,
  };
  const many = Array.from({ length: 40 }, (_, n) => gather(spanOf({ attributes: { n, behind }, links })));
  assert.ok(!many.includes(true));
  core.record_rows(1, takeRows());
  assert.deepEqual(
    recordedSpans().map(({ attributes }) =>
      attributes.map((/** @type {any} */ { key, value }) => [key, Object.values(value)[0]]),
    ),
    [
      [['known', '1']],
      [
        ['first', 'y'],
        ['known', '2'],
        ['mine', '3'],
      ],
      [
        ['of', { values: [{ key: 'mine', value: { intValue: '9' } }] }],
        ['first', 'z'],
      ],
      ...many.map((_, n) => [
        ['n', String(n)],
        [
          'behind',
          {
            values: [
              { key: 'one', value: { intValue: '1' } },
              { key: 'mine', value: { boolValue: true } },
              { key: 'two', value: { intValue: '2' } },
            ],
          },
        ],
      ]),
    ],
  );
});

test('what all objects of a page inherit is no attribute, and what changes later is not recorded', () => {
  const list = [1];
  Object.defineProperty(Object.prototype, 'inherited', { value: 1, enumerable: true, configurable: true });
  try {
    gather(
      spanOf({
        attributes: {
          own: 1,
          list,
          of: Object.create({ above: 1 }, { own: { value: 2, enumerable: true } }),
        },
        links: [{ context: contextOf(TRACEPARENT), attributes: {} }],
      }),
    );
  } finally {
    delete (/** @type {any} */ (Object.prototype).inherited);
  }
  list.push(2);
  // A key that sets a prototype is no attribute either.
  gather(spanOf({ attributes: Object.setPrototypeOf({ own: 1 }, { above: 1 }) }));
  core.record_rows(1, takeRows());
  const [{ attributes, links }, second] = recordedSpans();
  assert.deepEqual(second.attributes, [{ key: 'own', value: { intValue: '1' } }]);
  assert.deepEqual(attributes, [
    { key: 'own', value: { intValue: '1' } },
    { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }] } } },
    { key: 'of', value: { kvlistValue: { values: [{ key: 'own', value: { intValue: '2' } }] } } },
  ]);
  assert.equal(links[0].attributes, undefined);
});

test('much text ends a batch, and what one record needed is not kept from the next', () => {
  const long = 'ü'.repeat(8192);
  const texts = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, long]));
  assert.equal(gather(spanOf({ attributes: { short: 'x' } })), false);
  assert.equal(gather(spanOf({ attributes: texts })), true);
  core.record_rows(1, takeRows());
  const [, large] = recordedSpans();
  assert.deepEqual(
    [
      large.attributes.length,
      new Set(large.attributes.map((/** @type {any} */ { value }) => value.stringValue)).size,
    ],
    [100, 1],
  );
  assert.equal(large.attributes[99].value.stringValue, long);
  gather(spanOf({}));
  assert.ok(takeRows().buffer.byteLength < 2 ** 20);
  // Values of another message are not those of the one around it.
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, [n]]));
  gather(
    spanOf({
      attributes: {
        of: {
          get mine() {
            return encode(SPAN, many).length > 0;
          },
        },
        ...Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, n])),
      },
    }),
  );
  core.record_rows(1, takeRows());
  assert.deepEqual(
    recordedSpans().map(({ attributes, droppedAttributesCount }) => [
      attributes.length,
      droppedAttributesCount,
    ]),
    [[101, undefined]],
  );
});

test('spans and log records share a batch, its keys, and what is dropped of each is counted', () => {
  for (let n = 0; n < 3; n++) {
    gather(spanOf({ name: `span ${n}`, attributes: { key: n, '': 1 } }));
    gatherLog({
      time: -5,
      severity: 17,
      eventName: `log ${n}`,
      body: { key: n },
      attributes: { other: 'x', key: n },
      context: undefined,
    });
  }
  const events = [{ time: 1.5, name: 'event', attributes: { key: 'of event', '': 1 } }];
  gather(spanOf({ name: 'last', events, error: 'why', dropped: { links: 7, events: 2 }, start: -3 }));
  core.record_rows(1, takeRows());
  const bodies = sent('traces');
  core.flush(1);
  const spans = bodies
    .map((body) => JSON.parse(new TextDecoder().decode(transcode.request('traces', body))))
    .flatMap(({ resourceSpans }) => resourceSpans[0].scopeSpans[0].spans);
  assert.deepEqual(
    spans.map(({ name, attributes, droppedAttributesCount }) => [name, attributes, droppedAttributesCount]),
    [
      ...[0, 1, 2].map((n) => [`span ${n}`, [{ key: 'key', value: { intValue: String(n) } }], 1]),
      ['last', undefined, undefined],
    ],
  );
  const last = spans[3];
  assert.deepEqual(
    [last.droppedLinksCount, last.droppedEventsCount, last.status, last.events.length],
    [7, 2, { message: 'why', code: 2 }, 1],
  );
  const [event] = last.events;
  assert.deepEqual(
    [event.name, event.attributes, event.droppedAttributesCount],
    ['event', [{ key: 'key', value: { stringValue: 'of event' } }], 1],
  );
  // Page time before the page began is a time all the same.
  const from = (/** @type {string} */ time) => BigInt(time) - BigInt(last.startTimeUnixNano);
  assert.deepEqual([from(event.timeUnixNano), from(last.endTimeUnixNano)], [4_500_000n, 5_000_000n]);
});

test('a log record tells its body, its event, its attributes and its span', () => {
  const many = Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`k${n}`, n]));
  for (const [body, event, own, span] of /** @type {[unknown, string, object, unknown][]} */ ([
    [{ a: [1, 'ü'] }, 'one', { b: false }, TRACEPARENT],
    [undefined, 'two', {}, undefined],
    ['', 'three', many, undefined],
  ])) {
    gatherLog({
      time: 5,
      severity: 9,
      eventName: event,
      body,
      attributes: own,
      context: contextOf(span),
    });
  }
  core.record_rows(1, takeRows());
  const [{ resourceLogs }] = requestsOf('logs');
  const [one, two, three] = resourceLogs[0].scopeLogs[0].logRecords;
  assert.deepEqual(
    [one.body, one.eventName, one.traceId, one.spanId, one.flags, one.severityNumber],
    [wire({ a: [1, 'ü'] }), 'one', traceId, spanId, 3, 9],
  );
  assert.deepEqual([two.body, two.eventName, two.traceId], [undefined, 'two', undefined]);
  assert.deepEqual(
    [three.body, three.droppedAttributesCount, three.attributes.length],
    [{ stringValue: '' }, 2, 128 + 1],
  );
});

test('an instrument has its bounds, a series its attributes, a measurement its span', () => {
  const instrument = core.create_instrument(1, 'histogram', false, flat('h', 's', 'how long', 0.5, 1)) ?? 0;
  const series = core.create_series(1, instrument, flat({ a: 'ü' })) ?? 0;
  core.record_measurement_in_span(1, series, 0.75, flat(spanContextPart(TRACEPARENT)));
  core.record_measurement(1, series, 3);
  core.collect(1);
  const metrics = requestsOf('metrics').flatMap(
    ({ resourceMetrics }) => resourceMetrics[0].scopeMetrics[0].metrics,
  );
  const {
    unit,
    description,
    histogram: {
      dataPoints: [point],
    },
  } = metrics.find(({ name }) => name === 'h');
  assert.deepEqual(
    [unit, description, point.explicitBounds, point.bucketCounts, point.sum],
    ['s', 'how long', [0.5, 1], ['0', '1', '1'], 3.75],
  );
  assert.deepEqual(
    [point.attributes, point.exemplars[0].traceId],
    [[{ key: 'a', value: { stringValue: 'ü' } }], traceId],
  );
});
