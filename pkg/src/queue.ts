// A queue of tracks over two players: while one is heard the other holds the next, so that it begins with the
// very frame behind the last one, across it, or at once where the listener skips. A script of its own
// (`tonearm/queue`): pages without a queue load none of it.

import { Player } from './index.js';
import { double, enumeration, knownOptions, unsignedLong } from './host/webidl.js';
import type { Item, PlayerOptions, QueueEventName, QueueOptions, Repeat } from './types/index.js';

export type * from './types/queue.js';

/** Events of the player that is heard, which the queue dispatches too. */
const FORWARDED = [
  'statechange',
  'loadedmetadata',
  'metadatachange',
  'durationchange',
  'canplay',
  'progress',
  'play',
  'waiting',
  'playing',
  'pause',
  'seeking',
  'seeked',
  'timeupdate',
  'error',
];
/**
 * Seconds before the end at which the next track is prepared, where the current one is not in memory before.
 */
const PREPARE_BEFORE = 20;
/** Seconds before a crossfade at which it is scheduled. */
const LAY_DOWN_BEFORE = 3;

/** The longest delay of a timer (HTML), in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Its own options, and those of its players. */
const OPTIONS = [
  ...['repeat', 'shuffle', 'crossfade'],
  ...['telemetry', 'destination', 'engine', 'replayGain'],
];

/** What a player holds that waits, and how to call that off. */
interface Next {
  item: Item;
  abort: AbortController;
  refused: boolean;
}

/** Listens without having the player dispatch `timeupdate` more often. */
const addListenerWithoutActivation = EventTarget.prototype.addEventListener;
const noop = () => {};

/**
 * A queue of tracks: the next is prepared while one is heard, and begins with the very frame behind its last
 * one.
 */
export class Queue extends EventTarget {
  #items: Item[] = [];
  /** The items' numbers in the order in which they are played. */
  #order: number[] = [];
  #at = -1;
  /** The one that is heard, and the one that waits. */
  #players: [Player, Player];
  /** What the second one holds, and how to call that off. */
  #next: Next | undefined;
  #repeat: Repeat = 'off';
  #shuffle = false;
  #crossfade = 0;
  #volume = 1;
  #muted = false;
  #sleep: ReturnType<typeof setTimeout> | undefined;
  #sleepAtEnd = false;
  #fading = false;

  constructor(given?: QueueOptions) {
    super();
    const {
      repeat = 'off',
      shuffle = false,
      crossfade = 0,
      ...options
    } = knownOptions('createQueue', given, OPTIONS);
    this.repeat = repeat;
    this.crossfade = crossfade;
    this.#shuffle = Boolean(shuffle);
    // Last, since a player that is made has to be destroyed.
    this.#players = [this.#open(options), this.#open(options)];
  }

  #open(options: PlayerOptions) {
    const player = new Player(options);
    for (const name of FORWARDED) {
      addListenerWithoutActivation.call(
        player,
        name,
        () => player === this.player && this.dispatchEvent(new Event(name)),
      );
    }
    player.addEventListener('ended', () => player === this.player && this.#ended());
    for (const name of ['timeupdate', 'progress', 'playing']) {
      addListenerWithoutActivation.call(player, name, () => player === this.player && this.#lookAhead());
    }
    // What was laid down for an end that has moved.
    for (const name of ['seeking', 'waiting', 'pause']) {
      player.addEventListener(name, () => player === this.player && this.#crossfade > 0 && this.#callOff());
    }
    return player;
  }

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
  addEventListener(...listener: Parameters<EventTarget['addEventListener']>): void {
    super.addEventListener(...listener);
    if (listener[0] === 'timeupdate')
      for (const player of this.#players) player.addEventListener('timeupdate', noop);
  }

  /** The player that is heard: its position, its duration, its state. Another one with each `trackchange`. */
  get player(): Player {
    return this.#players[0];
  }
  get items(): Item[] {
    return this.#items.slice();
  }
  /** The current item's place among the items; -1 before the first play. */
  get index(): number {
    return this.#order[this.#at] ?? -1;
  }
  get current(): Item | undefined {
    return this.#items[this.index];
  }

  get repeat(): Repeat {
    return this.#repeat;
  }
  set repeat(repeat) {
    this.#repeat = enumeration('repeat', repeat, ['off', 'one', 'all']);
    this.#callOff();
  }
  /** Seconds. */
  get crossfade(): number {
    return this.#crossfade;
  }
  set crossfade(given) {
    const seconds = double('crossfade', given);
    if (!(seconds >= 0 && seconds <= 30))
      throw new TypeError(`crossfade: expected seconds from 0 to 30, got ${seconds}`);
    this.#crossfade = seconds;
    this.#callOff();
  }
  get shuffle(): boolean {
    return this.#shuffle;
  }
  set shuffle(shuffle) {
    this.#shuffle = Boolean(shuffle);
    this.#reorder(this.index);
  }
  /** From 0 to 1. */
  get volume(): number {
    return this.#volume;
  }
  set volume(volume) {
    for (const player of this.#players) player.volume = volume;
    this.#volume = this.player.volume;
    this.dispatchEvent(new Event('volumechange'));
  }
  get muted(): boolean {
    return this.#muted;
  }
  set muted(muted) {
    this.#muted = Boolean(muted);
    for (const player of this.#players) player.muted = this.#muted;
    this.dispatchEvent(new Event('volumechange'));
  }

  add(...items: Item[]): void {
    this.insert(this.#items.length, ...items);
  }

  insert(at: number, ...items: Item[]): void {
    const index = unsignedLong('insert: "at"', at);
    const current = this.current;
    this.#items.splice(index, 0, ...items);
    this.#changed(current);
  }

  remove(at: number): void {
    const index = unsignedLong('remove: "at"', at);
    const current = this.current;
    const [removed] = this.#items.splice(index, 1);
    if (removed === current) this.player.stop();
    this.#changed(current);
  }

  move(from: number, to: number): void {
    const [source, target] = [unsignedLong('move: "from"', from), unsignedLong('move: "to"', to)];
    const current = this.current;
    this.#items.splice(target, 0, ...this.#items.splice(source, 1));
    this.#changed(current);
  }

  clear(): void {
    this.#items = [];
    this.#changed(undefined);
    this.player.stop();
  }

  #changed(current: Item | undefined) {
    this.#reorder(current === undefined ? -1 : this.#items.indexOf(current));
    this.dispatchEvent(new Event('itemschange'));
  }

  /** Lays the order down anew, the current item where it is. */
  #reorder(index: number) {
    this.#order = this.#items.map((_, n) => n);
    if (this.#shuffle) {
      for (let n = this.#order.length - 1; n > 0; n--) {
        const other = Math.floor(Math.random() * (n + 1));
        [this.#order[n], this.#order[other]] = [this.#order[other], this.#order[n]];
      }
      // What is heard now comes first, so that all others are still to come.
      this.#order = [...this.#order.filter((n) => n === index), ...this.#order.filter((n) => n !== index)];
    }
    this.#at = this.#order.indexOf(index);
    this.#callOff();
  }

  /**
   * The place in the order that comes next, or -1.
   * @param asked by the listener
   */
  #place(step: number, asked: boolean) {
    if (this.#repeat === 'one' && !asked) return this.#at;
    const place = this.#at + step;
    if (place >= 0 && place < this.#order.length) return place;
    return this.#repeat === 'all' && this.#order.length > 0
      ? (place + this.#order.length) % this.#order.length
      : -1;
  }

  /** Plays an item, or goes on. Rejects with an `IndexSizeError` where there is none. */
  async play(given?: number): Promise<void> {
    const index = given === undefined ? given : unsignedLong('play: "index"', given);
    if (index === undefined && this.#at >= 0 && this.player.state !== 'idle') return this.player.play();
    const place = index === undefined ? Math.max(0, this.#at) : this.#order.indexOf(index);
    if (place < 0 || place >= this.#order.length)
      throw new DOMException(`There is no item ${index ?? 0}.`, 'IndexSizeError');
    return this.#go(place);
  }

  pause(): void {
    // Both, where one still sounds across the other.
    for (const player of this.#players) if (!player.paused) player.pause();
  }

  async next(): Promise<void> {
    const place = this.#place(1, true);
    if (place < 0) return this.player.stop();
    return this.#go(place);
  }

  /** The start of the track, or the one before within its first three seconds. */
  async previous(): Promise<void> {
    const place = this.#place(-1, true);
    if (this.player.currentTime > 3 || place < 0) {
      this.player.currentTime = 0;
      return;
    }
    return this.#go(place);
  }

  /** Plays the item at a place of the order, from what is prepared where it is that one. */
  #go(place: number) {
    const item = this.#items[this.#order[place]];
    const prepared = this.#next?.item === item && !this.#next.refused;
    this.#next?.abort.abort();
    this.#next = undefined;
    if (prepared) {
      this.#swap(place);
      if (!this.#players[1].ended) this.#players[1].stop();
      return this.player.play();
    }
    this.#players[1].stop();
    this.#at = place;
    const { player } = this;
    const loaded = player.load(item);
    // In the task of the click; the core takes both in their order.
    const playing = player.play();
    loaded.catch((error) => {
      // Where the item is no source, the one before must not play once more.
      player.stop();
      if (!(error instanceof TypeError)) return;
      console.error(error);
      this.dispatchEvent(new Event('error'));
    });
    this.dispatchEvent(new Event('trackchange'));
    return Promise.all([loaded, playing]).then(noop);
  }

  /** The player that waited is heard now. */
  #swap(place: number) {
    this.#players.reverse();
    this.#at = place;
    this.dispatchEvent(new Event('trackchange'));
  }

  #callOff() {
    this.#next?.abort.abort();
    this.#next = undefined;
  }

  /** Prepares the next track in time. */
  #lookAhead() {
    const { player } = this;
    if (this.#next || player.paused || this.#sleepAtEnd) return;
    const place = this.#place(1, false);
    if (place < 0) return;
    const left = (player.duration - player.currentTime) / player.playbackRate;
    const { buffered } = player;
    const complete = buffered.length > 0 && buffered.end(0) >= player.duration - 0.25;
    const due =
      this.#crossfade > 0 ? left <= this.#crossfade + LAY_DOWN_BEFORE : complete || left <= PREPARE_BEFORE;
    if (!due) return;
    const item = this.#items[this.#order[place]];
    const abort = new AbortController();
    const next: Next = { item, abort, refused: false };
    this.#next = next;
    const waits = this.#players[1];
    const loaded = waits.load(item);
    // It is no source: another attempt names it when its turn comes.
    loaded.catch(() => (next.refused = true));
    loaded
      .then(() =>
        waits.follow(player, {
          crossfade: Math.min(this.#crossfade, Math.max(0, left - 0.2)),
          signal: abort.signal,
        }),
      )
      .then(
        () => {
          if (this.#next !== next) return;
          this.#next = undefined;
          this.#swap(this.#place(1, false));
        },
        () => {
          // It was called off, or will be played, and fail by name, when the current one has ended.
        },
      );
  }

  #ended() {
    this.dispatchEvent(new Event('ended'));
    const place = this.#place(1, false);
    if (this.#sleepAtEnd || place < 0) {
      this.#sleepAtEnd = false;
      this.dispatchEvent(new Event('queueended'));
      return;
    }
    // The one that follows may have begun in this very moment: then it is its own start that is awaited here.
    this.#go(place).catch(() => {});
  }

  /**
   * Falls silent after so many seconds, fading at the end, or behind the current track; `null` calls that
   * off.
   */
  sleepTimer(given: { after?: number; atEnd?: boolean; fade?: number } | null) {
    const { after, atEnd, fade: seconds = 5 } = knownOptions('sleepTimer', given, ['after', 'atEnd', 'fade']);
    const fade = double('sleepTimer: option "fade"', seconds);
    const millis = after === undefined ? undefined : 1000 * double('sleepTimer: option "after"', after);
    clearTimeout(this.#sleep);
    if (this.#fading) this.player.fade(1, 0.2);
    this.#fading = false;
    this.#sleepAtEnd = Boolean(atEnd);
    if (this.#sleepAtEnd) this.#callOff();
    if (millis === undefined) return;
    this.#sleep = setTimeout(
      () => {
        this.#fading = true;
        try {
          this.player.fade(0, fade);
        } catch {
          // A volume that a page may not set: the music ends without a fade.
        }
        this.#sleep = setTimeout(() => {
          // Another one, where a track ended meanwhile.
          for (const player of this.#players) player.pause();
          this.player.fade(1, 0);
          this.#fading = false;
          this.dispatchEvent(new Event('sleep'));
        }, fade * 1000);
      },
      Math.min(Math.max(0, millis - fade * 1000), MAX_TIMEOUT),
    );
  }

  destroy(): void {
    clearTimeout(this.#sleep);
    this.#callOff();
    for (const player of this.#players) player.destroy();
  }
}

/** Makes a queue. */
export const createQueue = (options?: QueueOptions) => new Queue(options);
