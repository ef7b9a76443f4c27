// All types of the package by name.

export type * from './attributes.js';
export type * from './init.js';
export type * from './instruments.js';
export type * from './player.js';
export type * from './queue.js';
export type * from './spans.js';
export type * from './telemetry.js';
export type { Player } from '../player.js';
export type { Queue } from '../queue.js';
export type { Telemetry } from '../telemetry.js';
