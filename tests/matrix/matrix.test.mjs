// Every format in every engine, and what listeners do with it: what was heard is what ffmpeg decodes, frame by frame.
// `MATRIX_ENGINES` and `MATRIX_FILES` (comma-separated) choose some. The table is written to target/matrix.md.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startBackend } from '../e2e/harness.mjs';
import { FILES } from '../e2e/files.mjs';
import { MINI_BROWSER, engines } from './browsers.mjs';

const OPERATIONS = ['end', 'cut', 'corrupt', 'forward', 'back', 'toTheEnd', 'pause'];
/** Cells at once: each plays in its own time. */
const AT_ONCE = 4;
const wanted = process.env.MATRIX_FILES?.split(',');
const files = FILES.filter(([file]) => !wanted || wanted.includes(file));
const skip = !existsSync(new URL('../../target/formats/flac.flac', import.meta.url)) && 'no files of every format here: scripts/make-media.sh';

/** @type {Awaited<ReturnType<typeof startBackend>>} */
let backend;
/** @type {string[]} */
const table = ['| engine | file | ' + OPERATIONS.join(' | ') + ' |', '|---|---|' + OPERATIONS.map(() => '--:|').join('')];
before(async () => (backend = await startBackend()));
after(() => {
  backend?.stop();
  writeFileSync(new URL('../../target/matrix.md', import.meta.url), table.join('\n') + '\n');
});

/** What is wrong with a cell, or nothing. @param {any} result @param {string} operation @param {number} whole @param {number} [jump] */
function fault({ error, snr, frames, strays, failures }, operation, whole, jump = whole) {
  const least = ['end', 'cut', 'pause'].includes(operation) ? whole : jump;
  if (error) return error;
  if (frames) return frames;
  if (!(snr >= least)) return `${Number(snr).toFixed(1)} dB of ${least}`;
  if (strays > 0) return `${strays} samples outside its frames`;
  return failures > 0 && operation !== 'corrupt' ? `${failures} failures` : '';
}

for (const engine of (process.env.MATRIX_ENGINES ?? 'chromium,firefox,webkit').split(',')) {
  const missing = engine === 'webkit' && !MINI_BROWSER && 'WebKitGTK is not installed';
  test(`every format in ${engine}`, { skip: skip || missing, timeout: 3_600_000 }, async () => {
    const page = await engines[engine](`${backend.gateway}/e2e/blank.html`);
    try {
      const cells = (/** @type {object[]} */ all) => page.evaluate(async (/** @type {object[]} */ all) => {
        const { cell } = await import('/matrix/page.js');
        return Promise.all(all.map((what) => cell(/** @type {any} */ (what)).catch((/** @type {Error} */ error) => ({ error: String(error) }))));
      }, all);
      /** @type {string[]} */
      const faults = [];
      for (const [file, rate, channels, least, more] of files) {
        const all = OPERATIONS.map((operation) => ({ file, rate, channels, ...more, operation, cdn: backend.cdn }));
        /** @type {any[]} */
        const results = [];
        for (let at = 0; at < all.length; at += AT_ONCE) results.push(...await cells(all.slice(at, at + AT_ONCE)));
        for (const [n, operation] of OPERATIONS.entries()) {
          // A machine that is busy with something else starves an output: what is asked is what is heard where it is not.
          if (fault(results[n], operation, least, more?.jump)) [results[n]] = await cells([all[n]]);
          const wrong = fault(results[n], operation, least, more?.jump);
          if (wrong) faults.push(`${file}, ${operation}: ${wrong}`);
        }
        const row = `| ${engine} | ${file} | ${results.map((result, n) => fault(result, OPERATIONS[n], least, more?.jump) || (result.snr === 999 ? '=' : result.snr.toFixed(0))).join(' | ')} |`;
        table.push(row);
        console.log(`# ${row}`);
      }
      assert.deepEqual(faults, []);
    } finally {
      await page.close();
    }
  });
}
