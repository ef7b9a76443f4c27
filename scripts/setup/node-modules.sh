#!/usr/bin/env bash
# npm's packages as package-lock.json pins them, when they are not there or the lock has changed.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
cd "$TONEARM_ROOT"
if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then exit 0; fi
say "installing npm packages"
npm ci --no-audit --no-fund --loglevel=error
touch node_modules/.package-lock.json
