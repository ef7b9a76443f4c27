// Items, options and events of a queue.

import type { PlayerEventName, PlayerOptions, Source } from './player.js';

/** A track of the queue. */
export type Item = string | URL | Source;
/** What comes behind the last track, or behind each. */
export type Repeat = 'off' | 'one' | 'all';

export interface QueueOptions extends PlayerOptions {
  repeat?: Repeat;
  shuffle?: boolean;
  /** Seconds that one track sounds across the next, from 0 (gapless) to 30. */
  crossfade?: number;
}

/**
 * The events of a queue: those of the player that is heard, and its own. `error` also where an item is no
 * source.
 */
export type QueueEventName = PlayerEventName | 'trackchange' | 'itemschange' | 'queueended' | 'sleep';
