// Asks the app whether a record is exported. Knows nothing of what a record holds.

import { mismatch } from './webidl.js';

/**
 * Shows a record to the app. Returns whether it is kept. A decision that comes later is none: the record would leave
 * before it, unredacted.
 * @param {NonNullable<import('./types').TelemetryConfig['redact']>} redact
 * @param {import('./types').RedactedRecord} record
 */
export function isKept(redact, record) {
  const decision = /** @type {unknown} */ (redact(record));
  if (typeof decision === 'object' && decision)
    throw mismatch('redact', 'false, or nothing, at once', decision);
  return decision !== false;
}
