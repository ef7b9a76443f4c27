// `npm start` as a newcomer uses it: a taken port is named before anything is built, the address is printed
// once the page is served, and Ctrl+C leaves nothing behind.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const HOST = '127.0.0.1';

/** @param {number} port @returns {Promise<import('node:net').Server | undefined>} */
const listen = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, HOST, () => resolve(server));
  });
const close = (/** @type {import('node:net').Server | undefined} */ server) =>
  new Promise((resolve) => (server ? server.close(() => resolve(true)) : resolve(false)));

/** The first of three ports in a row that nobody has. */
async function threePorts() {
  for (let port = 18_080; ; port += 3) {
    const servers = await Promise.all([port, port + 1, port + 2].map(listen));
    await Promise.all(servers.map(close));
    if (servers.every(Boolean)) return port;
  }
}

const pause = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));
/** Whether a process, or one of a group, is there. @param {number} id */
function isAlive(id) {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

const start = (/** @type {number | string} */ port) => ({
  cwd: root,
  env: { ...process.env, PORT: String(port) },
});

test('a taken port is named, with the next ones that are free', async () => {
  const port = await threePorts();
  const taken = await listen(port + 1);
  try {
    const { status, stderr } = spawnSync('npm', ['start', '--silent'], { ...start(port), encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`Port ${port + 1} is taken .* the demo needs ${port} to ${port + 2}\\.`));
    const [, free] = /PORT=(\d+) npm start/.exec(stderr) ?? [];
    assert.ok(Number(free) > port + 1, stderr);
  } finally {
    await close(taken);
  }
});

test('what is no port is refused by name', () => {
  for (const port of ['0', 'eighty', '65534', '80.5']) {
    const { status, stderr } = spawnSync('npm', ['start', '--silent'], { ...start(port), encoding: 'utf8' });
    assert.equal(status, 2, port);
    assert.match(stderr, /PORT: expected a whole number from 1 to 65533/);
  }
});

for (const [signal, whole] of /** @type {const} */ ([
  ['SIGINT', true],
  ['SIGTERM', false],
])) {
  test(`the address is printed when the page answers, and ${signal} leaves nothing behind`, async () => {
    const port = await threePorts();
    const child = spawn('npm', ['start', '--silent'], {
      ...start(port),
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const group = -(/** @type {number} */ (child.pid));
    try {
      let printed = '';
      for await (const data of child.stdout) {
        printed += data;
        if (printed.includes('Ctrl+C')) break;
      }
      const [, address] = /Tonearm is playing at (http:\S+) \(Ctrl\+C ends it\)\./.exec(printed) ?? [];
      assert.equal(address, `http://${HOST}:${port}/`, printed);
      const page = await fetch(address);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /<title>/);

      const ended = new Promise((resolve) => child.once('exit', resolve));
      // A terminal sends Ctrl+C to all programs of its group; a supervisor ends the one that it started.
      process.kill(whole ? group : /** @type {number} */ (child.pid), signal);
      await ended;
      const servers = [];
      for (const at of [port, port + 1, port + 2]) {
        let server;
        for (let tries = 0; !server && tries < 100; tries++) {
          server = await listen(at);
          if (!server) await pause(50);
        }
        servers.push(server);
      }
      await Promise.all(servers.map(close));
      assert.ok(servers.every(Boolean), 'the ports are free again');
      for (let tries = 0; isAlive(group) && tries < 100; tries++) await pause(50);
      assert.ok(!isAlive(group), 'no program of the group is left');
    } finally {
      try {
        process.kill(group, 'SIGKILL');
      } catch {
        // Nothing is left.
      }
    }
  });
}
