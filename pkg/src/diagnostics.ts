// What an app reads of records that did not arrive: why, and what to check. Loaded with the first failure.
// Knows no pipeline, and does not decide when an app is warned.

import { urlOf } from './host/fetch.js';
import type { Destination, Diagnose } from './host/fetch.js';
import type { ExportDiagnostic } from './types/index.js';

/** What happened, by the problem. */
const FACTS = {
  unreachable: 'there was no response',
  unavailable: 'the endpoint may accept it later',
  rejected: 'the endpoint refuses it',
  redirected: 'the endpoint redirects, which is not followed',
  too_large: 'a single record is larger than the endpoint accepts',
  partial_success: 'the endpoint has a message about some records',
};

const URL =
  'the URL (options "endpoint" and "endpoints"; /v1/traces, /v1/metrics and /v1/logs are added to the first)';
const CORS =
  "CORS (the answer to the preflight allows this page's origin, POST, and the headers content-type, " +
  'content-encoding and those of the option "headers")';
const TOKEN = 'the token (option "headers")';
const FORMAT = 'the format (options "protocol" and "compression")';
const LIMIT = 'its limit for the size of a request';
const LOGS = 'the logs of the endpoint';

/** What to check first, by the status. */
const BY_STATUS: Record<number, string> = {
  400: FORMAT,
  401: TOKEN,
  403: TOKEN,
  404: URL,
  405: URL,
  413: LIMIT,
  415: FORMAT,
  429: 'its rate limit',
};
/** What to check first, by the problem. */
const BY_PROBLEM: Record<string, string> = {
  unreachable: `that it runs, its certificate, and the page's content security policy (connect-src)`,
  redirected: `${URL} and ${TOKEN}: a redirect often leads to a login page`,
};

/** What the console shows. */
function warningOf({ signal, problem, url, status, records, message }: ExportDiagnostic) {
  const first = BY_PROBLEM[problem] ?? BY_STATUS[status ?? 0] ?? LOGS;
  return [
    `Tonearm: ${signal} do not arrive at ${url}: ${FACTS[problem]} (status ${status ?? 'unknown'})`,
    ...(message ? [`The endpoint says: ${message}`] : []),
    ...(records ? [`Dropped records: ${records}`] : []),
    `Check ${first}`,
    `In general: the status of the request in the network panel; ${[URL, CORS, TOKEN].join('; ')}`,
    'Later problems of this kind are events of the type "diagnostic" and reasons of health() alone.',
  ].join('. ');
}

/** Makes a failed delivery known to the app, by an event and, where the core says so, by a warning. */
export function diagnose(
  telemetry: EventTarget,
  destination: Destination,
  [signal, problem, status, records, warns, message]: Parameters<Diagnose>,
) {
  const detail: ExportDiagnostic = {
    signal,
    problem,
    url: urlOf(destination, signal),
    status: status || undefined,
    records,
    message: new TextDecoder().decode(message),
  };
  if (warns) console.warn(warningOf(detail));
  telemetry.dispatchEvent(new CustomEvent('diagnostic', { detail }));
}
