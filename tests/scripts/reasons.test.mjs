// Names of the reasons for which records are dropped: apps and dashboards know them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DROP_REASONS } from '../../target/modules/core/drop_reasons.js';

test('each reason has its public name, in the order of the core', () => {
  assert.deepEqual(DROP_REASONS, [
    ...['queue_full', 'too_many_open', 'rejected', 'retries_exhausted', 'sampled', 'level'],
    ...['unconfirmed', 'expired', 'unsampled', 'consent', 'redacted'],
  ]);
});
