// The gate for a front-end team's CI, as the package ships it: it passes on the demo, and fails where the CDN
// is slow.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBackend } from '../e2e/harness.mjs';

const gate = fileURLToPath(new URL('../../pkg/bin/tonearm-slo.js', import.meta.url));
const browser = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync) ?? '';
const folder = mkdtempSync(`${tmpdir()}/tonearm-slo-`);
/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
before(async () => {
  backend = await startBackend();
});
after(() => {
  backend?.stop();
  rmSync(folder, { recursive: true });
});

/** @param {string[]} args @returns {Promise<{ code: number, said: string }>} */
const run = (...args) =>
  new Promise((resolve) => {
    const child = spawn('node', [gate, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    child.once('close', (code) => resolve({ code: Number(code), said }));
  });
const judged = () =>
  run(
    backend.gateway,
    '--click',
    '#play',
    '--plays',
    '3',
    '--listen',
    '2',
    '--browser',
    browser,
    '--json',
    `${folder}/slo.json`,
    '--junit',
    `${folder}/slo.xml`,
  );
const set = (/** @type {object} */ faults) =>
  fetch(`${backend.gateway}/api/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(faults),
  });

test('it passes where plays start at once', { timeout: 120_000 }, async () => {
  await set({});
  const { code, said } = await judged();
  assert.equal(code, 0, said);
  const { plays, worst } = JSON.parse(readFileSync(`${folder}/slo.json`, 'utf8'));
  assert.equal(plays.length, 3);
  assert.match(worst.trace, /^[\da-f]{32}$/);
  assert.ok(said.includes(worst.trace));
  assert.match(readFileSync(`${folder}/slo.xml`, 'utf8'), /tests="3" failures="0"/);
});

test('it fails where the CDN is slow, and names the worst play', { timeout: 120_000 }, async () => {
  await set({ latency: 1500 });
  const { code, said } = await judged();
  assert.equal(code, 1, said);
  const { objectives, worst } = JSON.parse(readFileSync(`${folder}/slo.json`, 'utf8'));
  assert.deepEqual(
    objectives.filter((/** @type {any} */ { holds }) => !holds).map((/** @type {any} */ { name }) => name),
    ['start-up'],
  );
  assert.ok(worst.startUp > 1.5 && said.includes(`trace ${worst.trace}`), said);
  assert.match(readFileSync(`${folder}/slo.xml`, 'utf8'), /failures="1"[\s\S]*<failure/);
});

test('it fails where the music stands still, though it never goes on', { timeout: 120_000 }, async () => {
  // The body comes so slowly that what was buffered runs out while it is heard.
  await set({ rate: 100 });
  const { code, said } = await run(
    backend.gateway,
    '--click',
    '#play',
    '--plays',
    '1',
    '--listen',
    '12',
    '--start-up',
    '60',
    '--browser',
    browser,
    '--json',
    `${folder}/slo.json`,
  );
  assert.equal(code, 1, said);
  const { objectives, worst } = JSON.parse(readFileSync(`${folder}/slo.json`, 'utf8'));
  assert.deepEqual(
    objectives.filter((/** @type {any} */ { holds }) => !holds).map((/** @type {any} */ { name }) => name),
    ['stalled'],
    said,
  );
  assert.ok(worst.stalled > 0.3 && worst.heard > 1, said);
});

test('it fails where plays fail', { timeout: 180_000 }, async () => {
  await set({ status: 404 });
  const failing = await judged();
  assert.equal(failing.code, 1, failing.said);
  assert.match(failing.said, /BROKEN failures: 1\.000/);
  assert.match(failing.said, /\(404\)/);
  await set({});
});

test("what it can't measure it says", async () => {
  const nothing = await run(backend.gateway);
  assert.equal(nothing.code, 2);
  assert.match(nothing.said, /--click or --evaluate/);
  const number = await run(backend.gateway, '--click', '#play', '--plays', 'many');
  assert.match(number.said, /--plays: expected a number/);
});
