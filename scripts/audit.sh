#!/usr/bin/env bash
# Licences and sources of every crate (deny.toml).
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh audit
cargo deny check licenses bans sources
