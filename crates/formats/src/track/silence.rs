//! What is missing on the time line, and becomes silence.

use super::{MAX_FAILURES_WITHIN, MOST_FAILURES_IN_A_ROW, Track, TrackError, kept};

/// Of a hole no more is filled with silence, in seconds: the position goes on after it.
const LONGEST_HOLE: u64 = 10;
/// Samples of silence, all channels together, that a hole may become.
const MAX_HOLE_SAMPLES: u64 = 8 << 20;
/// Frames of silence made at once.
const SILENCE_FRAMES: u64 = 4096;

impl Track {
    /// Notes that frames were lost; how many packets that makes is counted.
    pub(super) fn lose(&mut self, (at, frames): (Option<u64>, u64)) -> Result<(), TrackError> {
        self.anchor(at);
        if frames > 0 || at.is_none() {
            self.count_lost(frames);
        }
        let most = if self.has_decoded { MAX_FAILURES_WITHIN } else { MOST_FAILURES_IN_A_ROW };
        if self.failures_in_a_row > most {
            return Err(TrackError::Undecodable);
        }
        let silent = frames.min(self.longest_hole().saturating_sub(self.silent));
        self.silent += silent;
        self.hole = self.hole.saturating_add(silent);
        self.at = self.at.map(|at| at.saturating_add(frames - silent));
        Ok(())
    }

    /// A packet was decoded.
    pub(super) fn end_failures(&mut self) {
        (self.failures_in_a_row, self.silent, self.has_decoded) = (0, 0, true);
    }

    /// Frames of the longest hole that becomes silence.
    fn longest_hole(&self) -> u64 {
        self.stream.as_ref().map_or(0, |stream| {
            let samples = MAX_HOLE_SAMPLES / (self.scale * u64::from(stream.channels.max(1)));
            samples.min(u64::from(stream.sample_rate) * LONGEST_HOLE)
        })
    }

    pub(super) fn count_lost(&mut self, frames: u64) {
        let packet = self.stream.as_ref().map_or(1, |stream| u64::from(stream.packet_frames.max(1)));
        let packets = u32::try_from(frames.div_ceil(packet).max(1)).unwrap_or(u32::MAX);
        self.packets = self.packets.saturating_add(packets);
        self.failures = self.failures.saturating_add(packets);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(packets);
    }

    /// The demuxer knows where the next frame lies: what is missing until there becomes silence.
    pub(super) fn anchor(&mut self, at: Option<u64>) {
        let Some(at) = at else { return };
        let here = self.at.map(|here| here.saturating_add(self.hole));
        let longest = self.longest_hole();
        let missing = here.and_then(|here| at.checked_sub(here));
        if let Some(missing) = missing.filter(|&missing| missing > 0) {
            self.count_lost(missing.min(longest));
        }
        match missing {
            Some(missing) if missing <= longest => self.hole += missing,
            // Behind a seek, or back: what follows lies where the demuxer says.
            _ => (self.at, self.hole) = (Some(at), 0),
        }
    }

    /// Makes some of the silence that stands for a hole.
    pub(super) fn fill(&mut self) {
        let frames = self.hole.min(SILENCE_FRAMES);
        self.hole -= frames;
        let Some(at) = self.at else { return };
        self.range.1 = self.demuxer.end().unwrap_or(self.range.1);
        let wanted = kept(at, frames, self.range);
        for plane in &mut self.ready {
            plane.resize(plane.len() + wanted.len() * self.scale as usize, 0.0);
        }
        self.frames += wanted.len() as u64 * self.scale;
        self.at = Some(at.saturating_add(frames));
    }
}
