#!/usr/bin/env bash
# Every format in Chromium, Firefox and WebKitGTK, and what listeners do with it, against ffmpeg: about ten
# minutes an engine. test-matrix.sh [engine,…]
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build browsers webkit
bash scripts/build.sh package backend-release
export TONEARM_PROFILE=release
bash scripts/make-media.sh
MATRIX_ENGINES=${1:-chromium,firefox,webkit} node --test --test-concurrency=1 tests/matrix/matrix.test.mjs
cat target/matrix.md
