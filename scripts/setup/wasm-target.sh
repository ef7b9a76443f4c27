#!/usr/bin/env bash
# The standard library of wasm32-unknown-unknown: from rustup where it can be had; else built once, from the
# sources that Debian ships beside its own compiler, into that compiler's sysroot, and this checkout is told
# to use it.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
cd "$TONEARM_ROOT"
target=wasm32-unknown-unknown

# The sources of std are needed too: the media plane is built with its own (scripts/build.sh).
has_src() { [ -f "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; }
has_std() { local dir; dir=$(rustc --print target-libdir --target $target 2>/dev/null) && compgen -G "$dir/libstd-*.rlib" >/dev/null; }
if has_std && has_src; then exit 0; fi

if have rustup; then
  say "adding the $target target with rustup"
  if within_seconds 120 rustup target add $target >/dev/null 2>&1 && within_seconds 120 rustup component add rust-src >/dev/null 2>&1 &&
    has_std && has_src; then exit 0; fi
fi

say "rustup cannot download it: using Debian's compiler and building std for $target once (about a minute)"
debian_packages rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy rustfmt-web lld-22
dest=/usr/lib/rustlib/$target/lib
if ! compgen -G "$dest/libstd-*.rlib" >/dev/null 2>&1; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/src" "$dest"
  : >"$work/src/lib.rs"
  printf '[package]\nname = "std-seed"\nversion = "0.0.0"\nedition = "2021"\n' >"$work/Cargo.toml"
  # embed-bitcode keeps fat link-time optimisation possible for the crates that use this std
  env PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/target" RUSTFLAGS=-Cembed-bitcode=yes \
    /usr/bin/cargo build --quiet --release --manifest-path "$work/Cargo.toml" \
    --target $target -Z build-std=std,panic_abort,panic_unwind,proc_macro,test
  rm -f "$dest"/*.rlib
  cp "$work/target/$target/release/deps/"*.rlib "$dest"/
  rm -f "$dest"/libstd_seed-*
fi
if have rustup; then
  rustup toolchain link "$DEBIAN_TOOLCHAIN" /usr >/dev/null 2>&1 || true
  rustup override set "$DEBIAN_TOOLCHAIN" >/dev/null 2>&1
fi
has_std || fail "no $target standard library for $(rustc --version)"
has_src || fail "no sources of the standard library of $(rustc --version)"
