// An OTLP endpoint that reads what it is sent, in protobuf or JSON, gzipped or not: what an app's options do
// is judged by what leaves the page.

import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { transcode } from '../records.mjs';

/** A value as JavaScript has it. @param {any} value @returns {any} */
const plain = ({ stringValue, boolValue, intValue, doubleValue, arrayValue }) =>
  arrayValue
    ? (arrayValue.values ?? []).map(plain)
    : (stringValue ?? boolValue ?? (intValue === undefined ? doubleValue : Number(intValue)));
/** @param {any[]} [attributes] */
export const attributesOf = (attributes = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));

export async function startOtlpServer() {
  /** @type {{ type: string, encoding: string }[]} */
  const requests = [];
  /** @type {{ spans: any[], metrics: any[], logs: any[] }} */
  const got = { spans: [], metrics: [], logs: [] };
  let status = 200;
  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*');
    response.setHeader('access-control-expose-headers', 'date');
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { 'content-type': type = '', 'content-encoding': encoding = '' } = request.headers;
    requests.push({ type, encoding });
    const sent = Buffer.concat(chunks);
    const body = encoding === 'gzip' ? gunzipSync(sent) : sent;
    const signal = /** @type {'traces' | 'metrics' | 'logs'} */ (String(request.url).split('/').at(-1));
    const json = JSON.parse(
      type === 'application/json'
        ? body.toString()
        : new TextDecoder().decode(transcode.request(signal, body)),
    );
    if (status === 200) {
      for (const { resource, ...all } of json.resourceSpans ?? json.resourceMetrics ?? json.resourceLogs) {
        const scopes = all.scopeSpans ?? all.scopeMetrics ?? all.scopeLogs;
        for (const record of scopes.flatMap(
          (/** @type {any} */ scope) => scope.spans ?? scope.metrics ?? scope.logRecords,
        )) {
          const list = { traces: got.spans, metrics: got.metrics, logs: got.logs }[signal];
          list.push({
            ...record,
            own: attributesOf(record.attributes),
            resource: attributesOf(resource.attributes),
            resourceKeys: resource.attributes.map((/** @type {any} */ { key }) => key),
          });
        }
      }
    }
    return response.writeHead(status).end(type === 'application/json' ? '{}' : undefined);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return {
    url: `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`,
    requests,
    got,
    answer: (/** @type {number} */ next) => (status = next),
    /**
     * What a service has sent, once `done` is content with it.
     * @param {string} service
     * @param {(got: any) => unknown} done
     */
    async of(service, done) {
      const of = (/** @type {any[]} */ list) =>
        list.filter(({ resource }) => resource['service.name'] === service);
      for (let n = 0; n < 100; n++) {
        const ours = { spans: of(got.spans), metrics: of(got.metrics), logs: of(got.logs) };
        if (done(ours)) return ours;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(
        `it never came: ${JSON.stringify({ spans: of(got.spans).map(({ name }) => name), logs: of(got.logs).map(({ eventName }) => eventName), metrics: of(got.metrics).map(({ name }) => name) })}`,
      );
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
