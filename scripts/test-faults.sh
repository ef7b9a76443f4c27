#!/usr/bin/env bash
# The pipeline under bad networks, bad endpoints, closing tabs and killed browsers: about six minutes a
# browser. test-faults.sh [chromium|firefox]
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build browsers
bash scripts/build.sh package backend-release
export TONEARM_PROFILE=release
for browser in ${1:-chromium firefox}; do
  say "faults in $browser"
  FAULTS_BROWSER=$browser node --test --test-concurrency=1 tests/faults/faults.test.mjs
done
say "an endless stream, for ten minutes"
node --test tests/faults/endless.test.mjs
