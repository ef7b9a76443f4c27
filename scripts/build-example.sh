#!/usr/bin/env bash
# The Yew example into examples/yew/dist.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh build
say "building the Yew example"
export CARGO_TARGET_DIR="$TONEARM_ROOT/target/example"
cargo build --quiet --locked --release --manifest-path examples/yew/Cargo.toml --target wasm32-unknown-unknown
wasm-bindgen --target web --no-typescript --out-dir examples/yew/dist \
  "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/tonearm-example-yew.wasm"
