//! Tonearm: an audio player for the browser that tells the truth about every play as OpenTelemetry.
//!
//! This crate is the control plane: it decides, measures and tells. The media plane (`media/`) fetches and
//! decodes in a Worker; both meet in [`tonearm_messages`]. Each module here is a floor of the house
//! (docs/architecture.md): it imports from lower floors alone, and below `browser` nothing reads a clock,
//! draws a random number or does I/O.

pub mod decimal;
pub mod engine;
pub mod instrumentation;
#[cfg(feature = "opentelemetry")]
pub mod otel;
pub mod playback;
pub mod qoe;
pub mod random;
pub mod small_map;
pub mod telemetry;
pub mod time;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(all(target_arch = "wasm32", feature = "package"))]
pub mod exports;

#[cfg(all(target_arch = "wasm32", feature = "opentelemetry"))]
pub use browser::otel::{Options, install};

/// A quarter of the code of Rust's own allocator for this target, and bounded time for each call.
#[cfg(all(target_arch = "wasm32", feature = "package"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
