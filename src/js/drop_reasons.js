// Names of the reasons for which records are dropped, before the core is there too.

/** Every reason. @type {readonly import('tonearm-core-glue').DropReason[]} */
export const DROP_REASONS = [
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
