//! What a frame's header says, and what the first frame says of the whole.

use crate::demux::Codec;

/// A frame's header, checked.
pub trait FrameHeader: Copy {
    /// Whether a stream without an index is taken to be of one bit rate.
    const CONSTANT: bool;
    /// Reads the header at the front of at least [`HEADER_BYTES`] bytes; `None` where there is none.
    fn parse(bytes: &[u8]) -> Option<Self>;
    /// Bytes of the whole frame, header included.
    fn frame_bytes(&self) -> usize;
    /// Bytes before what the decoder wants.
    fn payload(&self) -> usize;
    /// Whether both can be frames of one time line: their frames last equally long.
    fn continues(&self, other: &Self) -> bool;
    /// Whether a decoder that was set up for one takes the other.
    fn has_layout_of(&self, other: &Self) -> bool;
    /// What of a whole frame the samples of later frames may depend on.
    fn reservoir<'a>(&self, frame: &'a [u8]) -> &'a [u8];
    /// A frame of silence that hands what later frames depend on to a decoder that has had none of it.
    fn primer(&self, reservoir: &[u8]) -> Option<Vec<u8>>;
    /// Whether a stream of one bit rate could go on with it.
    fn has_rate_of(&self, other: &Self) -> bool;
    /// Frames of PCM that it decodes to.
    fn samples(&self) -> u32;
    /// Sample rate in Hz.
    fn sample_rate(&self) -> u32;
    /// Channels.
    fn channels(&self) -> u8;
    /// Mean bytes of a frame, estimated from one header.
    fn mean_bytes(&self) -> f64;
    /// Frames before one that its samples may depend on.
    fn preroll(&self, mean_bytes: f64) -> u64;
    /// How it is coded, and what the decoder must be given first.
    fn codec(&self) -> (Codec, Vec<u8>);
    /// What `frame`, the first, says of the whole, where it is no audio.
    fn index(&self, frame: &[u8]) -> Option<Index>;
}

/// What a stream's first frame says of the whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Index {
    /// Frames of audio that follow.
    pub frames: Option<u32>,
    /// Bytes of the stream, this frame included.
    pub bytes: Option<u32>,
    /// For each percent of the time, the share of the bytes before it, in 256ths.
    pub toc: Option<[u8; 100]>,
    /// Decoded frames to drop before the music.
    pub head: u64,
    /// Decoded frames to drop behind it.
    pub tail: u64,
    /// Whether the stream is of one bit rate.
    pub constant: bool,
}
