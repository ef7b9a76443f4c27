// Faults in the whole chain, and what the alerts say: which fires, which stays silent, how long until it
// does. Rules run sixty times as fast as they ship (a minute for an hour), under listeners whose clocks are
// wrong by up to a day. ROUNDS says how often in a row.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { startChain, until } from '../../deploy/chain.mjs';
import { startLoad } from '../backends/load.mjs';

const rounds = Number(process.env.ROUNDS ?? 3);
const folder = mkdtempSync(`${tmpdir()}/tonearm-drills-`);
const world = `${folder}/world.json`;
/** @type {Awaited<ReturnType<typeof startChain>>} */
let chain;
/** @type {ReturnType<typeof startLoad>} */
let load;
const pause = (/** @type {number} */ seconds) =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const wrong = (/** @type {object} */ what) => writeFileSync(world, JSON.stringify(what));

/** What fires: name, severity, and the region, exporter or job. */
async function firing() {
  const { data } = await (await fetch(`${chain.prometheus}/api/v1/alerts`)).json();
  const fires = data.alerts.filter((/** @type {any} */ { state }) => state === 'firing');
  return /** @type {string[]} */ (
    fires.map((/** @type {any} */ { labels }) =>
      `${labels.alertname} ${labels.severity} ${labels.network_region ?? labels.exporter ?? labels.job ?? ''}`.trim(),
    )
  ).sort();
}

before(
  async () => {
    wrong({});
    chain = await startChain(folder, { scale: 60, keepPercent: 100, listenersInterval: '1s' });
    load = startLoad(chain, folder, {
      listeners: 400,
      seconds: 86_400,
      seed: 3,
      skew: 86_400,
      'metric-interval': 1000,
      world,
    });
    load.done.catch(() => {});
    // Prometheus looks before the Collectors are there.
    await until(async () => (await firing()).length === 0, 'the chain is up', 30);
  },
  { timeout: 240_000 },
);
after(async () => {
  load?.stop();
  await chain?.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

/** Something goes wrong: one alert follows, and no other, ever. Once it is mended, none is left.
 *  @param {string} name @param {() => unknown} fault @param {string} expected @param {() => unknown} mend */
async function drill(name, fault, expected, mend) {
  const began = Date.now();
  await fault();
  /** @type {string[]} */
  let fires = [];
  for (let n = 0; n < 240 && !fires.includes(expected); n++) {
    await pause(0.5);
    fires = await firing();
    assert.deepEqual(
      fires.filter((alert) => alert !== expected),
      [],
      `${name}: only ${expected}`,
    );
  }
  const took = (Date.now() - began) / 1000;
  assert.deepEqual(fires, [expected], name);
  // It keeps being the only one.
  for (let n = 0; n < 20; n++) {
    await pause(0.5);
    assert.deepEqual(
      (await firing()).filter((alert) => alert !== expected),
      [],
      `${name}: later`,
    );
  }
  await mend();
  const mended = Date.now();
  for (let n = 0; n < 240 && fires.length > 0; n++) {
    await pause(0.5);
    fires = await firing();
    assert.deepEqual(
      fires.filter((alert) => alert !== expected),
      [],
      `${name}: afterwards`,
    );
  }
  assert.deepEqual(fires, [], `${name}: resolved`);
  console.log(
    `${name}: ${expected} after ${took.toFixed(1)} s (${took.toFixed(0)} min as it ships), gone ${((Date.now() - mended) / 1000).toFixed(1)} s after it was mended`,
  );
}

test('nothing fires while all is well, though every clock is wrong', { timeout: 180_000 }, async () => {
  for (let n = 0; n < 90; n++) {
    await pause(1);
    assert.deepEqual(await firing(), [], `after ${n} s`);
  }
  const [plays] = await chain.query('sum(track_play_attempts_total{outcome="started"})');
  assert.ok(Number(plays.value?.[1]) > 400);
});

for (let round = 1; round <= rounds; round++) {
  test(`round ${round}`, { timeout: 1_500_000 }, async () => {
    await drill(
      'a Collector is killed',
      () => chain.stop('processing', 'SIGKILL'),
      'CollectorDown page tonearm-processing',
      () => chain.start('processing'),
    );
    await pause(15);
    await drill(
      'Jaeger is down',
      () => chain.stop('jaeger', 'SIGKILL'),
      'BackendUnreachable ticket otlp_http/traces',
      () => chain.start('jaeger'),
    );
    await pause(5);
    await drill(
      'a CDN node is slow',
      () => wrong({ 'fra-2': { slow: 80 } }),
      'StartsSlow page eu',
      () => wrong({}),
    );
    await pause(20);
    await drill(
      'segments are corrupt',
      () => wrong({ 'iad-1': { damaged: 0.5 } }),
      'DecodeFailures page us',
      () => wrong({}),
    );
    await pause(20);
    await drill(
      "one region's network is bad",
      () => wrong({ asia: { refused: 0.4, slow: 60, stalls: 0.5 } }),
      'PlayFailures page asia',
      () => wrong({}),
    );
    await pause(30);
  });
}
