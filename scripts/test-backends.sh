#!/usr/bin/env bash
# The chain with the real programs: Collector files, rules and their alerts, one play from the click to what
# Jaeger, Prometheus and VictoriaLogs answer, traces that several Collectors share.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
go_version=$(have go && go env GOVERSION || true)
minor=${go_version#go1.}
minor=${minor%%.*}
if ! [ "${minor:-0}" -ge 25 ] 2>/dev/null; then
  say "Go 1.25 or later is not installed (${go_version:-none}): the tests with the real Collector, Jaeger, Prometheus and VictoriaLogs are left out"
  exit 0
fi
bash scripts/setup.sh backends
bash scripts/build.sh load
(cd deploy/collector && gofmt -l . | (! grep .) && go vet ./... && go test ./...)
node --test --test-concurrency=1 tests/backends/*.test.mjs
