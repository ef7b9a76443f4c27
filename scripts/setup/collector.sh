#!/usr/bin/env bash
# Builds the Collector of deploy/collector into the cache. The builder writes its `main` from builder.yaml;
# go.mod and go.sum, which are committed, say which modules with which sums, and the build refuses others.
# What it is made from names its folder.
#   collector.sh modules    writes go.mod and go.sum anew, for the versions of builder.yaml
set -euo pipefail
source "$(dirname "$0")/../env.sh"
source_dir=$TONEARM_ROOT/deploy/collector
version=$(sed -n 's/^  version: //p' "$source_dir/builder.yaml")
home=$(node "$TONEARM_ROOT/deploy/chain/versions.mjs" collector)
[ "${1:-}" = modules ] || ! [ -x "$home/tonearm-collector" ] || exit 0
say "building the OpenTelemetry Collector $version (about five minutes, once)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# In a shell of its own: within a list that has an `||` after it, bash continues after a failure.
build() {
  set -euo pipefail
  GOBIN=$work go install "go.opentelemetry.io/collector/cmd/builder@v$version"
  mkdir collector
  cp "$source_dir/builder.yaml" collector/
  cd collector
  ../builder --skip-get-modules --skip-compilation --config builder.yaml
  cp -R "$source_dir"/{go.mod,go.sum,allowlist,ratelimit,splitrefused} .
  if [ "${1:-}" = modules ]; then
    # Not `go mod tidy`, which would want test-only modules that need not be there.
    sed -n 's/^  - gomod: \(.*\) \(v.*\)$/\1@\2/p' builder.yaml |
      GOFLAGS=-mod=mod xargs go get "go.opentelemetry.io/collector/otelcol@v$version"
    # Adds what the packages that are linked or tested import.
    GOFLAGS=-mod=mod go list -deps -test . ./allowlist ./ratelimit ./splitrefused > /dev/null
    cp go.mod go.sum "$source_dir/"
    return
  fi
  mkdir -p "$home"
  CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags='-s -w' -o "$home/tonearm-collector" .
}
build "${1:-}" > log 2>&1 &
wait $! || { tail -n 20 log >&2; fail "could not build the Collector $version"; }
