// What `import … from 'tonearm'` gives. Importing touches nothing; see `types.d.ts` for every name.

export { init } from './loader.js';
export { createPlayer, Player } from './player.js';
export { canPlayType } from './source.js';
export { createTelemetry, Telemetry } from './telemetry.js';
