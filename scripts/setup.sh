#!/usr/bin/env bash
# Brings what is missing on this machine, and says what it does. Groups: build (default), browsers, webkit,
# backends, kafka, audit, fuzz, mutation. Everything lands outside the tree; a second run only looks and takes
# about a second.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
mkdir -p "$TONEARM_CACHE/bin"
for group in "${@:-build}"; do
  case $group in
    build)
      bash scripts/setup/wasm-target.sh
      bash scripts/setup/cargo-tool.sh wasm-bindgen-cli "$WASM_BINDGEN_VERSION" wasm-bindgen wasm-bindgen-test-runner
      bash scripts/setup/cargo-tool.sh wasm-pack "$WASM_PACK_VERSION" wasm-pack
      bash scripts/setup/node-modules.sh
      ;;
    browsers)
      bash scripts/setup/browsers.sh
      bash scripts/setup/cargo-tool.sh geckodriver "$GECKODRIVER_VERSION" geckodriver
      ;;
    webkit) bash scripts/setup/webkit.sh ;;
    backends) bash scripts/setup/backends.sh ;;
    kafka) bash scripts/setup/kafka.sh ;;
    audit) bash scripts/setup/cargo-tool.sh cargo-deny "$CARGO_DENY_VERSION" cargo-deny ;;
    mutation) bash scripts/setup/cargo-tool.sh cargo-mutants "$CARGO_MUTANTS_VERSION" cargo-mutants ;;
    fuzz) bash scripts/setup/cargo-tool.sh cargo-fuzz "$CARGO_FUZZ_VERSION" cargo-fuzz ;;
    *) fail "setup knows no group '$group'" ;;
  esac
done
