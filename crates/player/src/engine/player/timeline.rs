//! The track's time: where the listener is, how fast it passes, how far it reaches.
//!
//! Owns position, rate, loop, duration and what is buffered. Does not know requests, outputs or telemetry.

use crate::engine::position::Position;
use tonearm_base::time::Instant;

/// A part of the track that is played again and again, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoopRange {
    pub(super) start: f64,
    /// May be infinite: the end of the track.
    pub(super) end: f64,
}

/// The last epochs that either plane has brought to the end of the track.
#[derive(Debug, Default)]
pub(super) struct EndOfTrack {
    /// The output has played all its samples.
    pub(super) output_epoch: u32,
    /// The media plane has decoded all there is.
    pub(super) media_epoch: u32,
}

/// The time of one player's track.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Where the next epoch begins, in seconds.
    pub(super) start_position: f64,
    pub(super) position: Position,
    /// Seconds of the track in one second.
    pub(super) rate: f64,
    pub(super) looping: Option<LoopRange>,
    /// In seconds.
    pub(super) duration: Option<f64>,
    /// The duration is an estimate.
    pub(super) estimated: bool,
    /// Where the buffered range ends, in seconds.
    pub(super) buffered: f64,
    /// `loadedmetadata` was dispatched for the source.
    pub(super) metadata_announced: bool,
    pub(super) end_of_track: EndOfTrack,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            start_position: 0.0,
            position: Position::default(),
            rate: 1.0,
            looping: None,
            duration: None,
            estimated: false,
            buffered: 0.0,
            metadata_announced: false,
            end_of_track: EndOfTrack::default(),
        }
    }
}

impl Timeline {
    /// Another track is selected.
    pub(super) fn select(&mut self) {
        (self.duration, self.buffered, self.start_position) = (None, 0.0, 0.0);
        (self.estimated, self.metadata_announced) = (false, false);
    }

    /// Where the track ends, where that is no estimate.
    pub(super) fn end(&self) -> Option<f64> {
        self.duration.filter(|_| !self.estimated)
    }

    /// The last position of the track, as far as its end is known.
    fn max_position(&self) -> f64 {
        self.end().unwrap_or(f64::MAX)
    }

    /// The position within the track that is nearest to `seconds`.
    pub(super) fn clamp(&self, seconds: f64) -> f64 {
        // Not `f64::clamp`: its assertion brings in the formatting of floats, a seventh of the module.
        seconds.max(0.0).min(self.max_position())
    }

    /// Sets the duration; returns whether it is another than before.
    pub(super) fn set_duration(&mut self, duration: Option<f64>, estimated: bool) -> bool {
        self.estimated = estimated;
        std::mem::replace(&mut self.duration, duration) != duration
    }

    /// Whether the duration is an estimate that the track has exceeded.
    pub(super) fn exceeds_estimate(&self, end: f64) -> bool {
        self.estimated && self.duration.is_some_and(|duration| duration < end)
    }

    /// The track is in memory up to `end`.
    pub(super) fn set_buffered(&mut self, end: f64) {
        self.buffered = end.max(self.position.start());
    }

    /// Whether the current epoch begins where the next one would.
    pub(super) fn begins_here(&self) -> bool {
        (self.start_position - self.position.start()).abs() < 1e-6
    }

    /// A play that would begin at the end of the track begins at its start.
    pub(super) fn rewind_from_end(&mut self) {
        if self.start_position >= self.max_position() {
            self.start_position = 0.0;
        }
    }

    /// The position at `now`; `open` says whether the track is open for a play.
    pub(super) fn current_time(&self, now: Instant, open: bool) -> f64 {
        let seconds = if open { self.position.seconds(now) } else { self.start_position };
        self.end().map_or(seconds, |end| seconds.min(end))
    }

    /// Start and end of the buffered range that holds the current position.
    pub(super) fn buffered(&self) -> [f64; 2] {
        // An estimate by the mean bit rate may overshoot the end.
        [self.position.start(), self.buffered.min(self.max_position())]
    }

    /// An epoch begins at the start position.
    pub(super) fn begin_epoch(&mut self, sample_rate: u32) {
        self.position.begin(self.start_position, sample_rate, self.rate);
    }

    /// The loop, if it begins within the track.
    pub(super) fn active_loop(&self) -> Option<LoopRange> {
        self.looping.filter(|range| range.start < self.max_position())
    }

    /// When the loop's end is reached while the track plays, where it is not the track's.
    pub(super) fn loop_due(&self) -> Option<Instant> {
        self.position.reaches(self.active_loop()?.end)
    }
}
