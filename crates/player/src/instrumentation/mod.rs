//! The only place where playback meets telemetry: what a play's spans are, and what they say.
//!
//! Knows players, the figures of `qoe` and the tracer. Knows no browser.

pub mod metrics;
mod play;
mod recorder;
mod request;
pub mod semconv;

pub use play::{PlayContext, PlayTrace};
pub use recorder::PlayRecorder;
pub use request::Url;
