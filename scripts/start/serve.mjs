// Serves what is built: `serve.mjs PORT [--path PATH] [arguments of the backend]`. Ends with Ctrl+C.

import { onEnd, startDemo } from './demo.mjs';

const [port, ...rest] = process.argv.slice(2);
const path = rest[0] === '--path' ? rest.splice(0, 2)[1] : '';
const demo = await startDemo(Number(port), path, rest);
onEnd(demo.stop);
console.log(`[tonearm] Tonearm is playing at ${demo.address} (Ctrl+C ends it).`);
process.exit(await demo.ended);
