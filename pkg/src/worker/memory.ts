// Bytes in the memory of a format's module.

import type { FormatExports } from './track.js';

/** Copies the bytes whose address an export has just returned. */
export const bytesAt = (format: FormatExports, address: number) =>
  new Uint8Array(format.memory.buffer, address, format.bytes_length()).slice();

/** Copies bytes into the module, for an export that takes them. */
export function setInput(format: FormatExports, bytes: Uint8Array) {
  const address = format.input(bytes.length);
  new Uint8Array(format.memory.buffer, address, bytes.length).set(bytes);
}
