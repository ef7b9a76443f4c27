// Two processing Collectors after ingest's loadbalancing exporter: every trace is whole in one of them though
// each of its spans comes in a request of its own, and what ingest has acknowledged arrives though Collectors
// are killed meanwhile.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startChain, until } from '../../deploy/chain.mjs';

const COLLECTORS = ['processing', 'processing2'];
const PLACES = 5;
const folder = mkdtempSync(`${tmpdir()}/tonearm-loadbalancing-`);
/** @type {Awaited<ReturnType<typeof startChain>>} */
let chain;

before(
  async () => {
    // Only traces with an error are kept. Long enough for all spans of a trace to come before its decision on
    // a busy machine.
    chain = await startChain(folder, {
      loadbalancing: true,
      keepPercent: 0,
      decisionWait: '15s',
      overlays: [fileURLToPath(new URL('received-by.yaml', import.meta.url))],
      env: { RECEIVED_FOLDER: folder },
    });
  },
  { timeout: 240_000 },
);
after(async () => {
  await chain?.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

const id = (/** @type {number} */ bytes) => randomBytes(bytes).toString('hex');
/**
 * A trace whose spans are of different services; every other trace has an error, in its last span. @param
 * {number} n
 */
function makeTrace(n) {
  const traceId = id(16);
  const spanIds = Array.from({ length: PLACES }, () => id(8));
  const nanos = BigInt(Date.now()) * 1_000_000n;
  const spans = spanIds.map((spanId, at) => ({
    traceId,
    spanId,
    parentSpanId: spanIds[at - 1],
    name: `step ${at}`,
    kind: 1,
    startTimeUnixNano: String(nanos),
    endTimeUnixNano: String(nanos + 50_000_000n),
    status: n % 2 === 0 && at === PLACES - 1 ? { code: 2 } : {},
  }));
  // Enough of them that routing by service would use both Collectors.
  return { traceId, spans, service: `service-${n % 4}`, failed: n % 2 === 0 };
}

/** Sends the spans at one place of all traces, each in a request of its own.
 *  @param {ReturnType<typeof makeTrace>[]} traces @param {number} at */
async function sendSpans(traces, at) {
  await Promise.all(
    traces.map(async ({ spans, service }) => {
      const name = { stringValue: `${service}-${at}` };
      const resource = { attributes: [{ key: 'service.name', value: name }] };
      const answer = await fetch(`${chain.endpoint}/v1/traces`, {
        method: 'POST',
        headers: { authorization: `Bearer ${chain.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [spans[at]] }] }] }),
      });
      assert.equal(answer.status, 200, 'ingest has acknowledged it');
    }),
  );
}

/** How often each span came to each Collector: a map of span ids for each. */
const received = () =>
  COLLECTORS.map((name) => {
    /** @type {Map<string, number>} */
    const spans = new Map();
    const path = `${folder}/${name}.json`;
    // The last line may be incomplete while it is being written.
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    for (const line of lines)
      for (const { scopeSpans } of JSON.parse(line).resourceSpans)
        for (const { spanId } of scopeSpans.flatMap((/** @type {any} */ scope) => scope.spans))
          spans.set(spanId, (spans.get(spanId) ?? 0) + 1);
    return spans;
  });

/**
 * Waits until all spans have arrived, and returns for each trace how many of its spans came to each
 * Collector.
 * @param {ReturnType<typeof makeTrace>[]} traces
 */
const places = async (traces) => {
  /** @type {ReturnType<typeof received>} */
  let collectors = [];
  await until(
    async () => {
      collectors = received();
      return traces.every(({ spans }) =>
        spans.every(({ spanId }) => collectors.some((one) => one.has(spanId))),
      );
    },
    'every span in one of the Collectors',
    120,
  );
  return traces.map(({ spans }) =>
    collectors.map((one) => spans.reduce((sum, { spanId }) => sum + (one.get(spanId) ?? 0), 0)),
  );
};
/** Both Collectors have traces, and no trace has spans in both. @param {number[][]} counts */
function assertNoneSplit(counts) {
  for (const at of [0, 1])
    assert.ok(
      counts.filter((one) => one[at] > 0).length >= counts.length / 10,
      `${COLLECTORS[at]} has its share of the traces`,
    );
  assert.deepEqual(
    counts.filter(([first, second]) => first > 0 && second > 0),
    [],
    'no trace has spans in both Collectors',
  );
}

test('every trace is whole in one Collector, and in Jaeger', { timeout: 180_000 }, async () => {
  const traces = Array.from({ length: 60 }, (_, n) => makeTrace(n));
  for (let at = 0; at < PLACES; at++) {
    await sendSpans(traces, at);
    // Not in one batch of ingest, which is 200 ms long: the spans before these are out of its queue.
    await until(
      async () => traces.every(({ spans }) => received().some((one) => one.has(spans[at].spanId))),
      `the spans at place ${at}`,
    );
  }
  const counts = await places(traces);
  assertNoneSplit(counts);
  assert.deepEqual(
    counts.map(([first, second]) => first + second),
    traces.map(() => PLACES),
    'each span came once',
  );

  // The decision depends on the last span: a Collector without it would have dropped the others.
  for (const { traceId, spans } of traces.filter(({ failed }) => failed)) {
    const found = await until(async () => {
      const { data } = await (await fetch(`${chain.jaeger}/api/traces/${traceId}`)).json();
      return data?.[0]?.spans.length >= PLACES && data[0].spans;
    }, `trace ${traceId} is whole in Jaeger`);
    assert.deepEqual(
      found.map((/** @type {any} */ { spanID }) => spanID).sort(),
      spans.map(({ spanId }) => spanId).sort(),
    );
  }
  for (const { traceId } of traces.filter(({ failed }) => !failed)) {
    const { data } = await (await fetch(`${chain.jaeger}/api/traces/${traceId}`)).json();
    assert.equal(data?.length ?? 0, 0, 'a trace without an error is dropped');
  }
});

test(
  'what ingest acknowledged while a processing Collector was down arrives whole, though ingest is killed too',
  { timeout: 180_000 },
  async () => {
    await chain.stop('processing2', 'SIGKILL');
    const traces = Array.from({ length: 60 }, (_, n) => makeTrace(n));
    for (let at = 0; at < PLACES; at++) await sendSpans(traces, at);
    // Time for ingest to export: a queue in memory after that on disk would lose spans by the kill.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await chain.stop('ingest', 'SIGKILL');
    await chain.start('ingest');
    await chain.start('processing2');
    assertNoneSplit(await places(traces));
    await until(async () => {
      const [queue] = await chain.query('otelcol_exporter_queue_size{exporter="load_balancing"}');
      return queue?.value?.[1] === '0';
    }, 'nothing is left in the queue on disk');
  },
);
