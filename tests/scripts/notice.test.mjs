// pkg/NOTICE is as scripts/make-notice.mjs makes it, for every module that the package exports.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MODULES } from '../../scripts/build/modules.mjs';
import { choose, notice } from '../../scripts/make-notice.mjs';

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the notice is as generated', () => {
  assert.equal(read('pkg/NOTICE'), notice(), 'node scripts/make-notice.mjs');
});

test('the notice has every wasm module of the package', () => {
  const { exports } = JSON.parse(read('pkg/package.json'));
  const exported = Object.keys(exports)
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => name.slice(2));
  // Bundlers find the development core by its script; it is not exported by name.
  assert.deepEqual(
    MODULES.map(({ file }) => `${file}_bg.wasm`).sort(),
    [...exported, 'tonearm_development_bg.wasm'].sort(),
  );
});

test('a copyleft decoder is named in the modules that have it, and in no other', () => {
  const contents = read('pkg/NOTICE').split('\nEvery wasm module:')[0].replaceAll('\n  ', ' ').split('\n');
  const having = (/** @type {string} */ crate) =>
    contents.filter((line) => line.includes(`${crate} `)).map((line) => line.split('_bg.wasm')[0]);
  assert.deepEqual(having('symphonia-bundle-mp3'), ['tonearm_mp3_decoder']);
  assert.deepEqual(having('symphonia-core').sort(), [
    'tonearm_aac',
    'tonearm_flac',
    'tonearm_mp3_decoder',
    'tonearm_vorbis',
  ]);
  assert.deepEqual(having('opus-rs'), ['tonearm_opus_decoder']);
  assert.deepEqual(having('rubato'), ['tonearm_media']);
});

test('licences are chosen from what their authors state, and an unknown one is an error', () => {
  assert.deepEqual(choose('MIT/Apache-2.0'), ['MIT']);
  assert.deepEqual(choose('Zlib OR Apache-2.0 OR MIT'), ['MIT']);
  assert.deepEqual(choose('(MIT OR Apache-2.0) AND Unicode-3.0'), ['MIT', 'Unicode-3.0']);
  assert.throws(() => choose('GPL-3.0-only'), /no accepted licence in "GPL-3.0-only"/);
  assert.throws(() => choose('MIT AND AGPL-3.0-only'), /no accepted licence/);
});
