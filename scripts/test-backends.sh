#!/usr/bin/env bash
# The chain with the real programs: Collector files, rules and their alerts, one play from the click to what
# Jaeger, Prometheus and VictoriaLogs answer, traces that several Collectors share.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
go_version=$(have go && go env GOVERSION || true)
if [ "$(printf 'go1.25\n%s\n' "${go_version:-go0}" | sort -V | head -n 1)" != go1.25 ]; then
  say "Go 1.25 or later is not installed (${go_version:-none}): the tests with the real Collector, Jaeger, Prometheus and VictoriaLogs are left out"
  exit 0
fi
bash scripts/setup.sh backends
cargo build --quiet --release -p tonearm-load
node --test --test-concurrency=1 tests/backends/*.test.mjs
