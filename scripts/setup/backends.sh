#!/usr/bin/env bash
# The programs of the chain, built from their Go modules at the versions of deploy/versions.json: the
# OpenTelemetry Collector, VictoriaLogs, Alertmanager, Prometheus, Jaeger. About a quarter of an hour on two
# cores, once. Needs Go. Loki and Grafana are licensed under the AGPL and are not built here
# (docs/decisions.md).
set -euo pipefail
source "$(dirname "$0")/../env.sh"
have go || fail "Go is not installed: the real backends are built from their Go modules"
version() { sed -n "s/^ *\"$1\": \"\(.*\)\".*/\1/p" "$TONEARM_ROOT/deploy/versions.json"; }
bash "$TONEARM_ROOT/scripts/setup/collector.sh"
program() { bash "$TONEARM_ROOT/scripts/setup/go-program.sh" "$@"; }
program github.com/VictoriaMetrics/VictoriaLogs "$(version victorialogs)" "about 20 seconds" app/victoria-logs=victoria-logs
# Its web pages are built apart: this Alertmanager has its API alone.
PLACEHOLDERS="ui/app/dist/elm/index.html ui/app/dist/mantine/index.html" \
  program github.com/prometheus/alertmanager "$(version alertmanager)" "about 3 minutes" cmd/alertmanager=alertmanager cmd/amtool=amtool
program github.com/prometheus/prometheus "$(version prometheus)" "about 5 minutes" cmd/prometheus=prometheus cmd/promtool=promtool
program github.com/jaegertracing/jaeger "$(version jaeger)" "about 4 minutes" cmd/jaeger=jaeger
