// A log record of the app's own, as the core takes it over: its time and its severity, and the exception that it is about.

import { contextOf } from './context.js';
import { enqueue } from './batch.js';
import { gatherLog } from './flat.js';
import { severityOf } from './severity.js';
import { safeString } from './webidl.js';

const NONE = {};

/** @typedef {{ time: number, severity: number, eventName: string, body: unknown, attributes: object, context: import('./context.js').Context | undefined }} LogRow */

/**
 * Records a log; throws what a getter of the record throws.
 * @param {number} telemetry @param {number} time page time @param {import('./types').LogRecord} record @param {unknown} span the current one
 */
export function recordLog(telemetry, time, record, span) {
  const { body, severity, eventName, attributes, span: given = span } = record;
  /** @type {LogRow} */
  const row = {
    time,
    severity: severityOf(severity),
    eventName: safeString(eventName),
    body,
    attributes: Object(attributes ?? NONE),
    context: given === undefined ? undefined : contextOf(given),
  };
  enqueue(telemetry, 'logs', gatherLog, row);
}
