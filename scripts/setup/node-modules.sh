#!/usr/bin/env bash
# npm's packages as package-lock.json pins them, when they are not there or the lock has changed; those of the
# linter in its own workspace.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
for folder in "$TONEARM_ROOT" "$TONEARM_ROOT/scripts/eslint"; do
  cd "$folder"
  if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then continue; fi
  say "installing npm packages of ${folder#"$TONEARM_ROOT/"}"
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
done
