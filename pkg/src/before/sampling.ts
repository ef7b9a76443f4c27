// Which spans are exported, where a trace begins (`crates/telemetry/src/sampling.rs`).

import { idsOf } from './context.js';
import type { Context } from './context.js';
import type { Sampler } from '../types/index.js';

/**
 * Whether a part of all traces has this one: its id's lower seven bytes, as a number, are not below the rest.
 * They have more bits than a double, so the last one is compared by itself.
 */
function chooses(part: number, ids: Uint8Array) {
  const rest = (1 - part) * 2 ** 56;
  let high = 0;
  for (let n = 9; n < 15; n++) high = high * 256 + ids[n];
  const restHigh = Math.floor(rest / 256);
  return high > restHigh || (high === restHigh && ids[15] >= rest - restHigh * 256);
}

/** Whether a span is exported, as the core decides it (`sampling.rs`). */
export function samples(
  { ratio = 1, byName, parentBased }: Sampler,
  name: string,
  context: Context,
  parent: Context | undefined,
) {
  const part = byName && Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (part === undefined && parent && (!parent.isRemote || parentBased)) return parent.flags & 1;
  return chooses(part ?? ratio, idsOf(context));
}
