// Every format in every engine, and what listeners do with it: what was heard is what ffmpeg decodes, frame
// by frame. `MATRIX_ENGINES` and `MATRIX_FILES` (comma-separated) choose some. The table is written to
// target/matrix.md.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startBackend } from '../e2e/harness.mjs';
import { FILES } from '../e2e/files.mjs';
import { MINI_BROWSER, engines } from './browsers.mjs';

const OPERATIONS = ['end', 'cut', 'corrupt', 'forward', 'back', 'toTheEnd', 'pause'];
/**
 * Cells at once: each plays in its own time. Firefox leaves one of several contexts without a first quantum,
 * and then its driver without an answer.
 */
const AT_ONCE = Number(process.env.MATRIX_AT_ONCE ?? 4);
/** @param {string} engine */
const most = (engine) => (engine === 'firefox' ? 1 : AT_ONCE);
const wanted = process.env.MATRIX_FILES?.split(',');
const files = FILES.filter(([file]) => !wanted || wanted.includes(file));
const skip =
  !existsSync(new URL('../../target/formats/flac.flac', import.meta.url)) &&
  'no files of every format here: scripts/make-media.sh';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {string[]} */
const table = [
  '| engine | file | ' + OPERATIONS.join(' | ') + ' |',
  '|---|---|' + OPERATIONS.map(() => '--:|').join(''),
];
before(async () => (backend = await startBackend()));
after(() => {
  backend?.stop();
  writeFileSync(new URL('../../target/matrix.md', import.meta.url), table.join('\n') + '\n');
});

/**
 * What is wrong with a cell, or nothing.
 * @param {any} result
 * @param {string} operation
 * @param {number} whole
 * @param {number} [jump]
 */
function fault({ error, snr, frames, strays, failures }, operation, whole, jump = whole) {
  const least = ['end', 'cut', 'pause'].includes(operation) ? whole : jump;
  if (error) return error;
  if (frames) return frames;
  if (!(snr >= least)) return `${Number(snr).toFixed(1)} dB of ${least}`;
  if (strays > 0) return `${strays} samples outside its frames`;
  return failures > 0 && operation !== 'corrupt' ? `${failures} failures` : '';
}

/**
 * Plays cells in a browser of their own, so many at once; what came before it ended.
 * @param {string} engine
 * @param {object[]} all
 * @param {number} atOnce
 */
async function played(engine, all, atOnce) {
  /** @type {any[]} */
  const results = [];
  /** @type {import('./browsers.mjs').EnginePage | undefined} */
  let page;
  try {
    page = await engines[engine](`${backend.gateway}/e2e/blank.html`);
    for (let at = 0; at < all.length; at += atOnce) {
      results.push(
        ...(await page.evaluate(
          async (/** @type {object[]} */ some) => {
            const { cell } = await import('/matrix/page.js');
            return Promise.all(
              some.map((what) =>
                cell(/** @type {any} */ (what)).catch((/** @type {Error} */ error) => ({
                  error: String(error),
                })),
              ),
            );
          },
          all.slice(at, at + atOnce),
        )),
      );
    }
  } catch (error) {
    console.log(`# ${engine}: ${error}`);
  }
  await page?.close().catch(() => {});
  return results;
}

for (const engine of (process.env.MATRIX_ENGINES ?? 'chromium,firefox,webkit').split(',')) {
  const missing = engine === 'webkit' && !MINI_BROWSER && 'WebKitGTK is not installed';
  test(`every format in ${engine}`, { skip: skip || missing, timeout: 3_600_000 }, async () => {
    /** @type {string[]} */
    const faults = [];
    for (const [file, rate, channels, usual, more] of files) {
      const least = (engine === 'firefox' && more?.firefox) || usual;
      const all = OPERATIONS.map((operation) => ({
        file,
        rate,
        channels,
        ...more,
        operation,
        cdn: backend.cdn,
      }));
      const wrong = (/** @type {any} */ result, /** @type {number} */ n) =>
        fault(result ?? { error: 'not played' }, OPERATIONS[n], least, more?.jump);
      /** @type {any[]} */
      const results = [];
      // A machine that is busy with something else starves an output, and a browser may end: what is asked is
      // what is heard where it does not.
      for (const atOnce of [most(engine), Math.min(2, most(engine)), 1]) {
        const left = all.filter((_, n) => wrong(results[n], n));
        if (left.length === 0) break;
        (await played(engine, left, atOnce)).forEach((result, n) => (results[all.indexOf(left[n])] = result));
      }
      const texts = OPERATIONS.map((_, n) => wrong(results[n], n));
      faults.push(...texts.flatMap((text, n) => (text ? [`${file}, ${OPERATIONS[n]}: ${text}`] : [])));
      const row = `| ${engine} | ${file} | ${texts.map((text, n) => text || (results[n].unsupported ? '–' : results[n].snr === 999 ? '=' : results[n].snr.toFixed(0))).join(' | ')} |`;
      table.push(row);
      console.log(`# ${row}`);
    }
    assert.deepEqual(faults, []);
  });
}
