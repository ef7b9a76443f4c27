// What a page holds once all that can be let go of is: its heap and its Workers', every wasm memory, and how
// many there are of what must not be left behind. Reads the browser's own books (Chrome DevTools Protocol).

/** What must not be left, by the name of its class. */
const KINDS = [
  'AudioNode',
  'Worker',
  'MessagePort',
  'AudioContext',
  'HTMLMediaElement',
  'WebAssembly.Memory',
];

/**
 * @typedef {{ heap: number, wasm: number, listeners: number, counts: Record<string, number> }} Held heap with
 * its buffers, and wasm memories, in bytes
 */

/** @param {import('playwright-core').Page} page */
export async function openBooks(page) {
  const session = await page.context().newCDPSession(page);
  /** @type {Map<string, (method: string, params?: object) => Promise<any>>} */
  const workers = new Map();
  let id = 0;
  /**
   * By the call's number: whose it is, and who waits.
   * @type {Map<number, { sessionId: string, resolve: (result: any) => void }>}
   */
  const waiting = new Map();
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    // Not the audio thread's worklet: asked for its objects while it renders, Chromium ends.
    if (targetInfo.type !== 'worker') return;
    workers.set(
      sessionId,
      (method, params = {}) =>
        new Promise((resolve) => {
          waiting.set(++id, { sessionId, resolve });
          // One that is ended between two of its answers may give none, and no word of its end either.
          setTimeout(resolve, 10_000, {}).unref();
          session
            .send('Target.sendMessageToTarget', {
              sessionId,
              message: JSON.stringify({ id, method, params }),
            })
            .catch(() => resolve({}));
        }),
    );
  });
  // A Worker that ends answers nobody.
  session.on('Target.detachedFromTarget', ({ sessionId }) => {
    workers.delete(sessionId);
    for (const call of waiting.values()) if (call.sessionId === sessionId) call.resolve({});
  });
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    waiting.get(id)?.resolve(result ?? {});
    waiting.delete(id);
  });
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  await session.send('Performance.enable');
  const own = (/** @type {string} */ method, /** @type {object} */ params = {}) =>
    session.send(/** @type {any} */ (method), /** @type {any} */ (params));

  /**
   * Every living object of a class.
   * @param {typeof own} send
   * @param {string} kind
   * @param {string} body of a function of them
   */
  async function over(send, kind, body) {
    const { result } = await send('Runtime.evaluate', { expression: `globalThis.${kind}?.prototype` });
    if (!result?.objectId) return 0;
    const { objects } = await send('Runtime.queryObjects', {
      prototypeObjectId: result.objectId,
      objectGroup: 'books',
    });
    if (!objects) return 0;
    const { result: { value = 0 } = {} } = await send('Runtime.callFunctionOn', {
      objectId: objects.objectId,
      functionDeclaration: body,
      returnByValue: true,
    });
    await send('Runtime.releaseObjectGroup', { objectGroup: 'books' });
    return value;
  }

  /** @returns {Promise<Held>} */
  async function held() {
    let [heap, wasm] = [0, 0];
    /** @type {Record<string, number>} */
    const counts = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
    for (const send of [own, ...workers.values()]) {
      for (let n = 0; n < 3; n++) await send('HeapProfiler.collectGarbage');
      for (const kind of KINDS) counts[kind] += await over(send, kind, 'function () { return this.length; }');
      const memory = await over(
        send,
        'WebAssembly.Memory',
        'function () { return this.reduce((sum, { buffer }) => sum + buffer.byteLength, 0); }',
      );
      const { usedSize = 0, backingStorageSize = 0 } = /** @type {any} */ (
        await send('Runtime.getHeapUsage')
      );
      wasm += memory;
      // A wasm memory is among the buffers.
      heap += usedSize + Math.max(0, backingStorageSize - memory);
    }
    const { metrics } = /** @type {any} */ (await own('Performance.getMetrics'));
    const listeners = metrics.find((/** @type {any} */ { name }) => name === 'JSEventListeners').value;
    return { heap, wasm, listeners, counts };
  }
  return { held, session };
}
