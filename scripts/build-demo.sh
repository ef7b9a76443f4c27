#!/usr/bin/env bash
# The demo page from the built package, and the backend that serves it.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
say "building the backend"
cargo build --quiet -p tonearm-backend
say "bundling the demo page"
webpack --config webpack.config.js --stats errors-warnings
