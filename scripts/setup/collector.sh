#!/usr/bin/env bash
# Builds the Collector of deploy/collector/builder.yaml into the cache, pinned by that file: the builder
# writes its `main`, the modules are asked for one by one (`go mod tidy` would want test-only modules that
# need not be there).
set -euo pipefail
source "$(dirname "$0")/../env.sh"
manifest=$TONEARM_ROOT/deploy/collector/builder.yaml
version=$(sed -n 's/^  version: //p' "$manifest")
home=$TONEARM_CACHE/backends/collector-$version-$(sha256 "$manifest" | cut -c1-12)
[ -x "$home/tonearm-collector" ] && exit 0
say "building the OpenTelemetry Collector $version (about five minutes, once)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# In a shell of its own: within a list that has an `||` behind it, bash continues after a failure.
build() {
  set -euo pipefail
  GOBIN=$work go install "go.opentelemetry.io/collector/cmd/builder@v$version"
  cp "$manifest" .
  ./builder --skip-get-modules --skip-compilation --config builder.yaml
  go mod init tonearm.example/collector
  replaces=$(sed -n 's/^  - \(.*\) => \(.*\) \(v.*\)$/-replace=\1=\2@\3/p' builder.yaml)
  [ -z "$replaces" ] || go mod edit $replaces
  sed -n 's/^  - gomod: \(.*\) \(v.*\)$/\1@\2/p' builder.yaml | xargs go get "go.opentelemetry.io/collector/otelcol@v$version"
  mkdir -p "$home"
  CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags='-s -w' -o "$home/tonearm-collector" .
}
build > log 2>&1 &
wait $! || { tail -n 20 log >&2; fail "could not build the Collector $version"; }
