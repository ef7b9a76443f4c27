#!/usr/bin/env bash
# bench.sh NAME [arguments]: one benchmark of benches/, on a release build of the backend.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build browsers
bash scripts/build.sh package backend-release
export TONEARM_PROFILE=release
name=$1
shift
if [[ $name == first-audio ]]; then
  bash scripts/make-media.sh
fi
exec node "benches/$name.mjs" "$@"
