// Spans of anyone who has the token, amid listeners': traces of another service are kept, and the alert names
// the one that floods. Rules run sixty times as fast as they ship.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { startChain, until } from '../../deploy/chain.mjs';
import { attackUntilAlert, pairs, sendSpans, span, total } from './send.mjs';

const RATE = 50;
const BURST = 200;
const folder = mkdtempSync(`${tmpdir()}/tonearm-hostile-traces-`);
/** @type {Awaited<ReturnType<typeof startChain>>} */
let chain;

before(
  async () => {
    chain = await startChain(folder, {
      scale: 60,
      keepPercent: 0,
      env: { SPANS_PER_SECOND: String(RATE), SPANS_BURST: String(BURST) },
    });
  },
  { timeout: 240_000 },
);
after(async () => {
  await chain?.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

/** Ids of the traces of a service that Jaeger has. @param {string} service @returns {Promise<string[]>} */
async function kept(service) {
  const now = Date.now() * 1000;
  const range = `start=${now - 3600e6}&end=${now + 60e6}`;
  const answer = await fetch(`${chain.jaeger}/api/traces?service=${service}&limit=40000&${range}`);
  return ((await answer.json()).data ?? []).map((/** @type {any} */ { traceID }) => traceID);
}

const failed = () => span({ status: { code: 2 } });

test('spans that are marked to be kept displace none of another service', { timeout: 240_000 }, async () => {
  const marked = () =>
    Array.from({ length: 500 }, (_, n) =>
      n % 2 ? failed() : span({ attributes: pairs({ 'sampled.by': 'tail' }) }),
    );
  const began = Date.now();
  const honest = [];
  let sent = 0;
  for (let n = 0; n < 10; n++) {
    await sendSpans(chain, 'evil', marked());
    sent += 500;
    const mine = [failed(), failed()];
    await sendSpans(chain, 'radio', mine);
    honest.push(...mine.map(({ traceId }) => traceId));
  }
  await until(async () => (await kept('radio')).length === honest.length, 'the traces of listeners');
  assert.deepEqual((await kept('radio')).sort(), honest.sort());
  await until(
    async () => (await total(chain, 'otelcol_service_rate_limit_dropped_spans{service="evil"}')) > 0,
    'dropped spans are counted',
  );
  const most = BURST + (RATE * (Date.now() - began)) / 1000 + RATE;
  const found = (await kept('evil')).length;
  assert.ok(found > 0 && found <= most && found < sent, `${found} of ${sent}, at most ${most}`);
  assert.equal(await total(chain, 'otelcol_service_rate_limit_dropped_spans{service="radio"}'), 0);
  await attackUntilAlert(chain, () => sendSpans(chain, 'evil', marked()), {
    alertname: 'SpansLimited',
    service: 'evil',
  });
});

test(
  'values of spans make a bounded number of series, and impossible durations none',
  { timeout: 180_000 },
  async () => {
    const play = (/** @type {number} */ n, more = {}) =>
      span({
        name: 'track.play',
        status: { code: 2 },
        attributes: pairs({
          'track.play.outcome': 'started',
          'track.play.trigger': `t${n}`,
          'cdn.node': `n${n}`,
          'network.region': `r"${n}`,
        }),
        ...more,
      });
    for (let request = 0; request < 10; request++)
      await sendSpans(
        chain,
        `plays${request}`,
        Array.from({ length: 100 }, (_, n) => play(request * 100 + n)),
      );
    const start = { startTimeUnixNano: '1', endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n) };
    await sendSpans(chain, 'plays0', [
      play(0, start),
      play(0, { startTimeUnixNano: '2', endTimeUnixNano: '1' }),
    ]);
    await until(
      async () => (await total(chain, 'track_play_kept_duration_seconds_count')) >= 500,
      'plays are counted',
    );
    const series = await total(chain, 'count(track_play_kept_duration_seconds_count)');
    assert.ok(series < 150, `${series} series`);
    assert.ok((await total(chain, 'track_play_kept_duration_seconds_sum')) < 1000);
    assert.equal(await total(chain, 'otelcol_allow_list_dropped{reason="duration"}'), 2);
  },
);
