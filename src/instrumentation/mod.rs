//! The only place where playback meets telemetry: what a play's spans are, and what they say.
//!
//! Knows players, the figures of `qoe` and the tracer. Knows no browser.

mod play;
mod request;
pub mod semconv;
mod server_timing;

pub use play::{PlayContext, PlayTrace};
pub use request::{end_request, start_request};
pub use server_timing::{ServerTiming, parse_server_timing};
