//! Tonearm's media plane: bytes in, samples out, inside a Worker of its own.
//!
//! Owns requests, recognition, resampling, the read-ahead and the credits of the sample ring; demuxing and
//! decoding are the formats' (`tonearm-formats`), which come as modules of their own. Knows nothing of
//! players, telemetry or the page: commands come down and facts go up as [`tonearm_messages`]. Everything but
//! `exports` is deterministic: bytes, times and credits are inputs, so native tests and fuzzers drive the
//! whole plane.

#![cfg_attr(
    all(target_arch = "wasm32", feature = "module"),
    allow(clippy::float_cmp, reason = "wasm-bindgen compares the numbers of enums")
)]

mod filter;
pub mod history;
pub mod host_decoder;
pub mod limit;
pub mod message_kinds;
pub mod mix;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod plane;
pub mod resample;
pub mod response;
pub mod source;
pub mod start;

#[cfg(all(target_arch = "wasm32", feature = "module"))]
pub mod exports;
