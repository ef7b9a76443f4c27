//! STREAMINFO and SEEKTABLE (RFC 9639 sections 8.2 and 8.5).

use crate::bytes::Reader;
use crate::demux::{Codec, Stream};
use crate::seek::Place;

/// Bytes of STREAMINFO.
pub(super) const BYTES: usize = 34;

/// What STREAMINFO says.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamInfo {
    /// The least and the most frames of a block.
    pub block_size: (u32, u32),
    /// Bytes of the largest frame; 0 where it is not known.
    pub most_bytes: u32,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// Bits of a sample.
    pub bits: u8,
    /// Frames of the whole; none where it is not known.
    pub total: Option<u64>,
    bytes: Vec<u8>,
}

impl StreamInfo {
    /// Reads the block.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let block_size = (rest.be(2)? as u32, rest.be(2)? as u32);
        rest.take(3)?;
        let most_bytes = rest.be(3)? as u32;
        let packed = rest.be(8)?;
        let total = packed & 0xf_ffff_ffff;
        rest.take(16)?;
        let info = Self {
            block_size,
            most_bytes,
            sample_rate: (packed >> 44) as u32,
            channels: (packed >> 41 & 7) as u8 + 1,
            bits: (packed >> 36 & 31) as u8 + 1,
            total: (total > 0).then_some(total),
            bytes: bytes[..BYTES].to_vec(),
        };
        // Of two channels of 32 bits the difference has 33, which the decoder has no room for.
        let decodable = info.bits <= 24 || info.channels != 2;
        (decodable
            && info.sample_rate > 0
            && info.block_size.1 >= 16
            && info.block_size.0 <= info.block_size.1)
            .then_some(info)
    }

    /// Whether a byte is one that a frame of the time line can lie at: no frame is longer than its samples
    /// are, by much.
    pub(super) fn is_plausible(&self, (byte, at): Place) -> bool {
        let frame = u64::from(self.channels) * u64::from(self.bits).div_ceil(8);
        byte <= at.saturating_mul(frame).saturating_mul(2).saturating_add(1 << 16)
    }

    /// Bytes that no frame exceeds, were it stored as it is.
    pub fn bound(&self) -> usize {
        let samples = self.block_size.1 as usize * usize::from(self.channels);
        let stored = samples * usize::from(self.bits + 1).div_ceil(8) + 64;
        if self.most_bytes > 0 { stored.min(self.most_bytes as usize * 2 + 64) } else { stored }
    }

    /// The stream, whose frames lie between two bytes of the file.
    pub fn describe(&self, start: u64, end: Option<u64>) -> Stream {
        let seconds = self.total.map(|total| total as f64 / f64::from(self.sample_rate));
        let stored = f64::from(self.sample_rate) * f64::from(self.channels) * f64::from(self.bits) / 8.0;
        let bytes = end.and_then(|end| end.checked_sub(start));
        let measured = seconds.zip(bytes).map(|(seconds, bytes)| bytes as f64 / seconds);
        // Where nothing is known: what music takes, as a rule.
        let bytes_per_second = measured.unwrap_or(stored * 0.6);
        let guessed =
            bytes.map(|bytes| (bytes as f64 / bytes_per_second * f64::from(self.sample_rate)) as u64);
        Stream {
            codec: Codec::Flac,
            sample_rate: self.sample_rate,
            channels: self.channels,
            channel_mask: 0,
            delay: 0,
            end: self.total,
            open_ended: true,
            length: self.total.or(guessed),
            following: Some(0),
            continues: false,
            packet_frames: self.block_size.1,
            bytes_per_second,
            configuration: self.bytes.clone(),
            gain: 1.0,
        }
    }
}

/// Reads the seek table: places, their bytes counted from the first frame.
pub(super) fn seek_table(bytes: &[u8]) -> Vec<Place> {
    let points = bytes.chunks_exact(18).filter_map(|point| {
        let mut rest = Reader(point);
        let (sample, byte) = (rest.be(8)?, rest.be(8)?);
        // All ones is a placeholder.
        (sample < 1 << 36).then_some((byte, sample))
    });
    points.collect()
}
