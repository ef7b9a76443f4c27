// A log record of the app's own, as the core takes it over: its time and its severity, and the exception that it is about.

import { contextOf } from './context.js';
import { enqueue } from './batch.js';
import { gatherLog } from './flat.js';
import { severityOf } from './severity.js';
import { exceptionOf, isError } from './values.js';
import { copyAttributes, safeString } from './webidl.js';

/** The number of logs among the signals. */
const LOGS = 2;

/** @typedef {{ time: number, severity: number, eventName: string, body: unknown, attributes: object, context: import('./context.js').Context | undefined }} LogRow */

/**
 * Records a log; throws what a getter of the record throws. The first error among its body and its attributes is its exception.
 * @param {number} telemetry @param {number} time page time @param {import('./types').LogRecord} record @param {unknown} span the current one
 */
export function recordLog(telemetry, time, record, span) {
  const { body, severity, eventName } = record;
  let attributes = copyAttributes(record.attributes);
  let error = isError(body) ? body : undefined;
  for (const name in attributes) if (!error && isError(attributes[name])) error = attributes[name];
  if (error) attributes = { ...exceptionOf(error), ...attributes };
  /** @type {LogRow} */
  const row = {
    time,
    severity: severityOf(severity),
    eventName: safeString(eventName),
    body,
    attributes,
    context: contextOf(record.span ?? span),
  };
  enqueue({ telemetry, signal: LOGS, write: () => gatherLog(row) });
}
