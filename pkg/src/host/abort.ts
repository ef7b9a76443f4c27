// Combined and timed abort signals. `AbortSignal.any` and `AbortSignal.timeout` are younger than the oldest
// browsers that are supported (docs/player.md).

/** A signal that aborts with the first of several, for its reason. */
export function anySignal(...signals: (AbortSignal | null | undefined)[]) {
  const controller = new AbortController();
  for (const signal of signals) {
    if (!signal) continue;
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { signal: controller.signal });
  }
  return controller.signal;
}

/** A signal that aborts with another, or with a `TimeoutError`; and what ends the wait. */
export function timedSignal(millis: number, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException('The request took too long.', 'TimeoutError')),
    millis,
  );
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  const clear = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, clear };
}

/** Rejects once a signal aborts, for its reason. */
export const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Throws the reason of a signal that has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined) {
  if (signal?.aborted) throw signal.reason ?? new DOMException('The operation was aborted.', 'AbortError');
}
