//! What a track says of itself, and what its host says to it.

use crate::demux::DemuxError;

/// Why a track can't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackError {
    /// The bytes are in no format that can be played here.
    Unsupported,
    /// Too many packets in a row are undecodable.
    Undecodable,
    /// The file ends before the length that it states.
    Truncated,
}

impl From<DemuxError> for TrackError {
    fn from(error: DemuxError) -> Self {
        match error {
            DemuxError::Unsupported => Self::Unsupported,
            DemuxError::Truncated => Self::Truncated,
            DemuxError::Undecodable => Self::Undecodable,
        }
    }
}

/// What a track's bytes turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    /// The codec's name.
    pub codec: &'static str,
    /// Sample rate of what comes out, in Hz.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// Length in seconds, stated or estimated.
    pub duration: Option<f64>,
    /// Whether that is an estimate.
    pub estimated: bool,
    /// Mean bit rate, in bits per second.
    pub bit_rate: u32,
}

/// What a call to [`Track::advance`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Advance {
    /// Enough frames are ready.
    Ready,
    /// More bytes are needed first.
    NeedBytes,
    /// Bytes are needed from [`Track::end_offset`] on, which is not where the last ones ended.
    Elsewhere,
    /// A stream has been recognised, the first or the next of a chain; call again.
    Format(Format),
    /// The host must decode [`Track::packet`], and go on.
    Packet,
    /// The host must give what it still decodes, then call [`Track::drained`].
    Drain,
    /// Everything is decoded.
    End,
    /// The track can't go on.
    Failed(TrackError),
}

/// What the host can decode: asked where there is no decoder here, and where its own is better.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host {
    /// AAC, high-efficiency profiles included.
    pub aac: bool,
    /// The others.
    pub others: bool,
}
