#!/usr/bin/env bash
# Licences, bans and sources of every crate of the workspace (deny.toml), and security advisories of its
# crates (the RustSec database) and of npm packages (the registry's audit endpoint).
# Exit code: 0 every source answered and nothing was found; 1 something was found; 3 nothing was found, but an
# advisory source did not answer: the line "advisories of …: not asked (why)" names it.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$TONEARM_ROOT"
bash scripts/setup.sh audit
exec node scripts/audit.mjs
