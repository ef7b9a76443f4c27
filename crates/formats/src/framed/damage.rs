//! Damage: bytes that are no frame are stepped over, and become as many lost packets.

use super::end::{MENDABLE_PACKETS, is_padding};
use super::head::Head;
use super::{Demuxer, FrameHeader, HEADER_BYTES};
use crate::demux::{DemuxError, Step};
use crate::tags::is_tag;

/// Bytes of damage that are looked through at once; more is stepped over in pieces, so that memory stays
/// bounded.
pub(super) const DAMAGE_WINDOW: usize = 64 << 10;
/// Bytes of damage in a row after which the stream is given up: two minutes at 128 kbit/s. Frames that follow
/// less of it are found, as ffmpeg finds them.
pub(super) const MAX_DAMAGE: u64 = 2 << 20;

/// Where a search for two frames in a row came to.
pub(super) enum Found {
    At(usize),
    Undecided(usize),
    Nowhere,
}

impl<H: FrameHeader> Demuxer<H> {
    pub(super) fn take_gap(&mut self) -> Step<'_> {
        let Some(stream) = self.stream.clone() else { return Step::NeedBytes };
        let lost =
            (self.gap as f64 / self.mean_bytes(&stream)).round().clamp(0.0, f64::from(u32::MAX)) as u32;
        let near = |missing: &u32| u64::from(missing.abs_diff(lost)) <= MENDABLE_PACKETS;
        let lost = self.missing().filter(near).unwrap_or(lost);
        self.lost |= lost > 0;
        if !self.look_for_end(&stream, lost.into()) {
            return Step::NeedBytes;
        }
        self.gap = 0;
        self.audio_bytes += (f64::from(lost) * stream.mean_bytes()) as u64;
        self.lose(lost.into())
    }

    /// Packets that are missing here by what an index states, where all that follows is in memory and whole.
    pub(super) fn missing(&self) -> Option<u32> {
        let (first, frames, _) = self.part.filter(|_| self.window.is_finished() && !self.estimated)?;
        let walk = self.walk(0);
        let rest = self.rest().get(walk.bytes..)?;
        let whole = walk.part.is_none() && (rest.is_empty() || is_tag(rest));
        let missing = first.saturating_add(frames).checked_sub(self.packets + walk.packets)?;
        u32::try_from(missing).ok().filter(|_| whole)
    }

    /// Reports `packets` lost packets at this place.
    pub(super) fn lose(&mut self, packets: u64) -> Step<'_> {
        let Some(stream) = &self.stream else { return Step::NeedBytes };
        let at = Some(self.at(stream));
        let frames = packets.saturating_mul(stream.header.samples().into());
        self.packets = self.packets.saturating_add(packets);
        self.lost |= packets > 0;
        Step::Lost { at, frames }
    }

    /// Steps over damage to the next two frames in a row.
    pub(super) fn resync(&mut self, stream: &Head<H>, here: Option<H>) -> Result<Step<'_>, DemuxError> {
        let from = usize::from(self.joining.is_none());
        let at = match self.find_pair(Some(&stream.header), from) {
            Found::At(at) => at,
            // More than a window of damage is stepped over in pieces.
            Found::Undecided(at) if at >= DAMAGE_WINDOW => at,
            Found::Undecided(_) => return Ok(Step::NeedBytes),
            Found::Nowhere => return self.end(stream),
        };
        if self.from_end && !self.window.is_finished() && self.window.len() < DAMAGE_WINDOW {
            return Ok(Step::NeedBytes);
        }
        if let Some((index, target)) = self.joining.take() {
            self.consume(at);
            let past = (self.window.offset().saturating_sub(target)) as f64 / self.mean_bytes(stream);
            let left = if std::mem::take(&mut self.from_end) { Some(self.walk(0).packets) } else { None };
            let counted = left.and_then(|left| self.published?.checked_sub(left));
            self.packets = counted.unwrap_or(index.saturating_add(past.round() as u64));
            self.audio_bytes = (self.packets as f64 * self.mean_bytes(stream)) as u64;
            return Ok(self.lose(0));
        }
        // A whole frame that ends before the damage does is not part of it.
        if let Some(header) = here
            && header.frame_bytes() <= at
        {
            if !self.look_for_end(stream, 0) {
                return Ok(Step::NeedBytes);
            }
            return Ok(self.take_packet(header.frame_bytes()));
        }
        if !is_padding(&self.rest()[..at]) {
            (self.gap, self.damage) = (self.gap + at as u64, self.damage + at as u64);
        }
        self.consume(at);
        Ok(self.take_gap())
    }

    /// The first place from `from` on where two frames of `stream` (of any, where there is none yet) follow
    /// each other.
    pub(super) fn find_pair(&mut self, stream: Option<&H>, from: usize) -> Found {
        let rest = self.window.rest();
        let mut at = from.max(self.scanned);
        while at + HEADER_BYTES <= rest.len() {
            let Some(next) = rest[at..].iter().position(|&byte| byte == 0xff) else {
                break;
            };
            at += next;
            if let Some(header) = H::parse(&rest[at..]) {
                let same =
                    stream.is_none_or(|stream| header.continues(stream) && header.has_layout_of(stream));
                if !same {
                    match self.is_run(at) {
                        Some(true) => return Found::At(at),
                        None => {
                            self.scanned = at;
                            return Found::Undecided(at);
                        }
                        Some(false) => at += 1,
                    }
                    continue;
                }
                let end = at + header.frame_bytes();
                let Some(after) = rest.get(end..).filter(|after| after.len() >= HEADER_BYTES) else {
                    if self.window.is_finished() && end == rest.len() {
                        return Found::At(at);
                    }
                    if !self.window.is_finished() {
                        self.scanned = at;
                        return Found::Undecided(at);
                    }
                    at += 1;
                    continue;
                };
                if H::parse(after).is_some_and(|after| after.continues(&header)) {
                    return Found::At(at);
                }
            }
            at += 1;
        }
        // A header may still begin in the last three bytes.
        let end = rest.len().saturating_sub(HEADER_BYTES - 1).max(from.min(rest.len()));
        self.scanned = end;
        if self.window.is_finished() { Found::Nowhere } else { Found::Undecided(end) }
    }
}
