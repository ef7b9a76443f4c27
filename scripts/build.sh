#!/usr/bin/env bash
# Builds what is named and not up to date (scripts/build/table.mjs): build.sh [GROUP or OUTPUT …], by default
# the package.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
exec node scripts/build/main.mjs "$@"
