// Bytes in the memory of a format's module.

/** @typedef {import('./track.js').FormatExports} FormatExports */

/** Copies the bytes whose address an export has just returned. @param {FormatExports} format @param {number} address */
export const bytesAt = (format, address) =>
  new Uint8Array(format.memory.buffer, address, format.bytes_length()).slice();

/** Copies bytes into the module, for an export that takes them. @param {FormatExports} format @param {Uint8Array} bytes */
export function setInput(format, bytes) {
  const address = format.input(bytes.length);
  new Uint8Array(format.memory.buffer, address, bytes.length).set(bytes);
}
