#!/usr/bin/env bash
# The demo: sets up what is missing, builds, and serves the page with its backend and its trace view.
#   PORT=9000 npm start        another port (the two after it are used too)
#   npm run dev                the same, and builds anew what changes
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
port=${PORT:-8080}
node scripts/start/ports.mjs "$port"
bash scripts/setup.sh build
if [ "${1:-}" = dev ]; then exec node scripts/start/dev.mjs "$port"; fi
bash scripts/build.sh package backend demo
exec node scripts/start/serve.mjs "$port"
