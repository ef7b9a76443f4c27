// WebDriver (W3C), as much of it as the tests want: a driver started, a session, commands, functions run in
// the page.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cached = join(process.env.TONEARM_CACHE ?? join(homedir(), '.cache/tonearm'), 'bin/geckodriver');
export const GECKODRIVER = existsSync(cached) ? cached : 'geckodriver';

/**
 * Within so many milliseconds, or never.
 * @typedef {(method: string, path: string, body?: unknown, within?: number) => Promise<any>} Command
 */

/** What asks and does not wait takes no longer, but where the browser has hung. */
const SOON = 20_000;

/** @param {string} url @param {string} method @param {unknown} [body] @param {number} [within] */
async function request(url, method, body, within = 130_000) {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(within),
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const { value } = /** @type {any} */ (await response.json());
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

/**
 * Starts a driver that says on which port it listens, or one that listens where it is told.
 * @param {string} binary @param {string[]} args @param {{ port?: number, env?: Record<string, string> }}
 * [options]
 */
export async function startDriver(binary, args, { port, env } = {}) {
  const driver = spawn(binary, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    detached: true,
  });
  // With all that it started: a group of its own.
  const stop = () => {
    if (driver.exitCode === null) process.kill(-(/** @type {number} */ (driver.pid)));
  };
  process.once('exit', stop);
  const found = await new Promise((resolve, reject) => {
    driver.once('error', reject);
    driver.once('exit', () => reject(new Error(`${binary} ended`)));
    driver.stdout.on('data', (data) => {
      const [, found] = /127\.0\.0\.1:(\d+)/.exec(String(data)) ?? [];
      if (found && port === undefined) resolve(found);
    });
    if (port === undefined) return;
    const ready = () =>
      fetch(`http://127.0.0.1:${port}/status`).then(
        () => resolve(port),
        () => setTimeout(ready, 100),
      );
    ready();
  });
  return { url: `http://127.0.0.1:${found}`, stop };
}

/** @param {string} url of the driver @param {object} wanted capabilities */
export async function openSession(url, wanted) {
  const { sessionId, capabilities } = await request(`${url}/session`, 'POST', {
    capabilities: { alwaysMatch: { timeouts: { script: 120_000 }, ...wanted } },
  });
  /** @type {Command} */
  const command = (method, path, body, within) =>
    request(`${url}/session/${sessionId}${path}`, method, body, within);
  return { command, capabilities, end: () => command('DELETE', '', undefined, SOON).catch(() => {}) };
}

/** Runs a function in the page, and gives what it comes to.
 *  @param {Command} command @param {Function} what @param {unknown} [given] @param {number} [within] */
export async function evaluateIn(command, what, given, within) {
  // Firefox's scripts have a global of their own: the page's is reached by its own eval.
  const script = `const [what, given, done] = arguments;
    Promise.resolve((window.wrappedJSObject ?? window).eval('(' + what + ')')(given)).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
  const { value, error } = await command(
    'POST',
    '/execute/async',
    { script, args: [String(what), given ?? null] },
    within,
  );
  if (error) throw new Error(error);
  return value ?? undefined;
}

/**
 * The same for what takes long: the page keeps what it comes to, and is asked for it. A script that waits for
 * many seconds may be forgotten by the driver. @param {Command} command @param {Function} what @param
 * {unknown} [given]
 */
export async function evaluateLong(command, what, given) {
  const start = (/** @type {{ what: string, given: unknown }} */ { what, given }) => {
    globalThis.outcome = undefined;
    Promise.resolve((0, eval)(`(${what})`)(given)).then(
      (value) => (globalThis.outcome = { value }),
      (error) => (globalThis.outcome = { error: String(error) }),
    );
  };
  await evaluateIn(command, start, { what: String(what), given: given ?? null }, SOON);
  for (const end = Date.now() + 120_000; Date.now() < end;) {
    const outcome = await evaluateIn(command, () => globalThis.outcome, undefined, SOON);
    if (outcome?.error) throw new Error(outcome.error);
    if (outcome) return outcome.value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('nothing came of it in 120 s');
}
