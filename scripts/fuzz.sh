#!/usr/bin/env bash
# fuzz.sh [SECONDS]: each fuzz target for so long (600), seeded with the beginnings of the demo's tracks. Wants nightly.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh fuzz
seconds=${1:-600}
for target in mp3_demuxer media_plane telemetry; do
  mkdir -p "fuzz/corpus/$target"
  for track in www/tracks/*.mp3 tests/e2e/media/*.mp3; do
    { printf '\x11\x01'; head -c 6000 "$track"; } >"fuzz/corpus/$target/$(basename "$track").seed"
  done
  say "fuzzing $target for $seconds s"
  cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -max_len=20000 -rss_limit_mb=512 -timeout=10 -print_final_stats=1
done
