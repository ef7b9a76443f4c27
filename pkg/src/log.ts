// A log record of the app's own, as the core takes it over: its time and its severity, and the exception that
// it is about.

import { contextOf } from './before/context.js';
import { enqueue } from './core/batch.js';
import { gatherLog } from './core/flat.js';
import type { LogRow } from './core/flat.js';
import { severityOf } from './core/severity.js';
import { safeString } from './host/webidl.js';
import type { LogRecord } from './types/index.js';

const NONE = {};

/**
 * Records a log; throws what a getter of the record throws.
 * @param time page time
 * @param span the current one
 */
export function recordLog(telemetry: number, time: number, record: LogRecord, span: unknown) {
  const { body, severity, eventName, attributes, span: given = span } = record;
  const row: LogRow = {
    time,
    severity: severityOf(severity),
    eventName: safeString(eventName),
    body,
    attributes: Object(attributes ?? NONE),
    context: given === undefined ? undefined : contextOf(given),
  };
  enqueue(telemetry, 'logs', gatherLog, row);
}
