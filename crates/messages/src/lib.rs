//! The messages of the two planes: commands go down to the media plane, facts come up from it.
//!
//! Owns their types and their bytes. Knows nothing of players, telemetry, audio decoding or the browser: both
//! planes are built against this crate, so a message that one side can write the other can read. The bytes
//! are never stored: both ends come from one build, and the first message each way carries [`VERSION`] to
//! make sure of it.

mod command;
mod fact;
mod wire;

pub use command::{Command, Request};
pub use fact::{BodyEnd, Fact, Format, MediaError, ResponseHead};
pub use wire::{Cursor, DecodeError, Wire};

/// The version of the package that both planes must have in common.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Frames of PCM that may lie between the decoder and the sound card, in seconds of audio.
pub const RING_SECONDS: u32 = 4;

/// Bytes of undecoded media that the media plane reads ahead before it drops its request.
pub const READ_AHEAD_BYTES: usize = 2 << 20;
