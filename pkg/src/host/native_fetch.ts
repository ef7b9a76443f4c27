// The browser's own `fetch`, whatever the app or this package has put in its place: the package's own
// requests are never traced.

/** What marks a `fetch` that a copy of this package has replaced. Copies on one page share it. */
const MARK = Symbol.for('tonearm.fetch');

export type Fetch = (...args: any[]) => Promise<Response>;
/**
 * `native` is what was replaced; the last of the handlers gets the page's requests, so that each is traced
 * once.
 */
export type Replacement = { native: Fetch; handlers: Fetch[] };

/** The replacement of this copy, while one of its handlers is there. */
let installed: Replacement | undefined;

const current = (): Replacement | undefined => (globalThis.fetch as any)?.[MARK] ?? installed;

export const nativeFetch: Fetch = (...args) =>
  Reflect.apply(current()?.native ?? globalThis.fetch, globalThis, args);

/** Replaces `globalThis.fetch` by a proxy of it, which has its name, its length and its text. */
function install(): Replacement {
  const before = globalThis.fetch;
  const replacement: Replacement = { native: before, handlers: [] };
  globalThis.fetch = new Proxy(before, {
    apply(target, receiver, args) {
      const handler = replacement.handlers.at(-1);
      const isOwn = receiver === undefined || receiver === null || receiver === globalThis;
      // Without arguments, or with another receiver, the browser has an error of its own.
      return handler && isOwn && args.length > 0 ? handler(...args) : Reflect.apply(target, receiver, args);
    },
    get(target, key, receiver) {
      if (key === MARK) return replacement;
      if (key === 'toString') return () => Function.prototype.toString.call(target);
      return Reflect.get(target, key, receiver);
    },
  });
  return replacement;
}

/**
 * Lets a handler have the requests of `globalThis.fetch`; the same handler once only.
 * @returns undoes that
 */
export function replaceFetch(handler: Fetch): () => void {
  const replacement = (installed = current() ?? install());
  if (!replacement.handlers.includes(handler)) replacement.handlers.push(handler);
  return () => {
    replacement.handlers = replacement.handlers.filter((other) => other !== handler);
    if (replacement.handlers.length > 0) return;
    // What the app has put on top of it stays, and it passes requests on.
    if ((globalThis.fetch as any)?.[MARK] === replacement) globalThis.fetch = replacement.native;
    if (installed === replacement) installed = undefined;
  };
}
