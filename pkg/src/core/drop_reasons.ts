// Names of the reasons for which records are dropped, before the core is there too.

import type { DropReason } from 'tonearm-core-glue';

/** Every reason. */
export const DROP_REASONS: readonly DropReason[] = [
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
