// When a page is done with a response: its body was read, failed, was cancelled, or nobody reads it. Reads no body itself: a
// stream in between would read ahead of the app.

/** Milliseconds after a response's head within which an app that wants its body has asked for it. */
const GRACE = 500;
/** Statuses without a body (Fetch standard, "null body status"). */
const EMPTY = new Set([204, 205, 304]);

/**
 * A response that is watched.
 * @typedef {object} Watch
 * @property {(error?: unknown, at?: number) => void} end its end, once: what the body failed by, and page time where that was before now;
 *   it must not hold the response
 * @property {() => number | undefined} responseEnd when its last byte came, as far as the browser knows
 * @property {number} came page time of its head
 * @property {boolean} reads whether its body is read in a way that is watched
 * @property {boolean} isKnown whether the registry knows it
 * @property {number} due when it is looked at again
 */

/** Ends what is read in no way that is watched, once nobody holds it. @type {FinalizationRegistry<Watch>} */
const dropped = new FinalizationRegistry((watch) => watch.end(undefined, watch.responseEnd()));
/** @type {WeakMap<Response, Watch>} */
const watches = new WeakMap();
/** Bodies whose methods are watched. @type {WeakSet<ReadableStream>} */
const bodies = new WeakSet();
/** Responses that nobody has begun to read, as far as is known. @type {Map<Watch, { deref: () => Response | undefined }>} */
const unread = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** From here on the holder alone keeps it from its end; without one something else ends it. @param {Watch} watch @param {object} [holder] */
function hold(watch, holder) {
  if (watch.isKnown) dropped.unregister(watch);
  watch.isKnown = holder !== undefined;
  if (holder) dropped.register(holder, watch, watch);
}

/** Forgets a response that is over. @param {Watch} watch */
export function release(watch) {
  unread.delete(watch);
  hold(watch);
}

/** The app has begun to read. @param {Watch} watch @param {object} [holder] */
function reads(watch, holder) {
  watch.reads = true;
  unread.delete(watch);
  hold(watch, holder);
}

/**
 * Returns a promise of its own, so that a rejection that the app does not handle stays unhandled.
 * @param {Promise<any>} promise @param {Watch | undefined} watch
 */
const settled = (promise, watch) =>
  promise.then(
    (result) => {
      watch?.end();
      return result;
    },
    (error) => {
      watch?.end(error);
      throw error;
    },
  );

/** @param {object} target @param {string} name @param {(result: any) => any} then */
function watchMethod(target, name, then) {
  const method = /** @type {any} */ (target)[name];
  const watched = (/** @type {unknown[]} */ ...args) => then(method.apply(target, args));
  Object.defineProperty(watched, 'name', { value: name });
  Object.defineProperty(target, name, { value: watched, configurable: true, writable: true });
}

/** @param {ReadableStream} body @param {Watch} watch */
function watchBody(body, watch) {
  for (const name of ['cancel', 'pipeTo'])
    watchMethod(body, name, (promise) => {
      reads(watch);
      return settled(promise, watch);
    });
  hold(watch, body);
  watchMethod(body, 'getReader', (reader) => {
    reads(watch, reader);
    watchMethod(reader, 'releaseLock', () => reads(watch, body));
    watchMethod(reader, 'read', (promise) =>
      promise.then(
        (/** @type {{ done: boolean }} */ result) => {
          if (result.done) watch.end();
          return result;
        },
        (/** @type {unknown} */ error) => {
          watch.end(error);
          throw error;
        },
      ),
    );
    watchMethod(reader, 'cancel', (promise) => settled(promise, watch));
    return reader;
  });
}

/** @param {string} name */
const getterOf = (name) => Object.getOwnPropertyDescriptor(Response.prototype, name)?.get;
const bodyGetter = getterOf('body');
const bodyUsedGetter = getterOf('bodyUsed');

/** The methods of a response, watched: one object for all of them. */
const WATCHED = Object.create(Response.prototype);
for (const name of ['json', 'text', 'arrayBuffer', 'blob', 'formData', 'bytes']) {
  const method = /** @type {any} */ (Response.prototype)[name];
  if (!method) continue;
  /** @this {Response} @param {unknown[]} args */
  const value = function (...args) {
    // A second reader is refused: the first one finds out how the body ended.
    const watch = bodyUsedGetter?.call(this) ? undefined : watches.get(this);
    // From here on it is the promise that ends it: nobody may hold the response while it is read.
    if (watch) reads(watch);
    return settled(method.apply(this, args), watch);
  };
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(WATCHED, name, { value, configurable: true, enumerable: true, writable: true });
}
const { clone } = Response.prototype;
Object.defineProperty(WATCHED, 'clone', {
  configurable: true,
  enumerable: true,
  writable: true,
  /** Whichever of both is read first ends it. @this {Response} */
  value: Object.defineProperty(
    /** @this {Response} */ function () {
      const copy = clone.call(this);
      const watch = watches.get(this);
      if (watch) watchMethods(copy, watch);
      return copy;
    },
    'name',
    { value: 'clone' },
  ),
});
Object.defineProperty(WATCHED, 'body', {
  configurable: true,
  enumerable: true,
  /** @this {Response} */
  get() {
    const body = bodyGetter?.call(this);
    const watch = watches.get(this);
    if (body && watch && !bodies.has(body)) {
      bodies.add(body);
      watchBody(body, watch);
    }
    return body;
  },
});

/** @param {Response} response @param {Watch} watch */
function watchMethods(response, watch) {
  watches.set(response, watch);
  Object.setPrototypeOf(response, WATCHED);
}

/** Whether a body is read in a way that is not watched: a pipe, `for await`. @param {Response | undefined} response */
function isInUse(response) {
  try {
    return response && (bodyUsedGetter?.call(response) || bodyGetter?.call(response)?.locked);
  } catch {
    return false;
  }
}

/** Looks at the responses that nobody has begun to read, all of them or those that are due. @param {boolean} [all] */
function sweep(all) {
  timer = undefined;
  const now = performance.now();
  let next = Infinity;
  for (const [watch, reference] of [...unread]) {
    if (all || now >= watch.due) look(watch, reference.deref(), now);
    if (unread.has(watch)) next = Math.min(next, watch.due);
  }
  if (next < Infinity) timer = setTimeout(sweep, Math.max(0, next - now));
}

/** @param {Watch} watch @param {Response | undefined} response @param {number} now */
function look(watch, response, now) {
  const responseEnd = watch.responseEnd();
  if (!response || responseEnd !== undefined || !isInUse(response))
    return watch.end(undefined, responseEnd ?? watch.came);
  // It ends when its last byte has come, or when it is let go of.
  hold(watch, response);
  unread.set(watch, new WeakRef(response));
  watch.due = now + (now - watch.came);
}

/** A page that is left ends each of them by what is known; a page that is hidden may not run again. */
export const endUnread = () => sweep(true);

/**
 * Ends a response when the page is done with it. Of one that says that it has no body, and of an answer that is no success, the
 * head is the end.
 * @param {Response} response @param {boolean} isEmpty whether it is an answer to `HEAD`
 * @param {Pick<Watch, 'end' | 'responseEnd'>} watching @returns {Watch | undefined}
 */
export function watchResponse(response, isEmpty, { end, responseEnd }) {
  const came = performance.now();
  if (isEmpty || EMPTY.has(response.status) || !response.ok) {
    end(undefined, came);
    return undefined;
  }
  /** @type {Watch} */
  const watch = { end, responseEnd, came, reads: false, isKnown: false, due: came + GRACE };
  unread.set(watch, { deref: () => response });
  timer ??= setTimeout(sweep, GRACE);
  // One that other code of the page made in its place keeps its methods.
  if (Object.getPrototypeOf(response) === Response.prototype) watchMethods(response, watch);
  return watch;
}
