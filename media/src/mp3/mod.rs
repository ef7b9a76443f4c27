//! MP3 files: the frame header, the tags before and between the frames, and a push demuxer over both.
//!
//! Knows bytes alone: no decoder, no network. Frames of MPEG-1, 2 and 2.5 layer III; layers I and II are refused.

mod demux;
mod header;
mod id3;
mod info;

pub use demux::{DemuxError, Demuxer, Step, StreamInfo};
pub use header::FrameHeader;
pub use info::InfoTag;
