// Runs the demo's backend, and ends it with this process. Knows the backend's command line; knows nothing of
// building.

import { spawn } from 'node:child_process';

/**
 * Starts the backend at `port` and the two after it. Resolves when the page is served.
 * @param {number} port
 * @param {string} [path] of the page that has to answer
 * @param {string[]} [args] more arguments of the backend
 */
export async function startDemo(port, path = '', args = []) {
  const child = spawn('target/debug/tonearm-backend', ['--port', String(port), ...args], {
    // Ctrl+C reaches all programs of a terminal; this one is ended by the one that started it.
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)));
    child.once('error', (error) => {
      console.error(`[tonearm] the backend did not start: ${error.message}`);
      resolve(1);
    });
  });
  const line = await Promise.race([
    new Promise((resolve) => child.stdout.once('data', (data) => resolve(String(data)))),
    ended,
  ]);
  if (typeof line === 'number') process.exit(line || 1);
  child.stdout.on('data', (data) => process.stdout.write(data));
  const { gateway } = JSON.parse(line);
  const address = `${gateway}/${path}`;
  const response = await fetch(address);
  if (!response.ok) {
    child.kill();
    throw new Error(`${address} answers ${response.status}`);
  }
  return {
    address,
    ended,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/**
 * Calls `stop` once when the program is asked to end, then ends it. @param {() => Promise<unknown> | unknown}
 * stop
 */
export function onEnd(stop) {
  let ending = false;
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])) {
    process.on(signal, async () => {
      if (ending) return;
      ending = true;
      await stop();
      process.exit(code);
    });
  }
}
