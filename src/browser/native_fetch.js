// The browser's own `fetch`, whatever the app or we have put in its place: our own requests are never traced.

/** While something of ours may be in the way. @type {typeof fetch | undefined} */
let own;
let instrumented = false;

/** @type {typeof fetch} */
export const nativeFetch = (input, init) => (own ?? globalThis.fetch)(input, init);

/**
 * Puts another in its place; the function that comes back undoes that, once.
 * @param {typeof fetch} substitute
 * @returns {() => void}
 */
export function replaceFetch(substitute) {
  if (instrumented) throw new DOMException('fetch is instrumented already.', 'InvalidStateError');
  const before = globalThis.fetch;
  own ??= before.bind(globalThis);
  instrumented = true;
  let active = true;
  /** @type {typeof fetch} */
  const ours = (input, init) => (active ? substitute(input, init) : before.call(globalThis, input, init));
  globalThis.fetch = ours;
  return () => {
    if (!active) return;
    active = instrumented = false;
    // What somebody else has put on top of ours stays, and ours passes on.
    if (globalThis.fetch === ours) {
      globalThis.fetch = before;
      own = undefined;
    }
  };
}
