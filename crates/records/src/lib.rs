//! OTLP's records as objects: requests in the JSON encoding of OTLP, replies in JSON as the core reads them,
//! and records as an app sees them and leaves them.
//!
//! A wasm module of its own (`exports.rs`), which pages load that export JSON, echo records or have them
//! redacted. Each message of OTLP is one table (`read.rs`), from which its struct, its reader and its
//! serializer are made; the wire format is `tonearm-otlp`'s. Knows no pipeline and no browser.

mod common;
mod inspect;
mod logs;
mod metrics;
mod read;
mod reply;
mod request;
mod scalar;
mod trace;

#[cfg(all(target_arch = "wasm32", feature = "module"))]
pub mod exports;

pub use inspect::{EncodedAttributes, LeftPart, LeftRecord, Record, rewrite};
pub use read::{MAX_DEPTH, decode};
pub use reply::{Reply, encode_reply};
pub use request::{LogsRequest, MetricsRequest, TraceRequest};

/// A quarter of the code of Rust's own allocator for this target, and bounded time for each call.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
