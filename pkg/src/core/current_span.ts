// The current span of a pipeline, within `telemetry.withSpan()`: a synchronous scope, since a browser has no
// reliable context of asynchronous calls.

/** By the pipeline's id. */
const current: Map<number, unknown> = new Map();

/** The span of the scope that runs, if one does. */
export const currentSpan = (telemetry: number): any =>
  current.size > 0 ? current.get(telemetry) : undefined;

/** Calls a function within the scope of a span; the scope around it is back when it returns or throws. */
export function runWithin<T>(telemetry: number, span: unknown, call: () => T): T {
  const before = current.get(telemetry);
  current.set(telemetry, span);
  try {
    return call();
  } finally {
    if (before === undefined) current.delete(telemetry);
    else current.set(telemetry, before);
  }
}
