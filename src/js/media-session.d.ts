// The types of `tonearm/media-session`.

import type { Player } from './types.js';
import type { Queue } from './queue.js';

/**
 * Shows a player or a queue on the lock screen and in the system's controls, and obeys these, until the signal aborts. Title, artist,
 * album and cover are the file's own (`player.metadata`), under what `metadata` gives. Does nothing where there is no Media Session.
 */
export function mediaSession(
  music: Player | Queue,
  options?: { signal?: AbortSignal; metadata?: () => MediaMetadataInit | undefined },
): void;
