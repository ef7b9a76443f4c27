// Asks the app whether a record is exported. Knows nothing of what a record holds.

import { mismatch } from '../host/webidl.js';
import type { RedactedRecord, TelemetryConfig } from '../types/index.js';

/**
 * Shows a record to the app. Returns whether it is kept. A decision that comes later is none: the record
 * would leave before it, unredacted.
 */
export function isKept(redact: NonNullable<TelemetryConfig['redact']>, record: RedactedRecord) {
  const decision = redact(record) as unknown;
  if (typeof decision === 'object' && decision)
    throw mismatch('redact', 'false, or nothing, at once', decision);
  return decision !== false;
}
