// An option that is not known is refused by its name: a misspelt one would have no effect that shows. What an
// object inherits is no option of its own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from './harness.mjs';
import { startPageServer } from './page_server.mjs';

/** @type {Awaited<ReturnType<typeof startPageServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;
before(async () => {
  [server, browser] = await Promise.all([startPageServer(), startBrowser()]);
  page = await browser.newPage();
  await page.goto(`${server.origin}/blank`);
  await page.waitForFunction(() => globalThis.tonearm);
  await page.evaluate(async () => {
    const { createQueue } = await import(/** @type {any} */ ('/pkg/queue.js'));
    Object.assign(globalThis, {
      createQueue,
      player: globalThis.tonearm.createPlayer(),
      queue: createQueue(),
      track: '/tracks/short.mp3',
    });
  });
});
after(async () => {
  await browser?.close();
  server?.stop();
});

/** What is called, with a known option beside the one that is tried. @type {Record<string, string>} */
const CALLS = {
  createPlayer: 'tonearm.createPlayer({ engine: "auto", ...options })',
  createQueue: 'createQueue({ repeat: "off", replayGain: "off", ...options })',
  createTelemetry: 'tonearm.createTelemetry({ serviceName: "options", storage: false, ...options })',
  init: 'tonearm.init({ full: false, ...options })',
  load: 'player.load(track, options)',
  play: 'player.play({ onGesture: false, ...options })',
  follow: 'player.follow(queue.player, { crossfade: 0, ...options })',
  sleepTimer: 'queue.sleepTimer({ after: 60, ...options })',
};

/**
 * Options as source text, and the name that is refused; none is taken. @type {[string, string | undefined][]}
 */
const OPTIONS = [
  ['{ volum: 1 }', 'volum'],
  ['{ Engine: "auto" }', 'Engine'],
  ['{ constructor: 1 }', 'constructor'],
  ['{ toString() {} }', 'toString'],
  ['{ hasOwnProperty: undefined }', 'hasOwnProperty'],
  ['JSON.parse(\'{"__proto__":{"engine":"stream"}}\')', '__proto__'],
  ['{ "": 1 }', ''],
  ['{ 0: 1 }', '0'],
  ['{ [Symbol("mine")]: 1 }', undefined],
  ['Object.create({ volum: 1 })', undefined],
  ['(Object.prototype.volum = 1, {})', undefined],
];

for (const [what, call] of Object.entries(CALLS)) {
  test(`${what} refuses options that are not known`, async () => {
    for (const [options, name] of OPTIONS) {
      const thrown = await page.evaluate(
        async ([call, options]) => {
          // Not by a spread of the page's: `__proto__` stays an option of its own.
          const given = `(options) => ${call.replace(/\{([^{}]*), \.\.\.options \}/, 'Object.defineProperties({$1}, Object.getOwnPropertyDescriptors(options))')}`;
          try {
            const made = await (0, eval)(given)((0, eval)(`(${options})`));
            made?.destroy?.();
            await made?.shutdown?.({ forget: true });
            return undefined;
          } catch (error) {
            return `${/** @type {Error} */ (error).name}: ${/** @type {Error} */ (error).message}`;
          } finally {
            delete (/** @type {any} */ (Object.prototype).volum);
          }
        },
        [call, options],
      );
      if (name !== undefined) {
        assert.ok(thrown?.startsWith(`TypeError: ${what}: option "${name}":`), `${options}: ${thrown}`);
      } else {
        // Whatever else it says, no option is at fault.
        assert.doesNotMatch(thrown ?? '', /option/, options);
      }
    }
  });
}
