# Sourced by every script: where the tools live, which compiler is used. `source scripts/env.sh` gives a shell
# the same. Owns no installing: that is scripts/setup.sh.
TONEARM_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TONEARM_CACHE=${TONEARM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tonearm}

# Every tool is pinned here; npm's are in package-lock.json, crates in Cargo.lock.
WASM_BINDGEN_VERSION=0.2.130 # equal to the crate's in Cargo.toml
WASM_PACK_VERSION=0.15.1
GECKODRIVER_VERSION=0.37.1
CARGO_FUZZ_VERSION=0.13.2
CARGO_MUTANTS_VERSION=27.1.0
CARGO_DENY_VERSION=0.20.2
DEBIAN_TOOLCHAIN=tonearm-debian # rustup's name for Debian's compiler, linked only where the wasm target can't be had

export TONEARM_ROOT TONEARM_CACHE
export PATH="$TONEARM_CACHE/bin:$TONEARM_ROOT/node_modules/.bin:$PATH"

say() { printf '\033[1m[tonearm]\033[0m %s\n' "$*"; }
fail() { printf '\033[1m[tonearm]\033[0m %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
# macOS and the BSDs have neither sha256sum nor timeout.
sha256() { if have sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }
within_seconds() { if have timeout; then timeout "$@"; else shift && "$@"; fi; }

# Installs Debian packages, or says what to install by hand where that is not possible.
debian_packages() {
  if ! have apt-get || [ "$(id -u)" != 0 ]; then fail "please install: $* (the setup can do it as root on Debian)"; fi
  say "installing with apt: $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
    { apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null; }
}
