// Log records of anyone who has the token, amid listeners': every acknowledged line of theirs is in
// VictoriaLogs once, and the alerts name what was tried. Rules run sixty times as fast as they ship.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { freePorts, startChain, until } from '../../deploy/chain.mjs';
import { attackUntilAlert, firing, id, line, sendLines, total } from './send.mjs';

const folder = mkdtempSync(`${tmpdir()}/tonearm-hostile-logs-`);
/** @type {Awaited<ReturnType<typeof startChain>>} */
let chain;
/** Bodies with this in them are refused by the store, for now. */
const POISON = 'poison-for-the-store';
let store = '';
let refused = 0;
/** VictoriaLogs behind a limit of its own: 429 for a batch that it does not like. */
const limited = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  if (plain.includes(POISON)) {
    refused++;
    response.writeHead(429).end();
    return;
  }
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const answer = await fetch(`${store}${request.url}`, {
    method: 'POST',
    headers: /** @type {Record<string, string>} */ (headers),
    body,
  });
  response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
});

before(
  async () => {
    const [port] = await freePorts(1);
    await new Promise((resolve) => limited.listen(port, '127.0.0.1', () => resolve(undefined)));
    chain = await startChain(folder, {
      scale: 60,
      logsThrough: (address) => {
        store = address;
        return `http://127.0.0.1:${port}`;
      },
    });
  },
  { timeout: 240_000 },
);
after(async () => {
  await chain?.stopAll();
  limited.close();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Sends a listener's line until it is acknowledged, as the package does. @param {string} run @param {object}
 * [attributes]
 */
async function honest(run, attributes = {}) {
  const uid = id(8);
  const record = line(`heard ${uid}`, { ...attributes, run, uid });
  await until(async () => (await sendLines(chain, 'radio', [record])) === 200, 'a line is acknowledged');
  return uid;
}

/** Every line of a run is there once. @param {string} run @param {string[]} uids @param {number} [seconds] */
async function assertThere(run, uids, seconds = 60) {
  /** @type {(string | undefined)[]} */
  let found = [];
  await until(
    async () => {
      found = (await chain.lines(`service:=radio run:="${run}" | limit 10000`)).map(({ uid }) => uid);
      return found.length >= uids.length;
    },
    `${uids.length} lines`,
    seconds,
  ).catch(() => {});
  assert.deepEqual(found.sort(), [...uids].sort());
}

test(
  'thirty-six requests that unpack to megabytes lose no line of a listener',
  { timeout: 300_000 },
  async () => {
    const bombs = [
      // One line, many, and a long attribute: as much as a request may hold.
      [line('a'.repeat(4_000_000))],
      Array.from({ length: 18_000 }, () => line('a'.repeat(60), {}, 'app.flood')),
      [line('short', { large: 'b'.repeat(4_000_000) })],
    ];
    // A request that unpacks to more is refused as a whole.
    assert.equal(await sendLines(chain, 'evil', [line('a'.repeat(7_900_000))]), 400);
    const uids = [];
    // All of them wait in one queue, so that they can become one batch.
    await chain.stop('processing', 'SIGKILL');
    for (let n = 0; n < 36; n++) {
      const bomb = sendLines(chain, 'evil', bombs[n % bombs.length]);
      uids.push(...(await Promise.all([honest('bombs'), honest('bombs')])));
      const status = await bomb;
      assert.ok([200, 503].includes(status), `${status}`);
    }
    await chain.start('processing');
    await assertThere('bombs', uids, 120);
    const lost = (await firing(chain)).filter(({ alertname }) => alertname === 'RecordsLost');
    assert.deepEqual(lost, []);
    const [bomb] = await chain.lines('service:=evil _msg:a* | sort by (_time) | limit 1');
    assert.ok(bomb._msg.length <= 16_384, `${bomb._msg.length} characters of a line`);
  },
);

test(
  'batches that the store refuses with 429 block no line, not even in the same batch, and RecordsLost names the store',
  { timeout: 240_000 },
  async () => {
    const poison = () => sendLines(chain, 'evil', [line(`${POISON} ${id(4)}`)]);
    const uids = [];
    for (let n = 0; n < 30; n++) {
      await poison();
      // In one batch with it.
      if (n % 3 === 0) uids.push(await honest('poison'));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    for (let n = 0; n < 20; n++) uids.push(await honest('poison'));
    await assertThere('poison', uids, 30);
    assert.ok(refused > 0, 'the store has refused some');
    await attackUntilAlert(chain, async () => [await poison(), await honest('later')], {
      alertname: 'RecordsLost',
      exporter: 'otlp_http/logs',
    });
  },
);

test('names of events and services make a bounded number of streams', { timeout: 180_000 }, async () => {
  for (let request = 0; request < 10; request++) {
    const lines = Array.from({ length: 500 }, (_, n) =>
      line('x', { event: `forged${n}`, service: `forged${n}`, _stream_id: 'x' }, `e${request}.${n}`),
    );
    await sendLines(chain, 'evil', lines);
  }
  for (let n = 0; n < 200; n++) await sendLines(chain, `s"${n}`, [line('x')]);
  for (let n = 0; n < 200; n++) await sendLines(chain, `s${n}`, [line('x')]);
  const uids = [await honest('streams', { event: 'forged', environment: 'forged' })];
  await assertThere('streams', uids);
  await until(async () => (await total(chain, 'otelcol_allow_list_other{signal="logs"}')) > 4000, 'counted');
  const { values } = await (await fetch(`${chain.logs}/select/logsql/streams?query=*&limit=100000`)).json();
  assert.ok(values.length < 200, `${values.length} streams`);
  assert.doesNotMatch(JSON.stringify(values), /forged/);
});

test('what waits on disk is bounded by what it unpacks to', { timeout: 240_000 }, async () => {
  const inner = `${folder}/full`;
  const full = await startChain(inner, { env: { INGEST_QUEUE_BYTES: '20000000' } });
  try {
    await full.stop('processing', 'SIGKILL');
    const statuses = [];
    const lines = Array.from({ length: 10_000 }, () => line('a'.repeat(200)));
    for (let n = 0; n < 30; n++) statuses.push(await sendLines(full, 'evil', lines));
    assert.ok(statuses.filter((status) => status === 200).length <= 16, statuses.join());
    assert.equal(statuses.at(-1), 503, 'the sender keeps its records');
  } finally {
    await full.stopAll();
  }
});
