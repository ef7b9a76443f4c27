// The package's `records.js` with its module, for tests in Node: a page fetches the module, a test reads it.

import { readFileSync } from 'node:fs';
import { hmac, inspect, load, transcode } from '../pkg/dist/records.js';

const file = readFileSync(new URL('../pkg/dist/tonearm_records_bg.wasm', import.meta.url));
await load(new Response(file, { headers: { 'content-type': 'application/wasm' } }));

export { hmac, inspect, transcode };
