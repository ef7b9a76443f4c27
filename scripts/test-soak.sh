#!/usr/bin/env bash
# A real hour of a listener's in Chromium, and 500 players made and destroyed. test-soak.sh [minutes]
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build browsers
bash scripts/build.sh package backend-release
export TONEARM_PROFILE=release
bash scripts/make-media.sh
SOAK_MINUTES=${1:-60} node --test --test-concurrency=1 tests/soak/soak.test.mjs
