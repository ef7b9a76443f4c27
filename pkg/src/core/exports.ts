// The exports of a core's instance as functions that scripts call. Knows neither the instance nor its glue.

/**
 * The functions of the glue, which convert what needs more, and those exports of the instance that it has
 * none for. To the instance bytes are a place and a length.
 */
export function bindExports(
  instance: Record<string, (...args: unknown[]) => unknown>,
  glue: { pass(value: unknown): unknown },
) {
  const calls = { ...instance };
  for (const [name, call] of Object.entries(calls)) {
    const { length } = call;
    calls[name] = (...args: any[]) =>
      args.length < length ? call(...args.flatMap(glue.pass)) : call(...args);
  }
  return { ...calls, ...glue };
}
