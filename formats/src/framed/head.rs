//! What is known of a stream once its first frame is found: its length, and where its packets lie.

use super::{Header, Index};
use crate::demux::Stream;

/// What is known of the stream once its first frame is found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head<H> {
    pub header: H,
    pub index: Option<Index>,
    /// Where the first frame of audio begins, in bytes of the file.
    pub audio_offset: u64,
    /// Mean bytes of the first frames, and whether all of them have one bit rate.
    pub measured: (f64, bool),
}

impl<H: Header> Head<H> {
    /// Mean bytes of a packet over the whole file, estimated from the first bytes.
    #[inline(never)]
    pub(super) fn mean_bytes(&self) -> f64 {
        match self.index.as_ref() {
            Some(Index { constant: false, frames: Some(frames), bytes: Some(bytes), .. }) => {
                f64::from(*bytes) / f64::from(*frames)
            }
            _ if self.is_constant() => self.header.mean_bytes(),
            _ => self.measured.0,
        }
    }

    pub(super) fn is_constant(&self) -> bool {
        self.index.as_ref().map_or(self.measured.1, |index| index.constant)
    }

    /// Packets of the whole file by its length in bytes.
    pub(super) fn estimate(&self, total_bytes: Option<u64>) -> Option<u64> {
        let audio = total_bytes?.checked_sub(self.audio_offset)?;
        Some((audio as f64 / self.mean_bytes().max(1.0)).round() as u64)
    }

    /// Packets of the whole file, where the index states them and the file is not evidently another one: one
    /// that was joined from several has the index of the first.
    pub(super) fn stated(&self, total_bytes: Option<u64>) -> Option<u64> {
        let index = self.index.as_ref()?;
        let stated = u64::from(index.frames?);
        let there = total_bytes.and_then(|total| total.checked_sub(self.audio_offset));
        let differs = match (there, index.bytes) {
            (Some(there), Some(bytes)) if there.abs_diff(bytes.into()) > u64::from(bytes) / 16 + 4096 => true,
            _ => {
                let all = self.estimate(total_bytes).filter(|_| self.is_constant());
                all.is_some_and(|all| all.abs_diff(stated) > stated / 8 + 8)
            }
        };
        (!differs).then_some(stated)
    }

    pub(super) fn describe(&self, total_bytes: Option<u64>) -> Stream {
        let header = &self.header;
        let samples = u64::from(header.samples());
        let (delay, tail) = self.index.as_ref().map_or((0, 0), |index| (index.head, index.tail));
        let frames = |packets: Option<u64>| {
            packets.map(|packets| packets.saturating_mul(samples).saturating_sub(tail))
        };
        let (codec, configuration) = header.codec();
        let end = frames(self.stated(total_bytes));
        Stream {
            codec,
            sample_rate: header.sample_rate(),
            channels: header.channels(),
            delay,
            end,
            open_ended: true,
            length: end.or(frames(self.estimate(total_bytes))).map(|end| end.saturating_sub(delay)),
            following: 0,
            continues: false,
            packet_frames: header.samples(),
            bytes_per_second: self.mean_bytes() * f64::from(header.sample_rate()) / samples as f64,
            configuration,
            gain: 1.0,
        }
    }

    /// Where in the file packet `number` lies, as near as the tables allow; `mean` bytes a packet where there
    /// are none.
    pub(super) fn locate(&self, number: u64, mean: f64) -> u64 {
        if let Some(Index {
            constant: false, frames: Some(frames), bytes: Some(bytes), toc: Some(toc), ..
        }) = &self.index
        {
            let percent = (number as f64 * 100.0 / f64::from(*frames)).clamp(0.0, 99.999);
            let at = percent as usize;
            let low = f64::from(toc[at]);
            let high = toc.get(at + 1).map_or(256.0, |&share| f64::from(share));
            let share = low + (high - low).max(0.0) * percent.fract();
            let past = number.saturating_sub(u64::from(*frames)) as f64 * mean;
            return self.audio_offset + (share / 256.0 * f64::from(*bytes) + past) as u64;
        }
        self.audio_offset + (number as f64 * mean) as u64
    }
}
