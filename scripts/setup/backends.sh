#!/usr/bin/env bash
# The programs that people read telemetry with, built from their Go modules at the versions of
# deploy/versions.json: the OpenTelemetry Collector, Jaeger, Prometheus, Loki. About a quarter of an hour on
# two cores, once. Needs Go.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
have go || fail "Go is not installed: the real backends are built from their Go modules"
version() { sed -n "s/^ *\"$1\": \"\(.*\)\".*/\1/p" "$TONEARM_ROOT/deploy/versions.json"; }
bash "$TONEARM_ROOT/scripts/setup/collector.sh"
program() { bash "$TONEARM_ROOT/scripts/setup/go-program.sh" "$@"; }
program github.com/prometheus/prometheus "$(version prometheus)" cmd/prometheus=prometheus cmd/promtool=promtool
program github.com/jaegertracing/jaeger "$(version jaeger)" cmd/jaeger=jaeger
program github.com/grafana/loki/v3 "$(version loki)" cmd/loki=loki
