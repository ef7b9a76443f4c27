// Commands and facts as a script that stands in for the media plane reads and writes them: the bytes of
// tests/vectors/messages.json, which tests/native/message_vectors.rs makes of Rust's messages.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { TSCONFIG } from '../../scripts/build/scripts.mjs';
import { gluePlugin } from '../../scripts/build/worker_glue.mjs';

const GLUE = fileURLToPath(new URL('../../target/wasm/media/tonearm_media_bg.js', import.meta.url));
const { outputFiles } = await build({
  stdin: {
    contents: "export * from './media_messages.js'; export * from 'tonearm-media-glue';",
    resolveDir: fileURLToPath(new URL('../../pkg/src/', import.meta.url)),
  },
  bundle: true,
  write: false,
  format: 'esm',
  tsconfigRaw: TSCONFIG,
  alias: { 'tonearm-media-glue': GLUE },
  plugins: [gluePlugin(GLUE)],
});
const source = Buffer.from(outputFiles[0].text).toString('base64');
const { BodyEndKind, CommandKind, MediaErrorKind, facts, readCommand } = await import(
  `data:text/javascript;base64,${source}`
);

/**
 * @type {{ commands: { command: any, bytes: string }[], facts: { fact: string, args: any[], bytes: string }[]
 * }}
 */
const vectors = JSON.parse(readFileSync(new URL('../vectors/messages.json', import.meta.url), 'utf8'));

test('a command is read as Rust writes it', () => {
  for (const { command, bytes } of vectors.commands) {
    // Within a larger buffer, as a message of the core lies.
    const padded = Buffer.from(`ffff${bytes}ff`, 'hex');
    const read = readCommand(new Uint8Array(padded.buffer, padded.byteOffset + 2, bytes.length / 2));
    assert.deepEqual({ ...read, kind: CommandKind[read.kind] }, command);
  }
  assert.equal(readCommand(Uint8Array.of(CommandKind.Ping, 0, 0, 0, 0)), undefined);
});

test('a fact is written as Rust reads it, and each writer has vectors', () => {
  /** Enums by their names; a length that is not known. @param {any} value */
  const valueOf = (value) => BodyEndKind[value] ?? MediaErrorKind[value] ?? value ?? Infinity;
  for (const { fact, args, bytes } of vectors.facts) {
    const written = facts[fact](...args.map((value) => (typeof value === 'number' ? value : valueOf(value))));
    assert.equal(Buffer.from(written).toString('hex'), bytes, fact);
  }
  assert.deepEqual(Object.keys(facts).sort(), [...new Set(vectors.facts.map(({ fact }) => fact))].sort());
});
