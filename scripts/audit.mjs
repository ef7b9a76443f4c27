// What `npm run audit` asks, and its exit code (see audit.sh). Runs `cargo` and `npm` from PATH.
//
// A source has answered only if its own answer says so; whatever else happens (no network, an endpoint that
// is not there, a program that is missing or hangs) is "not asked". Nothing depends on the wording of a
// message: cargo-deny fetches the database in a step of its own, and the output of each check is a report, or
// it is not.

import { spawnSync } from 'node:child_process';

const FOUND = 1;
const NOT_ASKED = 3;
const TIMEOUT_MS = Number(process.env.TONEARM_AUDIT_TIMEOUT_MS ?? 180_000);

/** Runs a program; its output is returned where `keep` says so, and shown otherwise. */
function run(/** @type {string} */ program, /** @type {string[]} */ args, keep = false) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: 64 << 20,
    stdio: keep ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
  });
  const timedOut = error && /** @type {NodeJS.ErrnoException} */ (error).code === 'ETIMEDOUT';
  const reason = timedOut
    ? `${program} did not answer in ${TIMEOUT_MS / 1000} s`
    : (error?.message ?? lastLine(stderr) ?? `${program} ended with ${status}`);
  return { passed: status === 0, reason, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** The last line that says something. @param {string | null} text */
const lastLine = (text) =>
  (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .at(-1);

/** @typedef {{ found: boolean } | { notAsked: string }} Outcome */

/** All members of the workspace, not the root package alone. */
const DENY = ['deny', '--workspace'];

/** @returns {Outcome} */
function policy() {
  // This needs nothing but the crates themselves: whatever keeps it from passing is a finding.
  return { found: !run('cargo', [...DENY, 'check', 'licenses', 'bans', 'sources']).passed };
}

/** @returns {Outcome} */
function advisoriesOfCrates() {
  const fetched = run('cargo', [...DENY, 'fetch', 'db'], true);
  if (!fetched.passed) return { notAsked: fetched.reason };
  const check = ['--offline', 'check', 'advisories'];
  const { stderr, reason } = run('cargo', [...DENY, '--format', 'json', ...check], true);
  const summary = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .find(({ type }) => type === 'summary');
  if (!summary) return { notAsked: reason };
  const found = summary.fields.advisories.errors > 0;
  // Once more, to be read.
  if (found) run('cargo', [...DENY, ...check]);
  return { found };
}

/** @returns {Outcome} */
function advisoriesOfPackages() {
  const { stdout, reason } = run('npm', ['audit', '--json'], true);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    return { notAsked: reason };
  }
  const total = report.metadata?.vulnerabilities?.total;
  if (typeof total !== 'number') return { notAsked: report.message ?? report.error?.summary ?? reason };
  for (const [name, { severity, range }] of Object.entries(report.vulnerabilities ?? {}))
    console.error(`${severity}: ${name} ${range}`);
  return { found: total > 0 };
}

/** @type {[what: string, ask: () => Outcome][]} */
const sources = [
  ['licences, bans and sources of crates', policy],
  ['advisories of crates', advisoriesOfCrates],
  ['advisories of npm packages', advisoriesOfPackages],
];
let [found, asked] = [false, true];
for (const [what, ask] of sources) {
  const outcome = ask();
  if ('notAsked' in outcome) {
    asked = false;
    console.log(`${what}: not asked (${outcome.notAsked})`);
  } else {
    found ||= outcome.found;
    console.log(`${what}: ${outcome.found ? 'FAILED' : 'nothing found'}`);
  }
}
process.exitCode = found ? FOUND : asked ? 0 : NOT_ASKED;
