//! Tonearm's media plane: bytes in, samples out, inside a Worker of its own.
//!
//! Owns demuxing, decoding, resampling, the read-ahead and the credits of the sample ring. Knows nothing of players,
//! telemetry or the page: commands come down and facts go up as [`tonearm_messages`]. Everything but `browser` is
//! deterministic: bytes, times and credits are inputs, so native tests and fuzzers drive the whole plane.

pub mod decode;
pub mod mp3;
pub mod plane;
pub mod resample;
pub mod start;
pub mod track;

#[cfg(target_arch = "wasm32")]
mod browser;

/// A quarter of the code of Rust's own allocator for this target, and bounded time for each call.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
