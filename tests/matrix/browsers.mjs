// The three engines for the matrix: a page of each that plays without a gesture, on a machine without sound
// card and screen.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { startBrowser } from '../e2e/harness.mjs';
import { evaluateLong, GECKODRIVER, openSession, startDriver } from '../webdriver.mjs';

/**
 * @typedef {{ evaluate: (what: Function, given?: unknown) => Promise<any>, close: () => Promise<void> }}
 * EnginePage
 */

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {() => boolean} there @param {string} what */
async function appears(there, what) {
  for (let n = 0; n < 100; n++) {
    if (there()) return;
    await pause(100);
  }
  throw new Error(`${what} did not start`);
}

/**
 * Firefox renders nothing without an output: a sound server of our own with none behind it.
 * @param {string} folder
 */
async function startSound(folder) {
  const socket = `${folder}/pulse`;
  const server = spawn(
    'pulseaudio',
    [
      '-n',
      '--daemonize=no',
      '--exit-idle-time=-1',
      '--use-pid-file=no',
      '-L',
      'module-null-sink',
      '-L',
      `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
    ],
    { stdio: 'ignore', env: { ...process.env, PULSE_RUNTIME_PATH: folder, HOME: folder } },
  );
  await appears(() => existsSync(socket), 'pulseaudio');
  return { env: { PULSE_SERVER: `unix:${socket}` }, stop: () => server.kill() };
}

let screens = 0;

/** A screen for a browser that wants one; the one before may not have gone yet. */
async function startScreen() {
  const display = 100 + (process.pid % 1000) + 1000 * screens++;
  const server = spawn('Xvfb', [`:${display}`, '-screen', '0', '800x600x24', '-nolisten', 'tcp'], {
    stdio: 'ignore',
  });
  await appears(() => existsSync(`/tmp/.X11-unix/X${display}`), 'Xvfb');
  return { env: { DISPLAY: `:${display}` }, stop: () => server.kill() };
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });

/** Where distributions put WebKitGTK's browser. */
export const MINI_BROWSER = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/libexec',
  '/usr/lib',
]
  .flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.startsWith('webkit2gtk-'))
          .map((name) => `${folder}/${name}/MiniBrowser`)
      : [],
  )
  .find(existsSync);

/**
 * A page over WebDriver.
 * @param {string} url
 * @param {import('../webdriver.mjs').Command} command
 * @param {() => Promise<void>} close
 * @returns {Promise<EnginePage>}
 */
async function driven(url, command, close) {
  await command('POST', '/url', { url });
  return { evaluate: (what, given) => evaluateLong(command, what, given), close };
}

/** @type {Record<string, (url: string) => Promise<EnginePage>>} */
export const engines = {
  async chromium(url) {
    const browser = await startBrowser();
    const page = await browser.newPage();
    await page.goto(url);
    return {
      evaluate: (what, given) => page.evaluate(/** @type {any} */ (what), given),
      close: () => browser.close(),
    };
  },

  async firefox(url) {
    const folder = mkdtempSync(`${tmpdir()}/tonearm-firefox-`);
    const sound = await startSound(folder);
    const driver = await startDriver(GECKODRIVER, ['--port', '0'], { env: sound.env });
    const prefs = {
      'media.autoplay.default': 0,
      'media.autoplay.blocking_policy': 0,
      'datareporting.policy.dataSubmissionEnabled': false,
      'app.update.enabled': false,
    };
    const { command, end } = await openSession(driver.url, {
      'moz:firefoxOptions': { args: ['-headless'], prefs },
    });
    return driven(url, command, async () => {
      await end();
      driver.stop();
      sound.stop();
      rmSync(folder, { recursive: true, force: true });
    });
  },

  async webkit(url) {
    const screen = await startScreen();
    const port = await freePort();
    const env = {
      ...screen.env,
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      LIBGL_ALWAYS_SOFTWARE: '1',
      NO_AT_BRIDGE: '1',
    };
    const driver = await startDriver('dbus-run-session', ['--', 'WebKitWebDriver', `--port=${port}`], {
      port,
      env,
    });
    const options = { binary: MINI_BROWSER, args: ['--automation', '--autoplay-policy=allow'] };
    const { command, end } = await openSession(driver.url, { 'webkitgtk:browserOptions': options });
    return driven(url, command, async () => {
      await end();
      driver.stop();
      screen.stop();
    });
  },
};
