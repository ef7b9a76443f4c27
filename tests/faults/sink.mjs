// An OTLP endpoint that misbehaves as it is told, in front of the backend's receiver, which decodes what gets
// through.

import { createServer } from 'node:http';

/**
 * What an endpoint does with a request.
 * @typedef {'accept' | 'down' | { status: number, headers?: Record<string, string>, body?: Uint8Array,
 * times?: number, accepts?: boolean } | { wait: number }} Behaviour
 */

/** @param {string} receiver where good requests go on to */
export async function startSink(receiver) {
  /** @type {Behaviour} */
  let behaviour = 'accept';
  let requests = 0;
  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*');
    response.setHeader('access-control-expose-headers', 'retry-after');
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (behaviour === 'down') return request.socket.destroy();
    requests += 1;
    const chunks = [];
    // A page that is gone in the middle of a request has sent no request.
    request.on('error', () => {});
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return undefined;
    }
    if (typeof behaviour === 'object' && 'wait' in behaviour)
      await new Promise((resolve) => setTimeout(resolve, /** @type {any} */ (behaviour).wait));
    const told = typeof behaviour === 'object' && 'status' in behaviour ? behaviour : undefined;
    if (told && told.times !== undefined && --told.times <= 0) behaviour = 'accept';
    if (!told || told.accepts) {
      const { 'content-type': type, 'content-encoding': encoding } = request.headers;
      await fetch(receiver + request.url, {
        method: 'POST',
        headers: { 'content-type': String(type), ...(encoding && { 'content-encoding': encoding }) },
        body: Buffer.concat(chunks),
      });
    }
    return response.writeHead(told?.status ?? 200, told?.headers).end(told?.body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    behave: (/** @type {Behaviour} */ next) => (behaviour = next),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
