#!/usr/bin/env bash
# Every test, after setting up what is missing: native, browser (Chromium, Firefox), packaging and types, end
# to end, the real backends where there is Go.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
began=$SECONDS
stage() { local at=$SECONDS; say "— $1"; shift; "$@"; say "  took $((SECONDS - at)) s"; }
stage "set-up" bash scripts/setup.sh build browsers
stage "build" bash scripts/build.sh package backend demo example
stage "files of every format" bash scripts/make-media.sh
# Where the encoders can't be had the tests about formats are left out, and say so; where they were forgotten
# they fail.
[ -d target/formats ] || export TONEARM_WITHOUT_FORMATS=1
stage "lint" bash scripts/lint.sh
stage "native tests" cargo test --quiet --workspace --features tonearm/opentelemetry
stage "tests of the scripts" node --test tests/scripts/*.test.mjs
stage "browser tests" bash scripts/test-browser.sh chrome firefox
stage "sizes" node scripts/check-size.mjs
stage "packaging tests" node --test tests/packaging/*.test.mjs
stage "end to end" node --test --test-concurrency=1 tests/e2e/*.test.mjs
stage "real backends" bash scripts/test-backends.sh
say "everything passed in $((SECONDS - began)) s"
