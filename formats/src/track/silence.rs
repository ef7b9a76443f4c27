//! What is missing on the time line, and becomes silence.

use super::{MOST_FAILURES_IN_A_ROW, Track, TrackError, kept};

/// A hole longer than this is not filled with silence: the position goes on behind it, in seconds.
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
        if self.failures_in_a_row > MOST_FAILURES_IN_A_ROW {
            return Err(TrackError::Undecodable);
        }
        self.hole = self.hole.saturating_add(frames);
        Ok(())
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
        let longest = self.stream.as_ref().map_or(0, |stream| {
            let samples = MAX_HOLE_SAMPLES / (self.scale * u64::from(stream.channels.max(1)));
            samples.min(u64::from(stream.sample_rate) * LONGEST_HOLE)
        });
        match here.and_then(|here| at.checked_sub(here)) {
            Some(missing) if missing <= longest => {
                if missing > 0 {
                    self.count_lost(missing);
                }
                self.hole += missing;
            }
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
        self.at = Some(at + frames);
    }
}
