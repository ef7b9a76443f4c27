//! What is known of a stream once its first frame is found: its length, and where its packets lie.

use super::{FrameHeader, Index};
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

impl<H: FrameHeader> Head<H> {
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

    /// Packets of the whole file by its length in bytes, and by the table of an index that covers it: the
    /// file was cut.
    pub(super) fn estimate(&self, total_bytes: Option<u64>) -> Option<u64> {
        let audio = total_bytes?.checked_sub(self.audio_offset)?;
        let mean = self.mean_bytes().max(1.0);
        if let Some(Index { frames: Some(frames), .. }) =
            self.index.as_ref().filter(|_| self.is_indexed(audio))
        {
            let end = self.audio_offset.saturating_add(audio);
            return Some(last_before(end, (*frames).into(), &|number| self.locate(number, mean)));
        }
        Some((audio as f64 / mean).round() as u64)
    }

    /// Whether the table of an index covers so many bytes of audio.
    pub(super) fn is_indexed(&self, bytes: u64) -> bool {
        let index = self.index.as_ref().filter(|index| !index.constant && index.toc.is_some());
        index.and_then(|index| index.bytes).is_some_and(|stated| u64::from(stated) >= bytes)
    }

    /// Packets of the whole file, where the index states them and the file is not evidently another one: one
    /// that was joined from several has the index of the first, one that was cut lacks some of them.
    pub(super) fn stated(&self, total_bytes: Option<u64>) -> Option<u64> {
        let index = self.index.as_ref()?;
        let stated = u64::from(index.frames?);
        let there = total_bytes.and_then(|total| total.checked_sub(self.audio_offset));
        // A file may have more bytes than an index states, of tags after its end, but hardly fewer.
        let unlike = |here: u64, stated: u64, more: u64, slack: u64| {
            here > stated + stated / more + slack || here + stated / 256 + slack / 4 < stated
        };
        let differs = match (there, index.bytes) {
            (Some(there), Some(bytes)) if unlike(there, bytes.into(), 16, 4096) => true,
            _ => {
                let all = self.estimate(total_bytes).filter(|_| self.is_constant());
                all.is_some_and(|all| unlike(all, stated, 8, 8))
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
            channel_mask: 0,
            delay,
            end,
            open_ended: true,
            length: end.or(frames(self.estimate(total_bytes))).map(|end| end.saturating_sub(delay)),
            following: Some(0),
            continues: false,
            packet_frames: header.samples(),
            bytes_per_second: self.mean_bytes() * f64::from(header.sample_rate()) / samples as f64,
            configuration,
            gain: 1.0,
        }
    }

    /// Where in the file packet `number` lies, as near as the tables allow; `mean` bytes a packet where there
    /// are none. The first one's place is known.
    pub(super) fn locate(&self, number: u64, mean: f64) -> u64 {
        if number == 0 {
            return self.audio_offset;
        }
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
            let passed = (share / 256.0 * f64::from(*bytes) + past) as u64;
            return self.audio_offset.saturating_add(passed);
        }
        self.audio_offset.saturating_add((number as f64 * mean) as u64)
    }
}

/// The last packet up to number `high` that `place` puts at `byte` or before it.
#[inline(never)]
pub(super) fn last_before(byte: u64, high: u64, place: &dyn Fn(u64) -> u64) -> u64 {
    let (mut low, mut high) = (0, high.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if place(middle) <= byte { low = middle } else { high = middle }
    }
    low
}
