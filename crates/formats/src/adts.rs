//! ADTS: AAC frames, each behind a header (ISO/IEC 14496-3 section 1.A.2.2).

use crate::demux::Codec;
use crate::framed::{FrameHeader, Index};

/// Sample rates by their index (ISO/IEC 14496-3 table 1.18), in Hz.
pub const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Frames of PCM of a frame.
const SAMPLES: u32 = 1024;
/// At this rate and below, encoders add the upper half of the spectrum (spectral band replication) without
/// stating it.
pub(crate) const IMPLICIT_SBR: u32 = 24_000;

/// The demuxer of one file.
pub type Demuxer = crate::framed::Demuxer<AdtsHeader>;

/// One frame header, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdtsHeader {
    profile: u8,
    rate_index: u8,
    channels: u8,
    protected: bool,
    frame_bytes: usize,
}

impl FrameHeader for AdtsHeader {
    const CONSTANT: bool = false;

    fn parse(bytes: &[u8]) -> Option<Self> {
        let &[sync, b1, b2, b3, b4, b5, b6, ..] = bytes else { return None };
        if sync != 0xff || b1 & 0xf6 != 0xf0 {
            return None;
        }
        let header = Self {
            profile: b2 >> 6,
            rate_index: b2 >> 2 & 15,
            channels: (b2 & 1) << 2 | b3 >> 6,
            protected: b1 & 1 == 0,
            frame_bytes: usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5),
        };
        // One block a frame, as every encoder writes it; main, low complexity and long-term prediction are
        // distinguished later.
        let sound = usize::from(header.rate_index) < SAMPLE_RATES.len()
            && matches!(header.channels, 1..=7)
            && b6.trailing_zeros() >= 2
            && header.frame_bytes > header.payload();
        sound.then_some(header)
    }

    fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    fn payload(&self) -> usize {
        if self.protected { 9 } else { 7 }
    }

    fn continues(&self, other: &Self) -> bool {
        (self.profile, self.rate_index) == (other.profile, other.rate_index)
    }

    fn has_layout_of(&self, other: &Self) -> bool {
        self.channels == other.channels
    }

    fn reservoir<'a>(&self, _: &'a [u8]) -> &'a [u8] {
        &[]
    }

    fn primer(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn has_rate_of(&self, _: &Self) -> bool {
        false
    }

    fn samples(&self) -> u32 {
        SAMPLES
    }

    fn sample_rate(&self) -> u32 {
        SAMPLE_RATES[usize::from(self.rate_index)]
    }

    fn channels(&self) -> u8 {
        if self.channels == 7 { 8 } else { self.channels }
    }

    fn mean_bytes(&self) -> f64 {
        self.frame_bytes as f64
    }

    fn preroll(&self, _: f64) -> u64 {
        1
    }

    fn codec(&self) -> (Codec, Vec<u8>) {
        let object_type = self.profile + 1;
        // AudioSpecificConfig (section 1.6.2.1): object type, rate index, channel configuration.
        let bits =
            u16::from(object_type) << 11 | u16::from(self.rate_index) << 7 | u16::from(self.channels) << 3;
        let implicit = object_type == 2 && self.sample_rate() <= IMPLICIT_SBR;
        (Codec::Aac(if implicit { 5 } else { object_type }), bits.to_be_bytes().to_vec())
    }

    fn index(&self, _: &[u8]) -> Option<Index> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_common_header() {
        let header = AdtsHeader::parse(&[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc]).unwrap();
        assert_eq!(
            (header.sample_rate(), header.channels(), header.frame_bytes, header.payload()),
            (44_100, 2, 371, 7)
        );
    }
}
