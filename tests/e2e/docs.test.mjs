// Every snippet of docs/player.md, in the browser: it ends without an error, and has the effect that its text
// promises.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser } from './harness.mjs';

const text = readFileSync(new URL('../../docs/player.md', import.meta.url), 'utf8');
const snippets = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);

/**
 * What a snippet leaves: properties of the page's player, of objects before the snippet destroys them, what
 * it logs, headers of the requests for media, and the title that the system shows before the snippet ends
 * that.
 * @typedef {{ failure: string | undefined, player: Record<string, any>, seen: Record<string, Record<string,
 * any>>, logged: any[][], title: string | undefined }} Outcome
 */

/**
 * By a text that only the snippet has. @type {Record<string, (outcome: Outcome, headers: Record<string,
 * string>[]) => void>}
 */
const EFFECTS = {
  'canPlayType(': ({ player }) => assert.ok(player.state === 'playing' && player.duration > 60),
  "'/no-such-file.flac'": ({ player }) => assert.equal(player.state, 'playing'),
  "'x-listener'": ({ player }, headers) => {
    assert.equal(player.state, 'playing');
    assert.ok(headers.some((one) => one['x-listener'] === '17'));
  },
  firstByteTimeout: ({ player }) => assert.equal(player.state, 'playing'),
  metadatachange: ({ player, logged }) => {
    assert.equal(player.state, 'playing');
    assert.ok(logged.length > 0 && logged[0].length === 3, JSON.stringify(logged));
  },
  'setLoop(': ({ player }) =>
    assert.deepEqual(
      [player.loop, player.playbackRate, player.currentTime >= 30, player.currentTime < 40],
      [true, 1, true, true],
    ),
  'fade(0, 0.2)': ({ player, seen }) => {
    assert.deepEqual([player.volume, player.muted], [0.5, false]);
    assert.ok(seen.level, 'another player');
  },
  'onGesture: true': ({ player }) => assert.deepEqual([player.preload, player.state], ['auto', 'playing']),
  createQueue: ({ seen, logged }) => {
    assert.deepEqual([seen.queue.shuffle, seen.queue.index], [true, 1]);
    assert.ok(
      logged.some(([index]) => index === 1),
      JSON.stringify(logged),
    );
  },
  'follow(player)': ({ seen }) => assert.equal(seen.second.state, 'playing'),
  mediaSession: ({ player, title }) => assert.deepEqual([player.state, title], ['playing', 'Night Bus']),
  "engine: 'element'": ({ logged }) => {
    assert.equal(logged[0][0], 'element');
    assert.ok(logged[0][1] > 0, 'a latency');
  },
};
const effectsOf = (/** @type {string} */ code) =>
  Object.keys(EFFECTS).filter((distinctive) => code.includes(distinctive));

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  backend?.stop();
});

test('each snippet has one effect that is checked, and each check a snippet', () => {
  assert.deepEqual(
    snippets.filter((code) => effectsOf(code).length !== 1),
    [],
  );
  assert.deepEqual([...new Set(snippets.flatMap(effectsOf))].sort(), Object.keys(EFFECTS).sort());
});

snippets.forEach((code, n) =>
  test(`snippet ${n + 1}: ${code.split('\n')[0]}`, async () => {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    /** @type {Record<string, string>[]} */
    const headers = [];
    page.on('request', (request) => headers.push(request.headers()));
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    const outcome = await page.evaluate(
      async ({ code, src }) => {
        const { createPlayer, createTelemetry } = await import('/pkg/index.js');
        const telemetry = createTelemetry({ serviceName: 'docs' });
        const player = createPlayer({ telemetry });
        const file = new File([await (await fetch(src)).blob()], 'night-bus.mp3');
        const read = (/** @type {any} */ from) =>
          Object.fromEntries(
            [
              ['state', 'duration', 'currentTime', 'volume', 'muted', 'loop', 'playbackRate', 'preload'],
              ['shuffle', 'index', 'engine'],
            ]
              .flat()
              .map((name) => [name, from[name]]),
          );
        /** @type {Record<string, Record<string, any>>} */
        const seen = {};
        /** @type {any[][]} */
        const logged = [];
        /** @type {string | undefined} */
        let title;
        // Bare names, as a bundler resolves them; what a snippet ends is looked at before.
        const plain = code
          .replace(/'tonearm(\/[a-z-]+)?'/g, (_, path) => `'/pkg${path ?? '/index'}.js'`)
          .replace('const player =', 'player =')
          .replaceAll('console.log(', 'log(')
          .replace(/^(\w+)\.destroy\(\);$/gm, (line, name) => `seen('${name}', ${name}); ${line}`)
          .replace('controller.abort();', 'title(); controller.abort();');
        const names = ['player', 'telemetry', 'src', 'file', 'seen', 'log', 'title'];
        const run = new Function(...names, `return (async () => {${plain}\nreturn player;})()`);
        const note = (/** @type {string} */ name, /** @type {any} */ from) => (seen[name] = read(from));
        const log = (/** @type {any[]} */ ...values) => logged.push(values.map((value) => value ?? null));
        try {
          const used = await run(player, telemetry, src, file, note, log, () => {
            title = navigator.mediaSession.metadata?.title;
          });
          return {
            failure: used.error?.message,
            player: read(used),
            seen,
            logged: logged.map((one) =>
              one.map((value) => (typeof value === 'object' ? String(value) : value)),
            ),
            title,
          };
        } catch (error) {
          return { failure: String(error), player: {}, seen, logged: [], title };
        }
      },
      { code, src: `${backend.cdn}/tracks/night-bus.mp3` },
    );
    assert.deepEqual([outcome.failure, errors], [undefined, []]);
    for (const effect of effectsOf(code)) EFFECTS[effect](outcome, headers);
    await page.close();
  }),
);
