//! The only place where playback meets telemetry: what a play's spans are, and what they say.
//!
//! Knows players, the figures of `qoe` and the tracer. Knows no browser.

pub mod metrics;
mod play;
mod request;
pub mod semconv;
mod teller;

pub use play::{PlayContext, PlayTrace};
pub use request::Url;
pub use teller::Teller;
