// Sources, options, events and figures of a player.

import type { Telemetry } from '../telemetry.js';
import type { RemoteContext, Span } from './spans.js';

/** The state of a player. */
export type PlayerState =
  | 'idle'
  | 'loading'
  | 'ready'
  | 'starting'
  | 'playing'
  | 'rebuffering'
  | 'paused'
  | 'seeking'
  | 'ended'
  | 'failed'
  | 'recovering';

/** What a source's `resolve` is given. */
export interface ResolveContext {
  /** `fetch`, as a span of the play, with its `traceparent` where the destination may have one. */
  fetch: typeof fetch;
  /** Aborted when the play is not wanted any more. */
  signal: AbortSignal;
}

/** What is fetched before a play, as `HTMLMediaElement.preload` means it. */
export type Preload = 'none' | 'metadata' | 'auto';

/** A track. Either `src` or `resolve` is needed. */
export interface Source {
  /** The URL of the media, or the media itself. */
  src?: string | URL | Blob;
  /** Headers of the media requests. */
  headers?: Record<string, string>;
  /**
   * Makes the media requests in the app's own way: a service that signs them, a cache. A `Range` header may
   * be among those of the request.
   */
  fetch?(request: Request): Promise<Response>;
  /**
   * Gives another URL where the server says that this one has run out (401, 403, 404, 410), before the play
   * and in its middle. At another origin its requests carry no `authorization` of `headers`, and a
   * `traceparent` only where `propagateTo` has the origin.
   */
  renew?(expired: { url: string; status: number }): string | URL | Promise<string | URL>;
  /**
   * Gives the URL when the play begins, for instance from the track's metadata; part of the play's trace. It
   * has as long as a first byte (`firstByteTimeout`), then its signal aborts and the play fails with
   * `NetworkError`.
   */
  resolve?(context: ResolveContext): string | URL | Promise<string | URL>;
  /** `include` sends cookies to other origins too. */
  credentials?: 'same-origin' | 'include';
  /**
   * Seconds that the server may take until the first byte of a media request: 20. A play that waits longer
   * fails with `NetworkError`.
   */
  firstByteTimeout?: number;
  /** `music.track_id` of the play. */
  trackId?: string;
  /** `music.playlist_id` of the play. */
  playlistId?: string;
  /** The app's span above the play; without it the play begins a trace. */
  parent?: Span | string | RemoteContext;
}

export interface LoadOptions {
  /** Ends the load, and the play of its source, when it aborts; after that only another load plays. */
  signal?: AbortSignal;
}

export interface PlayOptions {
  /** Who asks: found out from the page's user activation by default. */
  trigger?: 'user' | 'auto' | 'api';
  /** Where the browser wants a gesture, wait for the next one instead of rejecting. */
  onGesture?: boolean;
}

/** Who plays: `stream` is the package's own engine, `element` the browser's. */
export type Engine = 'stream' | 'element';

/** Whether the loudness that a file states is levelled, and of what. */
export type ReplayGain = 'off' | 'track' | 'album';

export interface PlayerOptions {
  /**
   * Levels tracks by the ReplayGain or R128 tags of their files, of the track or of its album; `off` at
   * first.
   */
  replayGain?: ReplayGain;
  /**
   * `auto` at first: the package's own, but for iOS, where a locked screen suspends Web Audio; and the
   * element where that can't play: media of another origin without CORS, formats that it does not know, no
   * worklet; never for sources with hooks or headers.
   */
  engine?: 'auto' | Engine;
  /** The pipeline that records the plays. Without one the player works alike. */
  telemetry?: Telemetry;
  /** Where the sound goes, in any AudioContext; by default the speakers, over one context for the page. */
  destination?: AudioNode;
}

/** The figures of the current or last play. Times in seconds. */
export interface PlayerStats {
  /** Audio that was heard. */
  playTime: number;
  /** Silence of stalls. */
  stallTime: number;
  /** Stalls. */
  stalls: number;
  /** Packets that could not be decoded and became silence. */
  decodeFailures: number;
  /** Play request to first audible sample; NaN before. */
  latency: number;
  /** The parts that the latency is the sum of. */
  phases: { metadata: number; connect: number; firstByte: number; decode: number; output: number };
}

/**
 * What a file says of its music (ID3v2, Vorbis comments, the list of iTunes): names as in Vorbis comments, in
 * small letters.
 */
export interface TrackMetadata {
  title?: string;
  artist?: string;
  album?: string;
  albumartist?: string;
  date?: string;
  genre?: string;
  tracknumber?: string;
  [name: string]: string | Blob | undefined;
  /** The front cover, as the file has it: for `URL.createObjectURL()`. */
  artwork?: Blob;
}

/**
 * The events of a player; all are plain `Event`s. `timeupdate` comes four times a second from when
 * `addEventListener` is first called for it.
 */
export type PlayerEventName =
  | 'statechange'
  | 'emptied'
  | 'loadstart'
  | 'loadedmetadata'
  | 'durationchange'
  | 'canplay'
  | 'progress'
  | 'metadatachange'
  | 'play'
  | 'waiting'
  | 'playing'
  | 'pause'
  | 'ended'
  | 'seeking'
  | 'seeked'
  | 'timeupdate'
  | 'volumechange'
  | 'ratechange'
  | 'error';
