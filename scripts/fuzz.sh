#!/usr/bin/env bash
# fuzz.sh [SECONDS [TARGET…]]: each fuzz target for so long (600), those of the music seeded with the
# beginnings of the demo's tracks, those of headers with one that is well-formed. Wants nightly.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh fuzz
seconds=${1:-600}
shift || true
targets=("$@")
[ $# -gt 0 ] || targets=(mp3_demuxer formats media_plane traceparent tracestate baggage b3 otlp_response)
seed_of() { # target: a header that is well-formed
  case $1 in
    traceparent) printf 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03 ;;
    tracestate) printf 'foo=1,t1@sys=2 , bar=3' ;;
    baggage) printf 'a=1;p;q=2,b=%%C3%%A9' ;;
    b3) printf 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1-b7ad6b7169203332 ;;
  esac
}
for target in "${targets[@]}"; do
  corpus="fuzz/corpus/$target"
  mkdir -p "$corpus"
  case $target in
    mp3_demuxer | media_plane)
      for track in www/tracks/*.mp3 tests/e2e/media/*.mp3; do
        { printf '\x11\x01'; head -c 6000 "$track"; } >"$corpus/$(basename "$track").seed"
      done
      ;;
    *) seed_of "$target" >"$corpus/well-formed.seed" ;;
  esac
  say "fuzzing $target for $seconds s"
  cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -max_len=20000 -rss_limit_mb=512 -timeout=10 -print_final_stats=1
done
