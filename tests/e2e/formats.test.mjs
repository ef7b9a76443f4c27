// Every format in the real browser: what is heard is what ffmpeg decodes, frame by frame, with the browser's
// own decoder where the package has none. The files are those of scripts/make-media.sh.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { FILES } from './files.mjs';
import { openPage, startBackend, startBrowser } from './harness.mjs';

const folder = new URL('../../target/formats/', import.meta.url);
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

const made = existsSync(new URL('flac.flac', folder));
/** Without it the tests run, and fail, where the files were not made. */
const LEFT_OUT =
  process.env.TONEARM_WITHOUT_FORMATS && 'no files of every format here: scripts/make-media.sh';

test('every format is heard as ffmpeg decodes it', { skip: !made && LEFT_OUT }, async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  const results = [];
  // A few at once: each plays in its own time.
  for (let at = 0; at < FILES.length; at += 5) {
    results.push(
      ...(await page.evaluate(
        async (files) => {
          const { heard } = await import('/e2e/matrix.js');
          return Promise.all(
            files.map(([file, rate, channels, , more]) =>
              heard(file, { rate, channels, ...more }).catch((/** @type {Error} */ error) => ({
                error: String(error),
              })),
            ),
          );
        },
        FILES.slice(at, at + 5),
      )),
    );
  }
  for (const [n, [file, rate, channels, least, more]] of FILES.entries()) {
    let { error, snr, behind, failures } = results[n];
    // A machine that is busy with something else starves an output: what is asked here is what is heard
    // where it is not.
    if (!(snr >= least)) {
      ({ error, snr, behind, failures } = await page.evaluate(
        async ({ file, of }) => {
          const { heard } = await import('/e2e/matrix.js');
          return heard(file, of).catch((/** @type {Error} */ error) => ({ error: String(error) }));
        },
        { file, of: { rate, channels, ...more } },
      ));
    }
    assert.equal(error, undefined, `${file}: ${error}`);
    assert.ok(snr >= least, `${file}: ${snr.toFixed(1)} dB`);
    assert.deepEqual(
      [behind, failures],
      [0, 0],
      `${file}: ${behind} samples outside its frames, ${failures} failures`,
    );
  }
});

test(
  'what lies behind a packet that the browser can not decode is heard in its own place',
  { skip: !made && LEFT_OUT },
  async () => {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    const { frames, snr, failures } = await page.evaluate(async (cdn) => {
      const { cell } = await import('/matrix/page.js');
      return cell({ file: 'lame-vbr.mp3', rate: 44_100, channels: 2, operation: 'corrupt', cdn });
    }, backend.cdn);
    assert.equal(frames, '');
    assert.ok(snr > 100 && failures > 0, `${snr.toFixed(1)} dB, ${failures} failures`);
  },
);

/**
 * A file whose index has so many bytes more, between the samples' sizes and their places.
 * @param {Buffer} bytes
 * @param {number} more
 */
function longIndex(bytes, more) {
  const add = (/** @type {number} */ at) => bytes.writeUInt32BE(bytes.readUInt32BE(at) + more, at);
  for (const kind of ['moov', 'trak', 'mdia', 'minf', 'stbl']) add(bytes.indexOf(kind) - 4);
  const places = bytes.indexOf('stco') - 4;
  for (let n = 0; n < bytes.readUInt32BE(places + 12); n++) add(places + 16 + 4 * n);
  const free = Buffer.alloc(more);
  free.writeUInt32BE(more);
  free.write('free', 4);
  return Buffer.concat([bytes.subarray(0, places), free, bytes.subarray(places)]);
}

test(
  'over a slow link an M4A is heard before its index is whole, every frame of it',
  { skip: !made && LEFT_OUT },
  async () => {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    const file = new URL('long-index.m4a', folder);
    writeFileSync(file, longIndex(readFileSync(new URL('faststart.m4a', folder)), 12_000));
    /** @type {number[]} */
    const offsets = [];
    page.on('request', (request) => {
      if (request.url().includes('/tracks/long-index.m4a'))
        offsets.push(Number(/\d+/.exec(request.headers().range ?? '')?.[0] ?? 0));
    });
    const { frames, snr, strays, stalls, failures } = await page
      .evaluate(async (cdn) => {
        const { cell } = await import('/matrix/page.js');
        const of = {
          file: 'long-index.m4a',
          reference: 'faststart.m4a',
          rate: 44_100,
          channels: 2,
          frames: 308_700,
          cdn,
        };
        // Once, so that the format's module is in the cache.
        await cell({ ...of, operation: 'end' });
        return cell({ ...of, operation: 'slow' });
      }, backend.cdn)
      .finally(() => rmSync(file));
    assert.deepEqual([frames, strays, stalls, failures], ['', 0, 0, 0]);
    assert.ok(snr > 100, `${snr.toFixed(1)} dB`);
    // Its beginning, the music, the rest of the index, the music.
    const [first, music, index, rest] = offsets;
    assert.ok(
      offsets.length === 4 && first === 0 && index > 0 && index < music && rest > music,
      `${offsets}`,
    );
  },
);

test('where the browser decodes nothing, modules with decoders do', { skip: !made && LEFT_OUT }, async () => {
  const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
  await page.route('**/pkg/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `delete self.AudioDecoder;${await response.text()}` });
  });
  for (const [file, rate, least, name] of /** @type {const} */ ([
    ['lame-cbr.mp3', 44_100, 100, 'mp3'],
    ['opusenc.opus', 48_000, 60, 'opus'],
  ])) {
    const asked = page.waitForRequest(`**/tonearm_${name}_decoder_bg.wasm`);
    const { snr, failures } = await page.evaluate(async ([file, rate]) => {
      const { heard } = await import('/e2e/matrix.js');
      return heard(file, { rate, channels: 2 });
    }, /** @type {const} */ ([file, rate]));
    await asked;
    assert.ok(snr >= least && failures === 0, `${file}: ${snr.toFixed(1)} dB, ${failures} failures`);
  }
});
