//! Where a stream ends, and where another file was joined to it: found among the frames that are in memory,
//! since what an index states is a hint.

use super::head::Head;
use super::{Demuxer, FrameHeader, HEADER_BYTES, Index};
use crate::demux::{DemuxError, Step};
use crate::tags::is_tag;

/// Bytes after a stated end in which more frames are looked for: tags may lie between two files in one.
pub(super) const MAX_BETWEEN: usize = 1 << 20;
/// Bytes of an `ID3v1` tag, of the header of an `APEv2` tag, and of what may follow that: covers are within.
const ID3V1_BYTES: u64 = 128;
const APE_HEADER_BYTES: u64 = 32;
const MAX_APE_BYTES: u64 = 16 << 20;
/// Frames in a row that bear out a change of the sample rate or of the channels.
pub(super) const RUN: usize = 3;
/// Packets before the end of the file that a seek behind it goes to.
pub(super) const LAST_PACKETS: f64 = 8.0;
/// Packets by which an estimated length may differ from what was read to the end, and stays as it is.
const ESTIMATE_SLACK: u64 = 8;
/// Packets whose damage at the very end is mended from the length that the information frame states.
pub(super) const MENDABLE_PACKETS: u64 = 8;

/// Whether bytes between frames, or behind them, are zeros: no frame was damaged there.
pub(super) fn is_padding(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

/// Bytes of the tag at the head of `bytes`: `ID3v1`, or `APEv2` with its header in front. `ID3v2` is read
/// elsewhere.
pub(super) fn tag_bytes(bytes: &[u8]) -> Option<u64> {
    if bytes.starts_with(b"TAG") {
        return Some(ID3V1_BYTES);
    }
    let size = bytes.starts_with(b"APETAGEX").then(|| bytes.get(12..16)).flatten()?;
    let size = size.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    (size <= MAX_APE_BYTES).then_some(APE_HEADER_BYTES + size)
}

/// Packets that may be missing to a stated length, or be too many, where packets were lost.
pub(super) fn mendable(stated: u64) -> u64 {
    MENDABLE_PACKETS.max(stated / 50)
}

/// The part that an information frame begins, which stands before packet `first`.
pub(super) fn part(first: u64, index: &Index) -> Option<(u64, u64, u64)> {
    Some((first, index.frames?.into(), index.tail))
}

/// What follows from some place on, frame behind frame.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub packets: u64,
    pub bytes: usize,
    /// Whether all have the bit rate of the first.
    pub constant: bool,
    /// The part that begins within, by the count of packets before it.
    pub part: Option<(u64, u64, u64)>,
}

impl<H: FrameHeader> Demuxer<H> {
    /// The frames at hand from byte `from` on that continue each other.
    #[inline(never)]
    pub(super) fn walk(&self, from: usize) -> Walk {
        let rest = self.rest();
        let mut walk = Walk { constant: true, ..Walk::default() };
        let mut first: Option<H> = None;
        while let Some(header) = rest.get(from + walk.bytes..).and_then(H::parse) {
            if first.is_some_and(|first| !header.continues(&first)) {
                break;
            }
            let at = from + walk.bytes;
            let Some(frame) = rest.get(at..at + header.frame_bytes()) else { break };
            walk.bytes += frame.len();
            if let Some(index) = header.index(frame) {
                walk.part = part(walk.packets, &index);
                continue;
            }
            walk.constant &= first.is_none_or(|first| header.has_rate_of(&first));
            walk.packets += 1;
            first = first.or(Some(header));
        }
        walk
    }

    /// Whether frames follow each other at byte `from`; `None` where the bytes are too few to decide.
    #[inline(never)]
    pub(super) fn is_run(&self, from: usize) -> Option<bool> {
        let rest = self.rest();
        let mut at = from;
        let mut first: Option<H> = None;
        for _ in 0..RUN {
            let Some(bytes) = rest.get(at..).filter(|bytes| bytes.len() >= HEADER_BYTES) else {
                return if self.window.is_finished() { Some(at == rest.len() && at > from) } else { None };
            };
            let Some(header) = H::parse(bytes) else { return Some(false) };
            if first.is_some_and(|first| !header.continues(&first)) {
                return Some(false);
            }
            first = first.or(Some(header));
            at += header.frame_bytes();
        }
        Some(true)
    }

    /// Whether frames follow each other anywhere from byte `from` on.
    #[inline(never)]
    pub(super) fn has_run(&self, from: usize) -> bool {
        let rest = self.rest();
        (from..rest.len()).any(|at| rest[at] == 0xff && self.is_run(at) == Some(true))
    }

    /// Counts the frames to the end of the file, where that is in memory and nothing but frames.
    pub(super) fn count(&mut self) {
        self.counted = true;
        let Some(stream) = &self.stream else { return };
        if self.estimated || self.joining.is_some() || self.gap > 0 || self.lost {
            return;
        }
        let walk = self.walk(0);
        let rest = self.rest().get(walk.bytes..).unwrap_or_default();
        if walk.packets == 0 || !(rest.is_empty() || is_tag(rest)) || self.has_run(walk.bytes) {
            return;
        }
        let all = self.packets + walk.packets;
        let part = match walk.part {
            Some((first, frames, tail)) => Some((self.packets + first, frames, tail)),
            None => self.part,
        };
        let tail = part.filter(|(first, frames, _)| first + frames == all).map_or(0, |(.., tail)| tail);
        // What an index states beyond the last frame is a damaged end: see `end`.
        if part.is_some_and(|(first, frames, _)| first + frames > all) {
            return;
        }
        self.end = Some((all * u64::from(stream.header.samples())).saturating_sub(tail));
    }

    /// Where the padding that an index states would begin, within `lost` packets, finds out whether the
    /// file ends after it; returns whether the bytes are enough to decide.
    #[inline(never)]
    pub(super) fn look_for_end(&mut self, stream: &Head<H>, lost: u64) -> bool {
        let samples = u64::from(stream.header.samples());
        let Some((first, frames, tail)) = self.part.filter(|_| self.end.is_none() && !self.estimated) else {
            return true;
        };
        let stop = first.saturating_add(frames);
        let near =
            (self.packets < stop || self.lost) && self.packets + lost + tail.div_ceil(samples).max(1) >= stop;
        if !near || (tail == 0 && !self.lost) {
            return true;
        }
        let left = stop.saturating_sub(self.packets);
        // How many packets were lost is an estimate: the index knows better, where the bytes that are left
        // agree.
        if self.lost {
            // More came than it states, by far: it is of another file.
            if self.packets > stop.saturating_add(mendable(stop)) {
                return true;
            }
            let most = left + mendable(stop);
            let here = self.window.len() as f64 / self.mean_bytes(stream).max(1.0);
            if self.window.is_finished() && here <= most as f64 {
                self.end = Some((stop * samples).saturating_sub(tail));
            }
            return self.window.is_finished() || here > most as f64 || self.window.len() > MAX_BETWEEN;
        }
        let walk = self.walk(0);
        if walk.packets > left || walk.part.is_some() {
            return true;
        }
        let after = self.rest().get(walk.bytes..).unwrap_or_default();
        if !self.window.is_finished() {
            return after.len() > MAX_BETWEEN;
        }
        if !self.has_run(walk.bytes) {
            self.end = Some((stop * samples).saturating_sub(tail));
        }
        true
    }

    /// The bytes are over: what is missing to the stated length is a damaged end, or a truncated file.
    pub(super) fn end(&mut self, stream: &Head<H>) -> Result<Step<'_>, DemuxError> {
        let rest = self.rest();
        if !is_tag(rest) && !is_padding(rest) {
            self.gap += self.window.len() as u64;
        }
        self.consume(self.window.len());
        let samples = u64::from(stream.header.samples());
        if let Some((index, _)) = self.joining.take() {
            // No frame follows the byte that was sought.
            (self.packets, self.estimated) = (index, true);
        }
        if self.estimated {
            // Where the last packets lie is not known: the length stays as it was published, unless more was
            // read.
            if self.end.is_none() {
                self.end_estimated = true;
                let read = self.packets.max(self.known.0);
                let near = |all: &u64| read <= all.saturating_add(ESTIMATE_SLACK);
                let all = self.published.filter(near).unwrap_or(read);
                self.end = Some(all.saturating_mul(samples));
            }
            return Ok(Step::End);
        }
        let damaged = self.lost || self.gap as f64 >= self.mean_bytes(stream) * 0.9;
        let whole = self.total_bytes.is_some_and(|total| self.window.end_offset() >= total);
        let last = self.part.map(|(first, frames, _)| first.saturating_add(frames));
        let Some(last) = last.filter(|&last| last > self.packets) else {
            // Without a stated length only damage of a whole packet or more can be distinguished from a stray
            // tail.
            if self.gap as f64 >= self.mean_bytes(stream) * 0.9 && self.part.is_none() {
                return Ok(self.take_gap());
            }
            self.end = self.end.or(Some(self.packets * samples));
            return Ok(Step::End);
        };
        let missing = last - self.packets;
        let mendable = missing <= mendable(last);
        // The file is all there: its index states more than it has.
        if whole && !(damaged && mendable) {
            self.end = Some(self.packets * samples);
            return Ok(Step::End);
        }
        if !mendable {
            return Err(DemuxError::Truncated);
        }
        self.gap = 0;
        let tail = self.part.map_or(0, |(.., tail)| tail);
        self.end = self.end.or(Some((last * samples).saturating_sub(tail)));
        Ok(self.lose(missing))
    }
}
