// What follows what: two halves of one piece through a queue, taped, are the piece; skips, crossfades,
// shuffles.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openPage, startBackend, startBrowser } from './harness.mjs';

const made = existsSync(new URL('../../target/formats/half-one.flac', import.meta.url));
const skip = !made && 'no files of every format here: scripts/make-media.sh';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;
before(async () => {
  backend = await startBackend();
  browser = await startBrowser();
  page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
});
after(async () => {
  await browser?.close();
  backend?.stop();
});

/** Extension, rate, least signal to noise over all and across the join (20 ms on both sides of it). */
for (const [extension, rate, least, across] of [
  ['flac', 44100, 900, 900],
  ['wav', 44100, 900, 900],
  ['mp3', 44100, 20, 15],
  ['m4a', 44100, 20, 10],
  ['ogg', 44100, 14, 10],
  ['opus', 48000, 10, 5],
]) {
  test(`two halves in ${extension} join without a frame between them`, { skip }, async () => {
    const result = await page.evaluate(
      async ({ extension, rate }) => {
        const { joined } = await import('/e2e/matrix.js');
        return joined(extension, rate);
      },
      { extension, rate },
    );
    assert.deepEqual(
      [result.outside, result.shifted],
      [0, 0],
      `${result.outside} frames outside, the second half ${result.shifted} frames off`,
    );
    assert.ok(
      result.snr >= least && result.across >= across,
      `${result.snr.toFixed(1)} dB, ${result.across.toFixed(1)} dB across the join`,
    );
    console.log(
      `# ${extension}: ${result.snr.toFixed(1)} dB, ${result.across.toFixed(1)} dB across the join`,
    );
    assert.deepEqual(result.zeros, 0, `${result.zeros} frames of silence at the join`);
  });
}

/**
 * A queue of the demo's tracks in a page of its own.
 * @param {object} options
 * @param {(tools: any) => Promise<any>} body
 */
async function inPage(options, body) {
  return page.evaluate(
    async ({ options, body, cdn }) => {
      const { createQueue } = await import('/pkg/queue.js');
      const queue = createQueue(options);
      queue.add(...['first-light', 'night-bus', 'tide-table'].map((name) => `${cdn}/tracks/${name}.mp3`));
      const told = (/** @type {string} */ name) =>
        new Promise((resolve) => queue.addEventListener(name, resolve, { once: true }));
      const wait = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));
      try {
        return await new Function(`return (${body})`)()({ queue, told, wait });
      } finally {
        queue.destroy();
      }
    },
    { options, body: String(body), cdn: backend.cdn },
  );
}

test('a skip to what is prepared is heard at once', async () => {
  const latencies = await inPage({}, async ({ queue, wait }) => {
    const latencies = [];
    for (let n = 0; n < 6; n++) {
      await queue.play(n % 2);
      // A seek to the last seconds: the rest of the track is in memory, and the next is prepared.
      queue.player.currentTime = queue.player.duration - 15;
      await wait(900);
      await queue.next();
      latencies.push(queue.player.stats().latency * 1000);
    }
    return latencies;
  });
  const middle = [...latencies].sort((a, b) => a - b)[3];
  console.log(
    `# skip to a prepared track: ${latencies.map((/** @type {number} */ value) => value.toFixed(0)).join(', ')} ms`,
  );
  assert.ok(latencies.every((/** @type {number} */ value) => value > 0) && middle < 200);
});

test('one track sounds across the next, and the queue goes on with it', async () => {
  const told = await inPage({ crossfade: 2 }, async ({ queue, told, wait }) => {
    await queue.play(0);
    queue.player.currentTime = queue.player.duration - 5;
    const first = queue.player;
    await told('trackchange');
    const both = {
      index: queue.index,
      other: queue.player !== first,
      playing: first.state,
      time: first.duration - first.currentTime,
    };
    await wait(2500);
    return { ...both, state: queue.player.state, ended: first.state };
  });
  assert.equal(told.index, 1);
  assert.ok(
    told.other && told.playing === 'playing' && told.time > 1 && told.time < 2.3,
    JSON.stringify(told),
  );
  assert.deepEqual([told.state, told.ended], ['playing', 'ended']);
});

test('repeat, shuffle, changes of the list, and the way back', async () => {
  const told = await inPage({ repeat: 'all' }, async ({ queue, wait }) => {
    await queue.play(2);
    await queue.next();
    const around = queue.index;
    await queue.previous();
    const back = queue.index;
    queue.shuffle = true;
    const seen = new Set([queue.index]);
    for (let n = 0; n < 2; n++) {
      await queue.next();
      seen.add(queue.index);
    }
    queue.shuffle = false;
    const current = queue.current;
    queue.insert(0, '/formats/flac.flac');
    const moved = queue.items[queue.index] === current;
    queue.clear();
    await wait(50);
    return { around, back, seen: seen.size, moved, state: queue.player.state, index: queue.index };
  });
  assert.deepEqual(told, { around: 0, back: 2, seen: 3, moved: true, state: 'ready', index: -1 });
});

test('a timer lets the music fade and holds it', async () => {
  const told = await inPage({}, async ({ queue, told }) => {
    await queue.play(0);
    queue.sleepTimer({ after: 0.6, fade: 0.3 });
    await told('sleep');
    return queue.player.state;
  });
  assert.equal(told, 'paused');
});

test('the time is told four times a second to who listens, and else once', async () => {
  const counts = await inPage({}, async ({ queue, wait }) => {
    // Not by the queue's own method, nor the player's: that would be somebody who listens.
    let [count, progress] = [0, 0];
    queue.addEventListener('progress', () => progress++);
    EventTarget.prototype.addEventListener.call(queue, 'timeupdate', () => count++);
    const until = async (/** @type {number} */ seconds) => {
      while (queue.player.currentTime < seconds) await wait(20);
      return count;
    };
    await queue.play();
    const before = await until(0.5);
    progress = 0;
    const alone = (await until(4.5)) - before;
    const further = progress;
    queue.addEventListener('timeupdate', () => {});
    const begin = await until(5);
    return [alone, (await until(8)) - begin, further];
  });
  // All of it is in memory: nothing is further.
  assert.ok(counts[2] <= 2, `${counts[2]} times further`);
  assert.ok(counts[0] >= 3 && counts[0] <= 5, `${counts[0]} in 4 s`);
  assert.ok(counts[1] >= 8 && counts[1] <= 13, `${counts[1]} in 3 s`);
});
