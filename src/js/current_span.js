// The current span of a pipeline, within `telemetry.withSpan()`: a synchronous scope, since a browser has no reliable context
// of asynchronous calls.

/** By the pipeline's id. @type {Map<number, unknown>} */
const current = new Map();

/** The span of the scope that runs, if one does. @param {number} telemetry @returns {any} */
export const currentSpan = (telemetry) => (current.size > 0 ? current.get(telemetry) : undefined);

/**
 * Calls a function within the scope of a span; the scope around it is back when it returns or throws.
 * @template T @param {number} telemetry @param {unknown} span @param {() => T} call @returns {T}
 */
export function runWithin(telemetry, span, call) {
  const before = current.get(telemetry);
  current.set(telemetry, span);
  try {
    return call();
  } finally {
    if (before === undefined) current.delete(telemetry);
    else current.set(telemetry, before);
  }
}
