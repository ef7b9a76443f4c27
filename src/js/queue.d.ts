// The types of `tonearm/queue`.

import type { Player, PlayerEventName, PlayerOptions, Source } from './types.js';

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

/** The events of a queue: those of the player that is heard, and its own. `error` also where an item is no source. */
export type QueueEventName = PlayerEventName | 'trackchange' | 'itemschange' | 'queueended' | 'sleep';

/**
 * A queue of tracks: the next is prepared while one is heard, and begins with the very frame behind its last
 * one.
 */
export class Queue extends EventTarget {
  constructor(options?: QueueOptions);
  /** The player that is heard: its position, its duration, its state. Another one with each `trackchange`. */
  readonly player: Player;
  readonly items: Item[];
  /** The current item's place among the items; -1 before the first play. */
  readonly index: number;
  readonly current: Item | undefined;
  repeat: Repeat;
  shuffle: boolean;
  /** Seconds. */
  crossfade: number;
  /** From 0 to 1. */
  volume: number;
  muted: boolean;
  add(...items: Item[]): void;
  insert(at: number, ...items: Item[]): void;
  remove(at: number): void;
  move(from: number, to: number): void;
  clear(): void;
  /** Plays an item, or goes on. Rejects with an `IndexSizeError` where there is none. */
  play(index?: number): Promise<void>;
  pause(): void;
  next(): Promise<void>;
  /** The start of the track, or the one before within its first three seconds. */
  previous(): Promise<void>;
  /**
   * Falls silent after so many seconds, fading at the end, or behind the current track; `null` calls that
   * off.
   */
  sleepTimer(options: { after?: number; atEnd?: boolean; fade?: number } | null): void;
  destroy(): void;
  addEventListener(
    type: QueueEventName,
    listener: (this: Queue, event: Event) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** Makes a queue. */
export function createQueue(options?: QueueOptions): Queue;
