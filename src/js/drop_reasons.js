// Names of the reasons for which records are dropped. Knows no record.

/** Why records are dropped, in the order of the core's `DropReason`. */
export const REASONS = [
  'queue_full',
  'too_many_open',
  'rejected',
  'retries_exhausted',
  'sampled',
  'level',
  'unconfirmed',
  'expired',
  'unsampled',
  'consent',
  'redacted',
];
/** Indices of the reasons that no option asks for. */
export const FAILURES = [
  'queue_full',
  'too_many_open',
  'rejected',
  'retries_exhausted',
  'unconfirmed',
  'expired',
].map((name) => REASONS.indexOf(name));
