//! The four bytes before each frame (ISO/IEC 11172-3 section 2.4.1.3, 13818-3 for the low sampling
//! frequencies, and the unofficial MPEG 2.5).

use super::info::InfoTag;
use crate::demux::Codec;
use crate::framed::{FrameHeader, Index};

/// Bytes before a frame that its samples may lie in: the bit reservoir's reach (ISO/IEC 11172-3 section
/// 2.4.3.4).
const BIT_RESERVOIR_BYTES: f64 = 511.0;
/// Bit rates of MPEG-1 layer III, in kbit/s, by index (ISO/IEC 11172-3 table 2.4.2.3).
const BIT_RATES_V1: [u16; 16] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
/// Bit rates of MPEG-2 and 2.5 layer III, in kbit/s, by index (ISO/IEC 13818-3 table 2.4.2.3).
const BIT_RATES_V2: [u16; 16] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
/// Sampling frequencies of MPEG-1, in Hz; MPEG-2 has half of them, MPEG-2.5 a quarter.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// One frame header, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MpegHeader {
    /// Two version bits as they stand: 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5.
    pub version: u8,
    /// Bit rate, in kbit/s.
    pub bit_rate: u16,
    /// Sampling frequency, in Hz.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Whether a CRC of two bytes follows the header.
    pub protected: bool,
    /// Bytes of the whole frame, header included.
    pub frame_bytes: usize,
}

impl MpegHeader {
    /// Bytes of a header.
    pub const BYTES: usize = 4;

    /// Reads the header at the front of `bytes`; `None` where there is none that layer III allows. The free
    /// format (bit rate index 0) is not supported: no encoder in use writes it.
    #[inline(never)]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let &[sync, b1, b2, b3, ..] = bytes else { return None };
        let version = (b1 >> 3) & 3;
        let layer = (b1 >> 1) & 3;
        if sync != 0xff || b1 & 0xe0 != 0xe0 || version == 1 || layer != 1 {
            return None;
        }
        let rates = if version == 3 { &BIT_RATES_V1 } else { &BIT_RATES_V2 };
        let bit_rate = rates[usize::from(b2 >> 4)];
        let base = *SAMPLE_RATES.get(usize::from((b2 >> 2) & 3))?;
        // Emphasis 2 is reserved: another way to distinguish a header from noise.
        if bit_rate == 0 || b3 & 3 == 2 {
            return None;
        }
        let sample_rate = match version {
            3 => base,
            2 => base / 2,
            _ => base / 4,
        };
        let bytes_per_frame = if version == 3 { 144_000 } else { 72_000 };
        let padding = usize::from((b2 >> 1) & 1);
        Some(Self {
            version,
            bit_rate,
            sample_rate,
            channels: if b3 >> 6 == 3 { 1 } else { 2 },
            protected: b1 & 1 == 0,
            frame_bytes: (bytes_per_frame * u32::from(bit_rate) / sample_rate) as usize + padding,
        })
    }

    /// Bytes of the side information, which follows header and CRC.
    pub fn side_info_bytes(&self) -> usize {
        match (self.version == 3, self.channels) {
            (true, 2) => 32,
            (true, _) | (false, 2) => 17,
            _ => 9,
        }
    }
}

impl FrameHeader for MpegHeader {
    const CONSTANT: bool = true;

    fn parse(bytes: &[u8]) -> Option<Self> {
        Self::parse(bytes)
    }

    fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    fn payload(&self) -> usize {
        0
    }

    fn continues(&self, other: &Self) -> bool {
        (self.version, self.sample_rate) == (other.version, other.sample_rate)
    }

    fn has_layout_of(&self, other: &Self) -> bool {
        self.channels == other.channels
    }

    fn reservoir<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        let crc = if self.protected { 2 } else { 0 };
        frame.get(Self::BYTES + crc + self.side_info_bytes()..).unwrap_or_default()
    }

    /// Side information of zeros: no granule has any data, and all that follows it stays in the reservoir.
    fn primer(&self, reservoir: &[u8]) -> Option<Vec<u8>> {
        let rate =
            SAMPLE_RATES.iter().position(|&rate| rate == self.sample_rate << (3 - self.version.max(1)))?;
        let mode = if self.channels == 1 { 0xc0 } else { 0 };
        // The highest bit rate, no CRC.
        let bytes = [0xff, 0xe3 | self.version << 3, 0xe0 | (rate as u8) << 2, mode];
        let header = Self::parse(&bytes)?;
        let mut frame = bytes.to_vec();
        frame.resize(header.frame_bytes, 0);
        let room = header.frame_bytes - Self::BYTES - header.side_info_bytes();
        let kept = &reservoir[reservoir.len().saturating_sub(room)..];
        let at = header.frame_bytes - kept.len();
        frame[at..].copy_from_slice(kept);
        Some(frame)
    }

    fn has_rate_of(&self, other: &Self) -> bool {
        self.bit_rate == other.bit_rate
    }

    fn samples(&self) -> u32 {
        if self.version == 3 { 1152 } else { 576 }
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn channels(&self) -> u8 {
        self.channels
    }

    /// Over padded and unpadded frames.
    fn mean_bytes(&self) -> f64 {
        f64::from(self.samples()) * f64::from(self.bit_rate) * 125.0 / f64::from(self.sample_rate)
    }

    fn preroll(&self, mean_bytes: f64) -> u64 {
        let audio_bytes = (mean_bytes - 4.0 - self.side_info_bytes() as f64).max(1.0);
        (BIT_RESERVOIR_BYTES / audio_bytes).ceil() as u64 + 1
    }

    fn codec(&self) -> (Codec, Vec<u8>) {
        (Codec::Mp3, Vec::new())
    }

    fn index(&self, frame: &[u8]) -> Option<Index> {
        InfoTag::parse(self, frame).map(InfoTag::into_index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_common_header() {
        let header = MpegHeader::parse(&[0xff, 0xfb, 0x90, 0x64]).unwrap();
        assert_eq!((header.bit_rate, header.sample_rate, header.channels), (128, 44_100, 2));
        assert_eq!((header.frame_bytes, header.samples(), header.side_info_bytes()), (417, 1152, 32));
        assert!((header.mean_bytes() - 417.96).abs() < 0.01);
    }

    #[test]
    fn refuses_what_layer_three_does_not_allow() {
        for bytes in [
            [0xff, 0xfb, 0xf0, 0x64], // bit rate 15
            [0xff, 0xfb, 0x00, 0x64], // free format
            [0xff, 0xfb, 0x9c, 0x64], // sampling frequency 3
            [0xff, 0xfd, 0x90, 0x64], // layer II
            [0xff, 0xeb, 0x90, 0x64], // reserved version
            [0xff, 0xfb, 0x90, 0x66], // reserved emphasis
            [0xfe, 0xfb, 0x90, 0x64], // no sync
        ] {
            assert_eq!(MpegHeader::parse(&bytes), None, "{bytes:02x?}");
        }
        assert_eq!(MpegHeader::parse(&[0xff, 0xfb, 0x90]), None);
    }

    #[test]
    fn low_sampling_frequencies_have_short_frames() {
        let header = MpegHeader::parse(&[0xff, 0xf3, 0x40, 0xc0]).unwrap();
        assert_eq!((header.bit_rate, header.sample_rate, header.channels), (32, 22_050, 1));
        assert_eq!((header.frame_bytes, header.samples(), header.side_info_bytes()), (104, 576, 9));
    }
}
