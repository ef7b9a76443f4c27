#!/usr/bin/env bash
# go-program.sh MODULE VERSION PACKAGE=BINARY…: programs of a Go module that is not ours, pinned, in the
# cache. `go install` refuses modules that replace others, so an empty module stands around it, with its
# `replace` lines and its sums.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
module=$1 version=$2
shift 2
name=${module%/v[0-9]*}
home=$TONEARM_CACHE/backends/$(basename "$name")-$version
missing=
for target in "$@"; do [ -x "$home/${target#*=}" ] || missing=1; done
[ -n "$missing" ] || exit 0
say "building $(basename "$name") $version from its Go module (about four minutes, once)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0
# In a shell of its own: within a list that has an `||` behind it, bash goes on after what fails.
build() {
  set -euo pipefail
  go mod init tonearm.example/backends
  source_dir=$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  # A folder of the module itself is a module of its own, which is had by its version.
  awk '/^replace \(/ { inside = 1 } inside || /^replace / { print } /^\)/ { inside = 0 }' "$source_dir/go.mod" | grep -v '=> \./' >> go.mod || true
  cp "$source_dir/go.sum" .
  go mod edit -require "$module@$version"
  mkdir -p "$home"
  for target in "$@"; do
    go build -trimpath -ldflags='-s -w' -o "$home/${target#*=}" "$module/${target%%=*}"
  done
}
build "$@" > log 2>&1 &
wait $! || { tail -n 20 log >&2; fail "could not build $(basename "$name") $version"; }
for target in "$@"; do [ -x "$home/${target#*=}" ] || fail "$(basename "$name") $version was built without ${target#*=}"; done
