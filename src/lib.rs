//! Tonearm in a browser: the Rust that knows JavaScript.
//!
//! The npm package's control plane is this crate as a wasm module; a Rust front-end uses its `opentelemetry`
//! feature. Decides nothing: what happens goes into the engine of [`tonearm_player`], what the engine says is
//! done. The media plane (`crates/media`) fetches and decodes in a Worker; both meet in [`tonearm_messages`].

#[cfg(feature = "opentelemetry")]
mod front_end;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(all(target_arch = "wasm32", feature = "package"))]
pub mod exports;

#[cfg(all(target_arch = "wasm32", feature = "opentelemetry"))]
pub use browser::front_end::{Listener, Package, Player, ResolveContext};
#[cfg(all(target_arch = "wasm32", feature = "opentelemetry"))]
pub use browser::otel::install;
#[cfg(feature = "opentelemetry")]
pub use front_end::{
    EngineOption, Options, PlayPhases, PlayerError, PlayerEvent, PlayerOptions, PlayerState, PlayerStats,
    ReplayGain, Source, TrackMetadata,
};

/// A quarter of the code of Rust's own allocator for this target, and bounded time for each call.
#[cfg(all(target_arch = "wasm32", feature = "package"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
