// Names of the reasons for which records are dropped: apps and dashboards know them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES, REASONS } from '../../src/js/drop_reasons.js';

test('each reason has its public name, in the order of the core, and failures are those that no option asks for', () => {
  const failures = ['queue_full', 'too_many_open', 'rejected', 'retries_exhausted'];
  assert.deepEqual(REASONS, [
    ...failures,
    ...['sampled', 'level', 'unconfirmed', 'expired', 'unsampled', 'consent', 'redacted'],
  ]);
  assert.deepEqual(
    FAILURES.map((at) => REASONS[at]),
    [...failures, 'unconfirmed', 'expired'],
  );
});
