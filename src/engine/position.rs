//! Where in the track the listener is, from the worklet's reports.

use crate::time::{Duration, Instant};

/// Time between two `timeupdate` events at least (HTML, "time marches on": between 15 and 250 ms).
const TIME_UPDATE: Duration = Duration::from_millis(180);

/// Position in the track.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    /// Where the epoch begins, in seconds.
    start: f64,
    /// Seconds of the track for one that is heard.
    speed: f64,
    rate: f64,
    frames: u64,
    at: Instant,
    advancing: bool,
    /// Seconds since the last report when time stopped.
    frozen: f64,
    updated: Instant,
}

impl Position {
    /// A new epoch begins at `start` seconds.
    pub(super) fn begin(&mut self, start: f64, rate: u32, speed: f64) {
        *self = Self { start, speed, rate: f64::from(rate), updated: self.updated, ..Self::default() };
    }

    /// Where the epoch begins, in seconds.
    pub(super) fn start(&self) -> f64 {
        self.start
    }

    /// Frames of the epoch that were heard, by the last report.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The worklet was at `frames` of the epoch, `at` that instant.
    pub(super) fn report(&mut self, at: Instant, frames: u64, advancing: bool) {
        (self.frames, self.at, self.advancing, self.frozen) = (frames, at, advancing, 0.0);
    }

    /// Time does not go on by itself any more.
    pub(super) fn hold(&mut self, now: Instant) {
        if self.advancing && self.rate > 0.0 {
            self.frozen = self.since(now);
        }
        self.advancing = false;
    }

    /// Seconds of the track that are heard at `now`.
    pub(super) fn seconds(&self, now: Instant) -> f64 {
        if self.rate <= 0.0 {
            return self.start;
        }
        self.start + (self.frames as f64 / self.rate + self.since(now)) * self.speed
    }

    /// Seconds that were heard since the last report. Time goes on by itself, but never far: a report that stays away is no
    /// progress.
    fn since(&self, now: Instant) -> f64 {
        if self.advancing { now.since(self.at).as_secs_f64().min(0.5) } else { self.frozen }
    }

    /// Frames of the epoch that were heard, at `now`.
    pub(super) fn frames_at(&self, now: Instant) -> u64 {
        self.frames + (self.since(now) * self.rate) as u64
    }

    /// Whether a `timeupdate` is due.
    pub(super) fn update_is_due(&mut self, now: Instant) -> bool {
        let due = now.since(self.updated) >= TIME_UPDATE;
        if due {
            self.updated = now;
        }
        due
    }
}
