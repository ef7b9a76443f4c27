// Ports on loopback, a balancer of connections, and waiting for a condition.

import { connect, createServer } from 'node:net';

/** Ports that are free now. @param {number} count @returns {Promise<number[]>} */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve) => {
          server.listen(0, '127.0.0.1', () =>
            resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
          );
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return /** @type {number[]} */ (ports);
}

/**
 * Repeats an attempt every 200 ms until its result is truthy, and returns that result. Throws after
 * `seconds`.
 * @param {() => Promise<unknown>} attempt
 * @param {string} what the condition, for the error
 * @param {number} [seconds]
 */
export async function until(attempt, what, seconds = 60) {
  let last;
  for (
    const end = Date.now() + seconds * 1000;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 200))
  ) {
    try {
      const got = await attempt();
      if (got) return got;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`not within ${seconds} s: ${what}${last ? ` (${last})` : ''}`);
}

/**
 * Forwards connections to the ports in turn, as a TCP load balancer before two Collectors does.
 * @param {number[]} ports
 */
export async function startSplitter(ports) {
  let next = 0;
  const server = createServer((socket) => {
    const port = ports[next++ % ports.length];
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ])
      from.pipe(to).on('error', () => from.destroy());
    socket.once('close', () => upstream.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}
