#!/usr/bin/env bash
# go-program.sh MODULE VERSION DURATION PACKAGE=BINARY…: builds programs of another project's Go module at a
# pinned version, into the cache. DURATION is a text for the message. `go install` refuses modules that have
# `replace` lines, so an empty module requires it, with its `replace` lines and its sums. PLACEHOLDERS names
# files that the module embeds and does not contain (a web page that its authors build apart): they are empty.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
module=$1 version=$2 duration=$3
shift 3
path=${module%/v[0-9]*}
name=$(basename "$path" | tr '[:upper:]' '[:lower:]')
home=$TONEARM_CACHE/backends/$name-$version
missing=
for target in "$@"; do [ -x "$home/${target#*=}" ] || missing=1; done
[ -n "$missing" ] || exit 0
say "building $name $version from its Go module ($duration, once)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0
# In a shell of its own: within a list that has an `||` after it, bash continues after a failure.
build() {
  set -euo pipefail
  go mod init tonearm.example/backends
  source_dir=$(go mod download -json "$module@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p')
  # A folder of the module itself is a module of its own, and is required by its version.
  awk '/^replace \(/ { inside = 1 } inside || /^replace / { print } /^\)/ { inside = 0 }' "$source_dir/go.mod" | grep -v '=> \./' >> go.mod || true
  cp "$source_dir/go.sum" .
  go mod edit -require "$module@$version"
  if [ -n "${PLACEHOLDERS:-}" ]; then
    cp -R "$source_dir" module
    chmod -R u+w module
    for file in $PLACEHOLDERS; do mkdir -p "module/$(dirname "$file")" && : > "module/$file"; done
    go mod edit -replace "$module=./module"
  fi
  mkdir -p "$home"
  for target in "$@"; do
    go build -trimpath -ldflags='-s -w' -o "$home/${target#*=}" "$module/${target%%=*}"
  done
}
build "$@" > log 2>&1 &
wait $! || { tail -n 20 log >&2; fail "could not build $name $version"; }
for target in "$@"; do [ -x "$home/${target#*=}" ] || fail "$name $version was built without ${target#*=}"; done
