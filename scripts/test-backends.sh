#!/usr/bin/env bash
# The chain with the real programs: rules and their alerts, one play from the click to what Jaeger, Prometheus and Loki answer.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
if ! have go; then
  say "Go is not installed: the tests with the real Collector, Jaeger, Prometheus and Loki are left out"
  exit 0
fi
bash scripts/setup.sh backends
cargo build --quiet --release -p tonearm-load
node --test --test-concurrency=1 tests/backends/*.test.mjs
