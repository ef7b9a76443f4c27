// When a page is done with a response: its body was read, failed, was cancelled, or nobody reads it. Reads no
// body itself: a stream in between would read ahead of the app.

/** Milliseconds after a response's head within which an app that wants its body has asked for it. */
const GRACE = 500;
/** Statuses without a body (Fetch standard, "null body status"). */
const EMPTY = new Set([204, 205, 304]);

/** A response that is watched. */
export interface Watch {
  /**
   * its end, once: what the body failed by, and page time where that was before now; it must not hold the
   * response
   */
  end: (error?: unknown, at?: number) => void;
  /** when its last byte came, as far as the browser knows */
  responseEnd: () => number | undefined;
  /** page time of its head */
  came: number;
  /** whether its body is read in a way that is watched */
  reads: boolean;
  /** whether the registry knows it */
  isKnown: boolean;
  /** when it is looked at again */
  due: number;
}

/** Ends what is read in no way that is watched, once nobody holds it. */
const dropped: FinalizationRegistry<Watch> = new FinalizationRegistry((watch) =>
  watch.end(undefined, watch.responseEnd()),
);
const watches: WeakMap<Response, Watch> = new WeakMap();
/** Bodies whose methods are watched. */
const bodies: WeakSet<ReadableStream> = new WeakSet();
/** Responses that nobody has begun to read, as far as is known. */
const unread: Map<Watch, { deref: () => Response | undefined }> = new Map();
let timer: ReturnType<typeof setTimeout> | undefined;

/** From here on the holder alone keeps it from its end; without one something else ends it. */
function hold(watch: Watch, holder?: object) {
  if (watch.isKnown) dropped.unregister(watch);
  watch.isKnown = holder !== undefined;
  if (holder) dropped.register(holder, watch, watch);
}

/** Forgets a response that is over. */
export function release(watch: Watch) {
  unread.delete(watch);
  hold(watch);
}

/** The app has begun to read. */
function reads(watch: Watch, holder?: object) {
  watch.reads = true;
  unread.delete(watch);
  hold(watch, holder);
}

/** Returns a promise of its own, so that a rejection that the app does not handle stays unhandled. */
const settled = (promise: Promise<any>, watch: Watch | undefined) =>
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

function watchMethod(target: object, name: string, then: (result: any) => any) {
  const method = (target as any)[name];
  const watched = (...args: unknown[]) => then(method.apply(target, args));
  Object.defineProperty(watched, 'name', { value: name });
  Object.defineProperty(target, name, { value: watched, configurable: true, writable: true });
}

function watchBody(body: ReadableStream, watch: Watch) {
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
        (result: { done: boolean }) => {
          if (result.done) watch.end();
          return result;
        },
        (error: unknown) => {
          watch.end(error);
          throw error;
        },
      ),
    );
    watchMethod(reader, 'cancel', (promise) => settled(promise, watch));
    return reader;
  });
}

const getterOf = (name: string) => Object.getOwnPropertyDescriptor(Response.prototype, name)?.get;
const bodyGetter = getterOf('body');
const bodyUsedGetter = getterOf('bodyUsed');

/** The methods of a response, watched: one object for all of them. */
const WATCHED = Object.create(Response.prototype);
for (const name of ['json', 'text', 'arrayBuffer', 'blob', 'formData', 'bytes']) {
  const method = (Response.prototype as any)[name];
  if (!method) continue;
  const value = function (this: Response, ...args: unknown[]) {
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
  /** Whichever of both is read first ends it. */
  value: Object.defineProperty(
    function (this: Response) {
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
  get(this: Response) {
    const body = bodyGetter?.call(this);
    const watch = watches.get(this);
    if (body && watch && !bodies.has(body)) {
      bodies.add(body);
      watchBody(body, watch);
    }
    return body;
  },
});

function watchMethods(response: Response, watch: Watch) {
  watches.set(response, watch);
  Object.setPrototypeOf(response, WATCHED);
}

/** Whether a body is read in a way that is not watched: a pipe, `for await`. */
function isInUse(response: Response | undefined) {
  try {
    return response && (bodyUsedGetter?.call(response) || bodyGetter?.call(response)?.locked);
  } catch {
    return false;
  }
}

/** Looks at the responses that nobody has begun to read, all of them or those that are due. */
function sweep(all?: boolean) {
  timer = undefined;
  const now = performance.now();
  let next = Infinity;
  for (const [watch, reference] of [...unread]) {
    if (all || now >= watch.due) look(watch, reference.deref(), now);
    if (unread.has(watch)) next = Math.min(next, watch.due);
  }
  if (next < Infinity) timer = setTimeout(sweep, Math.max(0, next - now));
}

function look(watch: Watch, response: Response | undefined, now: number) {
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
 * Ends a response when the page is done with it. Of one that says that it has no body, and of an answer that
 * is no success, the head is the end.
 * @param isEmpty whether it is an answer to `HEAD`
 */
export function watchResponse(
  response: Response,
  isEmpty: boolean,
  { end, responseEnd }: Pick<Watch, 'end' | 'responseEnd'>,
): Watch | undefined {
  const came = performance.now();
  if (isEmpty || EMPTY.has(response.status) || !response.ok) {
    end(undefined, came);
    return undefined;
  }
  const watch: Watch = { end, responseEnd, came, reads: false, isKnown: false, due: came + GRACE };
  unread.set(watch, { deref: () => response });
  timer ??= setTimeout(sweep, GRACE);
  // One that other code of the page made in its place keeps its methods.
  if (Object.getPrototypeOf(response) === Response.prototype) watchMethods(response, watch);
  return watch;
}
