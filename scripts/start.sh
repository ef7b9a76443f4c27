#!/usr/bin/env bash
# The demo: sets up what is missing, builds, and serves the page with its backend and its trace view.
#   PORT=9000 npm start        another port (the two after it are used too)
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build
bash scripts/build.sh
bash scripts/build-demo.sh
port=${PORT:-8080}
say "Tonearm is playing at http://127.0.0.1:$port (Ctrl+C ends it)"
exec target/debug/tonearm-backend --port "$port"
