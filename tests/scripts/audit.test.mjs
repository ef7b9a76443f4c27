// `npm run audit` with programs in the place of cargo and npm: what each answer makes of its exit code.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const audit = fileURLToPath(new URL('../../scripts/audit.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tonearm-audit-'));
after(() => rmSync(folder, { recursive: true }));

const REPORT = (/** @type {number} */ total) =>
  `echo '${JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: total ? { lodash: { severity: 'high', range: '<4.17.21' } } : {},
    metadata: { vulnerabilities: { total } },
  })}'; exit ${total ? 1 : 0}`;
const SUMMARY = (/** @type {number} */ errors) =>
  `echo '${JSON.stringify({ fields: { advisories: { errors } }, type: 'summary' })}' >&2; exit ${errors ? 1 : 0}`;
/** Answers that are none: the endpoint refuses, and there is no network. */
const REFUSED = `echo '{ "message": "405 Method Not Allowed", "error": { "summary": "" } }'; exit 1`;
const OFFLINE = `echo 'npm error network ECONNREFUSED' >&2; exit 1`;

/**
 * Runs the audit. Each argument is what a shell does in the place of `cargo deny check licenses …`,
 * `cargo deny fetch db`, `cargo deny check advisories` and `npm audit`; by default nothing is found.
 * @param {{ policy?: string, fetch?: string, advisories?: string, npm?: string, timeout?: number }} [answers]
 */
function run({
  policy = 'exit 0',
  fetch = 'exit 0',
  advisories = SUMMARY(0),
  npm = REPORT(0),
  timeout,
} = {}) {
  /** @type {[program: string, body: string][]} */
  const programs = [
    [
      'cargo',
      `case "$*" in
        'deny --workspace check licenses bans sources') ${policy} ;;
        'deny --workspace fetch db') ${fetch} ;;
        'deny --workspace --format json --offline check advisories') ${advisories} ;;
        'deny --workspace --offline check advisories') echo 'error: RUSTSEC-2026-0001'; exit 1 ;;
        *) echo "unknown: $*" >&2; exit 99 ;;
      esac`,
    ],
    ['npm', npm],
  ];
  for (const [program, body] of programs) {
    writeFileSync(join(folder, program), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, program), 0o755);
  }
  const { status, stdout } = spawnSync(process.execPath, [audit], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${folder}:/usr/bin:/bin`,
      ...(timeout && { TONEARM_AUDIT_TIMEOUT_MS: String(timeout) }),
    },
  });
  return { status, lines: stdout.trim().split('\n') };
}

test('every source answers, and nothing is found: 0', () => {
  assert.deepEqual(run(), {
    status: 0,
    lines: [
      'licences, bans and sources of crates: nothing found',
      'advisories of crates: nothing found',
      'advisories of npm packages: nothing found',
    ],
  });
});

test('a finding of any source is a failure: 1', () => {
  assert.equal(run({ policy: 'exit 4' }).status, 1);
  const { status, lines } = run({ advisories: SUMMARY(1) });
  assert.equal(status, 1);
  assert.deepEqual(lines.slice(1, 3), ['error: RUSTSEC-2026-0001', 'advisories of crates: FAILED']);
  assert.equal(run({ npm: REPORT(2) }).status, 1);
});

test('a source that can not be reached is named, and has an exit code of its own: 3', () => {
  const fetch = `echo 'first' >&2; echo 'error: failed to fetch advisory database' >&2; exit 1`;
  const crates = run({ fetch, advisories: SUMMARY(1) });
  assert.equal(crates.status, 3);
  assert.equal(crates.lines[1], 'advisories of crates: not asked (error: failed to fetch advisory database)');

  const refused = run({ npm: REFUSED });
  assert.equal(refused.status, 3);
  assert.equal(refused.lines[2], 'advisories of npm packages: not asked (405 Method Not Allowed)');

  const offline = run({ fetch, npm: OFFLINE });
  assert.equal(offline.status, 3);
  assert.equal(offline.lines[2], 'advisories of npm packages: not asked (npm error network ECONNREFUSED)');
});

test('a check that ends without a report was not asked', () => {
  const broken = run({ advisories: `echo '{ "type": "log" }' >&2; exit 1` });
  assert.equal(broken.status, 3);
  const { status, lines } = run({ npm: 'echo oops; exit 0' });
  assert.equal(status, 3);
  assert.equal(lines[2], 'advisories of npm packages: not asked (npm ended with 0)');
});

test('a finding weighs more than a source that was not asked', () => {
  assert.equal(run({ fetch: 'exit 1', npm: REPORT(1) }).status, 1);
  assert.equal(run({ policy: 'exit 1', npm: REFUSED }).status, 1);
});

test('a program that hangs was not asked', () => {
  const { status, lines } = run({ fetch: 'exec sleep 60', timeout: 3000 });
  assert.equal(status, 3);
  assert.equal(lines[1], 'advisories of crates: not asked (cargo did not answer in 3 s)');
});
