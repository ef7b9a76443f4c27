#!/usr/bin/env bash
# wasm-bindgen's tests in real browsers: Chromium, then Firefox. Options of both are in webdriver.json.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
for browser in "${@:-chrome firefox}"; do
  for one in $browser; do
    say "browser tests in $one"
    driver=$([ "$one" = chrome ] && echo chromedriver || echo geckodriver)
    wasm-pack --log-level warn test --mode no-install --headless "--$one" "--$driver" "$(command -v "$driver")"
  done
done
