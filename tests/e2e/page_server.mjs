// A server of pages that answers as a test wants: the package below /pkg, tracks below /tracks, an echo of
// what it was asked, redirects, and pages with headers of their own.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = /** @type {Record<string, string>} */ ({
  pkg: 'pkg/dist',
  tracks: 'tests/e2e/media',
  pages: 'tests/e2e/pages',
});
const TYPES = /** @type {Record<string, string>} */ ({
  js: 'text/javascript',
  wasm: 'application/wasm',
  html: 'text/html',
  mp3: 'audio/mpeg',
});

export const MODULE_PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="module">import * as tonearm from '/pkg/index.js'; globalThis.tonearm = tonearm;</script>`;

/**
 * @typedef {{ method: string, url: string, headers: import('node:http').IncomingHttpHeaders, body: string }}
 * Asked
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) =>
 * unknown} Route
 */

/**
 * Starts a server on a port of its own.
 * @param {Record<string, Route>} [routes] by the path's first part
 */
export async function startPageServer(routes = {}) {
  /** @type {Asked[]} */
  const asked = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://host');
    const [, first = '', ...rest] = url.pathname.split('/');
    if (routes[first]) return routes[first](request, response);
    if (first === 'echo') {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method = '', headers } = request;
      const seen = { method, url: request.url ?? '', headers, body: Buffer.concat(chunks).toString() };
      asked.push(seen);
      return response.setHeader('content-type', 'application/json').end(JSON.stringify(seen));
    }
    if (first === 'redirect')
      return response.writeHead(302, { location: url.searchParams.get('to') ?? '' }).end();
    if (first === '' || first === 'blank')
      return response.setHeader('content-type', 'text/html').end(MODULE_PAGE);
    try {
      const bytes = await readFile(`${root}${FOLDERS[first]}/${rest.join('/')}`);
      response.setHeader('content-type', TYPES[rest.at(-1)?.split('.').at(-1) ?? ''] ?? 'text/plain');
      response.setHeader('access-control-allow-origin', '*');
      return response.end(bytes);
    } catch {
      return response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    /** The same server by another name: another origin. */
    other: `http://localhost:${port}`,
    asked,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
