// Which spans are exported, where a trace begins (`crates/telemetry/src/sampling.rs`).

import { idsOf } from './context.js';
import type { Context } from './context.js';
import type { Sampler } from '../types/index.js';

/** Whether a span is exported, as the core decides it (`sampling.rs`). */
export function samples(
  { ratio = 1, byName, parentBased }: Sampler,
  name: string,
  context: Context,
  parent: Context | undefined,
) {
  const part = byName && Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (part === undefined && parent && (!parent.isRemote || parentBased)) return parent.flags & 1;
  const ids = idsOf(context);
  let random = 0;
  for (let n = 15; n > 8; n--) random = (random + ids[n]) / 256;
  return random >= 1 - (part ?? ratio);
}
