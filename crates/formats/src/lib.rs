//! Tonearm's formats: bytes in, in pieces of any size; frames of PCM at the file's own rate out.
//!
//! Owns push demuxers, decoders and tags, and the trim of what encoders add at both ends. Knows no network,
//! no output and no clock: [`Track`] is all that the media plane sees. Each family becomes a wasm module of
//! its own (`exports.rs`), so that a play downloads the one it needs; one instance holds one track, and what
//! a damaged file does to it ends with it.

#![cfg_attr(
    not(feature = "all"),
    allow(dead_code, unreachable_pub, unused_imports, reason = "a module has one family of what is here")
)]
#![cfg_attr(
    all(target_arch = "wasm32", feature = "bindings"),
    allow(clippy::float_cmp, reason = "wasm-bindgen compares the numbers of enums")
)]

mod bytes;
mod crc;
pub mod decode;
pub mod demux;
#[cfg(any(feature = "mp3", feature = "aac"))]
pub mod framed;
pub mod media_type;
#[cfg(any(feature = "aac", feature = "opus"))]
mod opus_packet;
#[cfg(any(feature = "aac", feature = "flac", feature = "vorbis", feature = "opus"))]
mod seek;
pub mod sniff;
pub mod tags;
pub mod track;

#[cfg(feature = "aac")]
pub mod adts;
#[cfg(feature = "flac")]
pub mod flac;
#[cfg(feature = "mp3")]
pub mod mp3;
#[cfg(feature = "aac")]
pub mod mp4;
#[cfg(any(feature = "flac", feature = "vorbis", feature = "opus"))]
pub mod ogg;
#[cfg(feature = "wav")]
pub mod wav;

#[cfg(all(target_arch = "wasm32", feature = "module"))]
pub mod exports;

pub use decode::Planes;
pub use media_type::{CanPlayType, can_play_type};
pub use sniff::{Family, Sniffed, sniff};
pub use track::{Advance, AdvanceCode, CodecName, END_PROBE_BYTES, Format, HostDecoders, Track, TrackError};

/// A quarter of the code of Rust's own allocator for this target, and bounded time for each call.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
