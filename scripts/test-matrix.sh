#!/usr/bin/env bash
# Every format in Chromium, Firefox and WebKitGTK, and what listeners do with it, against ffmpeg: about ten
# minutes an engine. test-matrix.sh [engine,…]
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build browsers webkit
[ -f pkg/dist/index.js ] || bash scripts/build.sh
bash scripts/make-media.sh
cargo build --quiet --release -p tonearm-backend
MATRIX_ENGINES=${1:-chromium,firefox,webkit} node --test --test-concurrency=1 tests/matrix/matrix.test.mjs
cat target/matrix.md
