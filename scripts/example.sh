#!/usr/bin/env bash
# The Yew example, built and served with the backend that it asks: PORT (8090) and the two ports after it.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/build-example.sh
cargo build --quiet -p tonearm-backend
port=${PORT:-8090}
say "http://127.0.0.1:$port/yew/index.html"
exec target/debug/tonearm-backend --port "$port" --mount yew=examples/yew
