// The browser's own `fetch`, whatever the app or we have put in its place: our own requests are never traced.

/** @type {typeof fetch | undefined} */
let replaced;

/** @type {typeof fetch} */
export const nativeFetch = (input, init) => (replaced ?? globalThis.fetch)(input, init);

/** Puts another in its place; the function that comes back undoes that. @param {typeof fetch} substitute @returns {() => void} */
export function replaceFetch(substitute) {
  if (replaced) throw new DOMException('fetch is instrumented already.', 'InvalidStateError');
  replaced = globalThis.fetch.bind(globalThis);
  const original = globalThis.fetch;
  globalThis.fetch = substitute;
  return () => {
    // What somebody else has put on top of ours stays: then ours just passes on.
    if (globalThis.fetch === substitute) globalThis.fetch = original;
    replaced = undefined;
  };
}
