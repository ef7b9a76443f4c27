//! What a track says of itself, and what its host says to it.

use crate::demux::DemuxError;

#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
use wasm_bindgen::prelude::wasm_bindgen;

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

/// A codec without its parameters.
#[cfg_attr(all(target_arch = "wasm32", feature = "bindings"), wasm_bindgen)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CodecName {
    /// MPEG-1, 2 and 2.5 layer III.
    Mp3,
    /// AAC.
    Aac,
    /// FLAC.
    Flac,
    /// Vorbis.
    Vorbis,
    /// Opus.
    Opus,
    /// Uncompressed samples.
    #[default]
    Pcm,
}

impl CodecName {
    const ALL: [Self; 6] = [Self::Mp3, Self::Aac, Self::Flac, Self::Vorbis, Self::Opus, Self::Pcm];

    /// The codec of a number from another module.
    pub fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// The name that telemetry and JavaScript see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Flac => "flac",
            Self::Vorbis => "vorbis",
            Self::Opus => "opus",
            Self::Pcm => "pcm",
        }
    }
}

/// What a track's bytes turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    /// The codec.
    pub codec: CodecName,
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
    SeekSource,
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

/// [`Advance`] as it crosses the border of a module.
#[cfg_attr(all(target_arch = "wasm32", feature = "bindings"), wasm_bindgen)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AdvanceCode {
    /// [`Advance::Ready`].
    Ready,
    /// [`Advance::NeedBytes`].
    NeedBytes,
    /// [`Advance::SeekSource`].
    SeekSource,
    /// [`Advance::Format`].
    Format,
    /// [`Advance::Packet`].
    Packet,
    /// [`Advance::Drain`].
    Drain,
    /// [`Advance::End`].
    End,
    /// [`TrackError::Unsupported`].
    #[default]
    Unsupported,
    /// [`TrackError::Undecodable`].
    Undecodable,
    /// [`TrackError::Truncated`].
    Truncated,
}

impl AdvanceCode {
    const ALL: [Self; 10] = [
        Self::Ready,
        Self::NeedBytes,
        Self::SeekSource,
        Self::Format,
        Self::Packet,
        Self::Drain,
        Self::End,
        Self::Unsupported,
        Self::Undecodable,
        Self::Truncated,
    ];

    /// The code of a number from another module.
    pub fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or_default()
    }
}

impl Advance {
    /// The code that crosses the border of a module; the format crosses by exports of its own.
    pub fn code(&self) -> AdvanceCode {
        match self {
            Self::Ready => AdvanceCode::Ready,
            Self::NeedBytes => AdvanceCode::NeedBytes,
            Self::SeekSource => AdvanceCode::SeekSource,
            Self::Format(_) => AdvanceCode::Format,
            Self::Packet => AdvanceCode::Packet,
            Self::Drain => AdvanceCode::Drain,
            Self::End => AdvanceCode::End,
            Self::Failed(TrackError::Unsupported) => AdvanceCode::Unsupported,
            Self::Failed(TrackError::Undecodable) => AdvanceCode::Undecodable,
            Self::Failed(TrackError::Truncated) => AdvanceCode::Truncated,
        }
    }

    /// What a code stands for; `format` reads the format.
    pub fn from_code(code: AdvanceCode, format: impl FnOnce() -> Format) -> Self {
        match code {
            AdvanceCode::Ready => Self::Ready,
            AdvanceCode::NeedBytes => Self::NeedBytes,
            AdvanceCode::SeekSource => Self::SeekSource,
            AdvanceCode::Format => Self::Format(format()),
            AdvanceCode::Packet => Self::Packet,
            AdvanceCode::Drain => Self::Drain,
            AdvanceCode::End => Self::End,
            AdvanceCode::Unsupported => Self::Failed(TrackError::Unsupported),
            AdvanceCode::Undecodable => Self::Failed(TrackError::Undecodable),
            AdvanceCode::Truncated => Self::Failed(TrackError::Truncated),
        }
    }
}

/// What the host can decode: asked where there is no decoder here, and where its own is better.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostDecoders {
    /// AAC, high-efficiency profiles included.
    pub aac: bool,
    /// The others.
    pub others: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_variants() {
        for code in AdvanceCode::ALL {
            assert_eq!(AdvanceCode::from_number(code as u8), code);
        }
        for codec in CodecName::ALL {
            assert_eq!(CodecName::from_number(codec as u8), codec);
        }
        assert_eq!(AdvanceCode::from_number(10), AdvanceCode::Unsupported);
    }

    #[test]
    fn what_an_advance_came_to_survives_the_border() {
        let format = || Format {
            codec: CodecName::Opus,
            sample_rate: 48_000,
            channels: 2,
            duration: None,
            estimated: true,
            bit_rate: 0,
        };
        for advance in [
            Advance::Ready,
            Advance::NeedBytes,
            Advance::SeekSource,
            Advance::Format(format()),
            Advance::Packet,
            Advance::Drain,
            Advance::End,
            Advance::Failed(TrackError::Unsupported),
            Advance::Failed(TrackError::Undecodable),
            Advance::Failed(TrackError::Truncated),
        ] {
            assert_eq!(Advance::from_code(advance.code(), format), advance);
        }
    }
}
