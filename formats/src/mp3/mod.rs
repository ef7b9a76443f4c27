//! MP3 files: the frame header and the information frame; the demuxer is that of all framed streams.
//!
//! Frames of MPEG-1, 2 and 2.5 layer III; layers I and II are refused.

mod header;
mod info;

pub use header::MpegHeader;
pub use info::InfoTag;

/// The demuxer of one file.
pub type Demuxer = crate::framed::Demuxer<MpegHeader>;
