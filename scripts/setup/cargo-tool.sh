#!/usr/bin/env bash
# cargo-tool.sh CRATE VERSION BINARY…: the pinned version of a tool in the cache, built only if it is not
# there yet.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
crate=$1 version=$2
shift 2
root=$TONEARM_CACHE/tools/$crate-$version
if [ ! -x "$root/bin/$1" ]; then
  say "building $crate $version (about two minutes, once)"
  log=$(mktemp)
  # --locked first: the versions its authors tested. Without it where a locked crate is no longer served.
  CARGO_TARGET_DIR=$TONEARM_CACHE/build cargo install --quiet --locked --root "$root" --version "=$version" "$crate" >"$log" 2>&1 ||
    CARGO_TARGET_DIR=$TONEARM_CACHE/build cargo install --quiet --root "$root" --version "=$version" "$crate" >"$log" 2>&1 ||
    { cat "$log" >&2; fail "could not build $crate $version"; }
  rm -rf "$TONEARM_CACHE/build" "$log"
fi
for binary in "$@"; do
  ln -sfn "$root/bin/$binary" "$TONEARM_CACHE/bin/$binary"
  # So that wasm-pack works when it is called by hand; what the user has installed stays.
  cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
  if [ -d "$cargo_bin" ] && [ ! -e "$cargo_bin/$binary" ]; then ln -sfn "$root/bin/$binary" "$cargo_bin/$binary"; fi
done
