// What `import … from 'tonearm'` gives. Importing touches nothing.

export { init } from './init.js';
export { createPlayer, Player } from './player.js';
export { canPlayType } from './before/media_types.js';
export { createTelemetry, Telemetry } from './telemetry.js';
export type * from './types/index.js';
