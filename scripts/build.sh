#!/usr/bin/env bash
# Builds the npm package into pkg/dist: both wasm modules, their glue, and the hand-written scripts, made small.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
rm -rf pkg/dist/snippets
say "building the control plane and the media plane"
# No path of this machine in the panics' locations: smaller, and the same bytes everywhere.
remap="--remap-path-prefix=$TONEARM_ROOT/="
for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do remap+=" --remap-path-prefix=$folder="; done
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$remap
build() { # crate's folder, name, further arguments of cargo
  wasm-pack --log-level warn build "$1" --mode no-install --no-pack --target web --release \
    --out-dir "$TONEARM_ROOT/pkg/dist" --out-name "$2" -- "${@:3}" 2>&1 | grep -vE '^ *(Compiling|Finished|Downloaded)' || true
}
build . tonearm
# In the Worker a panic ends the wasm, by name and without words: its texts would weigh a fifth of the module. The
# standard library is built along for that, which a stable compiler does only when asked like this (docs/decisions.md).
RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$remap -Zunstable-options -Cpanic=immediate-abort" \
  build media tonearm_media -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
cd pkg/dist
rm -f .gitignore
features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int --enable-sign-ext
  --enable-mutable-globals --enable-reference-types --enable-multivalue)
wasm-opt "${features[@]}" -Oz --converge --strip-debug --strip-producers tonearm_bg.wasm -o tonearm_bg.wasm
wasm-opt "${features[@]}" -O3 --strip-debug --strip-producers tonearm_media_bg.wasm -o tonearm_media_bg.wasm
rm -f ../../pkg/dist/post.js
for script in tonearm.js tonearm_media.js ../../src/js/*.js ../../media/js/*.js snippets/*/src/js/*.js; do
  # A script that Rust imports lies among wasm-bindgen's snippets; every other one beside the modules.
  name=$([[ $script == snippets/* ]] && echo "$script" || basename "$script")
  if [ "$name" = post.js ]; then continue; fi
  terser "$script" --module --ecma 2022 --compress passes=2 --mangle --source-map "includeSources,url='$(basename "$name").map'" -o "$name.min"
  mv "$name.min" "$name"
  mv "$name.min.map" "$name.map"
done
cp ../../src/js/types.d.ts types.d.ts
