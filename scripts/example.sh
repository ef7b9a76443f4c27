#!/usr/bin/env bash
# The Yew example, built and served with the backend that it calls: PORT (8090) and the two ports after it.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
port=${PORT:-8090}
node scripts/start/ports.mjs "$port"
bash scripts/setup.sh build
bash scripts/build.sh backend package example
exec node scripts/start/serve.mjs "$port" --path yew/index.html --mount yew=examples/yew --mount pkg=pkg/dist
