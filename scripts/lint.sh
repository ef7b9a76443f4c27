#!/usr/bin/env bash
# Format of everything, eslint over the scripts, clippy for both targets, types of TypeScript and JavaScript,
# lengths of files. Each warning is an error.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
say "rustfmt"
cargo fmt --all --check
for apart in fuzz examples/yew; do (cd "$apart" && cargo fmt --check); done
say "prettier"
prettier --check --log-level=warn .
say "eslint"
scripts/eslint/node_modules/.bin/eslint --max-warnings 0 .
say "clippy, native and wasm"
cargo clippy --quiet --workspace --features tonearm/opentelemetry --all-targets -- -D warnings
cargo clippy --quiet -p tonearm -p tonearm-base -p tonearm-gzip -p tonearm-media -p tonearm-messages \
  -p tonearm-otlp -p tonearm-player -p tonearm-records -p tonearm-telemetry --target wasm32-unknown-unknown --all-targets -- -D warnings
# A format's module, as the Worker loads it.
cargo clippy --quiet -p tonearm-formats --target wasm32-unknown-unknown --no-default-features --features module,mp3 -- -D warnings
# The core that most pages load, and the crate as a Rust front-end has it.
cargo clippy --quiet -p tonearm --target wasm32-unknown-unknown --no-default-features --features package -- -D warnings
cargo clippy --quiet -p tonearm --target wasm32-unknown-unknown --no-default-features --features opentelemetry -- -D warnings
# Its examples are compiled; a page alone could run them.
cargo test --quiet --doc -p tonearm --target wasm32-unknown-unknown --no-default-features --features opentelemetry >/dev/null
say "tsc"
tsc -p pkg/tsconfig.json
tsc -p tsconfig.json
tsc -p tsconfig.node.json
say "lengths of files"
node scripts/check-lengths.mjs
