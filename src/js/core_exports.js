// The exports of a core's instance as functions that scripts call. Knows neither the instance nor its glue.

/**
 * The functions of the glue, which convert what needs more, and those exports of the instance that it has none for. To the
 * instance bytes are a place and a length.
 * @param {Record<string, Function>} instance @param {{ pass(value: unknown): unknown }} glue
 */
export function bindExports(instance, glue) {
  const calls = { ...instance };
  for (const [name, call] of Object.entries(calls))
    calls[name] = (/** @type {any[]} */ ...args) =>
      call(...(args.length < call.length ? args.flatMap(glue.pass) : args));
  return { ...calls, ...glue };
}
