#!/usr/bin/env bash
# Builds the npm package into pkg/dist: both wasm modules, their glue, and the hand-written scripts, made
# small.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
rm -rf pkg/dist
TONEARM_VERSION=$(node -p 'require("./pkg/package.json").version')
say "building the control plane and the media plane"
# No path of this machine in the panics' locations: smaller, and the same bytes everywhere.
remap="--remap-path-prefix=$TONEARM_ROOT/= --remap-path-prefix=$(rustc --print sysroot)/lib/rustlib/src/rust/library/="
for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do remap+=" --remap-path-prefix=$folder="; done
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$remap
pack() { # crate's folder, name, further arguments of cargo
  wasm-pack --log-level warn build "$1" --mode no-install --no-pack --target bundler --release \
    --out-dir "$TONEARM_ROOT/pkg/dist" --out-name "$2" -- "${@:3}" 2>&1 | { grep -vE '^ *(Compiling|Finished|Downloaded)' || true; }
}
# A panic ends the wasm, by name and without words: the words would weigh a tenth of what a page loads, and a
# fifth of the media plane. The standard library is built along for that, which a stable compiler does only
# when asked like this.
pack_small() {
  RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$remap -Zunstable-options -Cpanic=immediate-abort" \
    pack "$1" "$2" "${@:3}" --no-default-features -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
}
# One script for the page, one for the Worker, one for the worklet: what they import is within.
bundle() { # source, name
  esbuild "$1" --bundle --external:./traced_fetch.js --external:./records.js --external:./index.js --external:./element.js --external:./stretch.js --external:./stretch_worklet.js --format=esm --target=es2022 --sourcemap --log-level=warning \
    --define:TONEARM_VERSION="\"$TONEARM_VERSION\"" --outfile="pkg/dist/$2"
}
minify() { # name, further arguments of terser
  terser "$1" --module --ecma 2022 --compress passes=5,unsafe_arrows=true,pure_getters=true,keep_fargs=false --mangle \
    --source-map "content='$1.map',includeSources,url='$1.map'" -o "$1.min" "${@:2}"
  mv "$1.min" "$1"
  mv "$1.min.map" "$1.map"
}
features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int --enable-sign-ext
  --enable-mutable-globals --enable-reference-types --enable-multivalue)
# In the page what has one caller stays a function of its own: smaller, and compiled when it is called first,
# not with its caller.
apart=(--one-caller-inline-max-function-size 20)
# Once more with flat code, whose loops are found anew: one percent. Nothing lies below the first KiB, where
# the stack ends.
again=(--low-memory-unused --flatten --rereloop -O3)
# What that has spread out is gathered again where it is the same: another percent of the smaller modules.
last=(--low-memory-unused -Oz)

# What bundlers in development mode take: names, and panics with their words and places
# (console_error_panic_hook).
CARGO_PROFILE_RELEASE_STRIP=none pack . tonearm
bundle src/js/index.js index.development.js
sed -i 's/tonearm_\(full_\)\?bg\.wasm/tonearm_development_bg.wasm/g' pkg/dist/index.development.js
wasm-opt "${features[@]}" -O1 --strip-dwarf -g pkg/dist/tonearm_bg.wasm -o pkg/dist/tonearm_development_bg.wasm

pack_small . tonearm_full --features package,full
pack_small . tonearm --features package
pack_small media tonearm_media
# A module for each family of formats. Their scripts are one and the same: the glue is not needed.
for format in mp3 aac flac vorbis opus wav mp3-decoder opus-decoder; do
  pack_small formats "tonearm_${format//-/_}" --features "module,$format"
done
# Its glue has all that the smaller one needs.
mv pkg/dist/tonearm_full_bg.js pkg/dist/tonearm_bg.js
bundle src/js/index.js index.js
bundle src/js/traced_fetch.js traced_fetch.js
bundle src/js/records.js records.js
bundle src/js/queue.js queue.js
bundle src/js/stretch.js stretch.js
bundle src/js/element.js element.js
bundle src/js/media_session.js media-session.js
cp node_modules/signalsmith-stretch/SignalsmithStretch.mjs pkg/dist/stretch_worklet.js
# In development mode it stands beside the other script of the page.
sed 's/"\.\/index\.js"/".\/index.development.js"/' pkg/dist/queue.js > pkg/dist/queue.development.js
bundle media/js/worker.js worker.js
bundle media/js/worklet.js worklet.js
cd pkg/dist
rm -f .gitignore
for core in tonearm tonearm_full; do
  wasm-opt "${features[@]}" "${apart[@]}" -Oz --converge --strip-debug --strip-producers ${core}_bg.wasm -o ${core}_bg.wasm
  wasm-opt "${features[@]}" "${apart[@]}" "${again[@]}" ${core}_bg.wasm -o ${core}_bg.wasm
  wasm-opt "${features[@]}" "${apart[@]}" "${last[@]}" ${core}_bg.wasm -o ${core}_bg.wasm
done
for module in media mp3 aac flac vorbis opus wav mp3_decoder opus_decoder; do
  wasm-opt "${features[@]}" -O3 --strip-debug --strip-producers tonearm_${module}_bg.wasm -o tonearm_${module}_bg.wasm
  wasm-opt "${features[@]}" "${again[@]}" tonearm_${module}_bg.wasm -o tonearm_${module}_bg.wasm
  wasm-opt "${features[@]}" "${last[@]}" tonearm_${module}_bg.wasm -o tonearm_${module}_bg.wasm
  rm -f tonearm_${module}.js tonearm_${module}_bg.js
done
# The browser compiles all of the page's script while it loads, beside the main thread, in place of what a
# start calls, call by call, on it.
minify index.js --format "preamble='//# allFunctionsCalledOnLoad'"
for script in traced_fetch.js records.js queue.js element.js media-session.js worker.js worklet.js stretch.js; do minify $script; done
# Within the page's script; alone it is measured (size-budget.json).
terser tonearm_bg.js --module --compress passes=3 --mangle -o "$TONEARM_ROOT/target/glue.js"
rm -f tonearm.js tonearm_bg.js tonearm_full.js
cp ../../src/js/types.d.ts ../../src/js/queue.d.ts ../../src/js/media-session.d.ts .
