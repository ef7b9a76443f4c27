// Looks whether the demo's ports are free, before anything is built: `ports.mjs PORT`. Names the one that is
// taken, and the next ones that are free.

import { connect, createServer } from 'node:net';

/** The gateway, the metadata service and the CDN node: the port and the two after it. */
const COUNT = 3;
const LAST = 65_535 - COUNT + 1;
const HOST = '127.0.0.1';

/** Whether nothing listens there. @param {number} port @returns {Promise<boolean>} */
async function isFree(port) {
  const bound = await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
  if (!bound) return false;
  // Some systems let a program listen at one address beside one that listens at all of them.
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => resolve(socket.destroy() && false));
    socket.once('error', () => resolve(true));
  });
}

/** The first of the ports from `port` on that is taken. @param {number} port */
async function firstTaken(port) {
  for (let at = port; at < port + COUNT; at++) if (!(await isFree(at))) return at;
  return undefined;
}

const text = process.argv[2] ?? '';
const port = Number(text);
if (!Number.isInteger(port) || port < 1 || port > LAST) {
  console.error(`[tonearm] PORT: expected a whole number from 1 to ${LAST}, got "${text}"`);
  process.exit(2);
}
const taken = await firstTaken(port);
if (taken !== undefined) {
  let next = taken + 1;
  for (let found; next <= LAST && (found = await firstTaken(next)) !== undefined;) next = found + 1;
  console.error(
    `[tonearm] Port ${taken} is taken by another program; the demo needs ${port} to ${port + COUNT - 1}. ` +
      (next <= LAST
        ? `Ports ${next} to ${next + COUNT - 1} are free: PORT=${next} npm start`
        : 'No ports above it are free.'),
  );
  process.exit(1);
}
