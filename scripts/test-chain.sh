#!/usr/bin/env bash
# The long suites over the real chain: load (thousands of listeners, killed Collectors), drills (which alert
# fires), hostile (what anyone who has the token can send), kafka (with Flink).
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build backends
bash scripts/build.sh load
for suite in "$@"; do
  [ "$suite" != kafka ] || bash scripts/setup.sh kafka
  node --test --test-concurrency=1 "tests/$suite"/*.test.mjs
done
