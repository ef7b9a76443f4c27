// Firefox as the faults need it: a profile that stays, tabs, scripts in them, and an end at any moment.
// Driven over WebDriver (geckodriver): the browser is the one that listeners have.

import { mkdirSync } from 'node:fs';
import { evaluateIn, GECKODRIVER, openSession, startDriver } from '../webdriver.mjs';

const PREFERENCES = {
  'datareporting.policy.dataSubmissionEnabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'app.update.enabled': false,
  'media.autoplay.default': 0,
  'dom.disable_beforeunload': true,
  'toolkit.startup.max_resumed_crashes': -1,
  'browser.sessionstore.resume_from_crash': false,
  'network.manage-offline-status': false,
  // A loopback address is no network to Firefox, unless told so.
  'network.disable-localhost-when-offline': true,
};

/** One tab. */
class Tab {
  #command;
  #handle;
  #context;

  /**
   * @param {(method: string, path: string, body?: unknown) => Promise<any>} command
   * @param {string} handle
   * @param {any} context
   */
  constructor(command, handle, context) {
    this.#command = command;
    this.#handle = handle;
    this.#context = context;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  #here = (method, path, body) => this.#context.inTab(this.#handle, () => this.#command(method, path, body));

  goto = (/** @type {string} */ url) => this.#here('POST', '/url', { url });
  goBack = () => this.#here('POST', '/back', {});
  close = () => this.#here('DELETE', '/window');

  /** @param {Function} what @param {unknown} [given] */
  evaluate = (what, given) => evaluateIn(this.#here, what, given);

  /** @param {Function} what @param {unknown} [given] @param {{ timeout?: number }} [options] */
  async waitForFunction(what, given, { timeout = 30_000 } = {}) {
    for (
      const end = Date.now() + timeout;
      Date.now() < end;
      await new Promise((resolve) => setTimeout(resolve, 100))
    ) {
      // What it gives may be nothing that can cross.
      if (
        await this.evaluate(
          /** @type {any} */ (`async (given) => Boolean(await (${what})(given))`),
          given,
        ).catch(() => false)
      )
        return;
    }
    throw new Error(`it never came to be: ${what}`);
  }
}

/** A browser with a profile that stays. @param {string} profile a folder */
export async function startFirefox(profile) {
  mkdirSync(profile, { recursive: true });
  const driver = await startDriver(GECKODRIVER, ['--port', '0', '--allow-system-access']);
  const options = { args: ['-headless', '-profile', profile], prefs: PREFERENCES };
  const { command, capabilities, end } = await openSession(driver.url, {
    'moz:firefoxOptions': options,
    unhandledPromptBehavior: 'accept',
  });
  /** Commands go to the tab that is in front: one after the other. @type {Promise<unknown>} */
  let turn = Promise.resolve();
  let fresh = true;
  let ended = false;
  const context = {
    /** @param {string} handle @param {() => Promise<any>} act */
    inTab(handle, act) {
      const result = turn.then(() => command('POST', '/window', { handle })).then(act);
      turn = result.catch(() => {});
      return result;
    },
    async newPage() {
      const act = async () => {
        const handles = await command('GET', '/window/handles');
        // The tab that was in front may be closed.
        await command('POST', '/window', { handle: handles[0] });
        if (!fresh) return (await command('POST', '/window/new', { type: 'tab' })).handle;
        fresh = false;
        return handles[0];
      };
      const handle = turn.then(act);
      turn = handle.catch(() => {});
      return new Tab(command, await handle, context);
    },
    /** No network for pages; the driver's own goes on. @param {boolean} offline */
    async setOffline(offline) {
      await command('POST', '/moz/context', { context: 'chrome' });
      await command('POST', '/execute/sync', {
        script: 'Services.io.offline = arguments[0]',
        args: [offline],
      });
      await command('POST', '/moz/context', { context: 'content' });
    },
    kill: () => process.kill(capabilities['moz:processID'], 'SIGKILL'),
    async close() {
      if (ended) return;
      ended = true;
      await end();
      driver.stop();
    },
  };
  return context;
}
