//! Where in the track the listener is, from the worklet's reports.

use tonearm_base::time::{Duration, Instant};

/// Time between two `timeupdate` events at least (HTML, "time marches on": between 15 and 250 ms).
const TIME_UPDATE: Duration = Duration::from_millis(180);

/// Time between two reports of the output, where the app listens for `timeupdate` and where it does not.
const REPORTS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));
/// Seconds for which the position advances without a report: one that does not arrive is no progress.
const LONGEST: f64 = 1.25;

/// Position in the track.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    /// Where the epoch begins, in seconds.
    start: f64,
    /// Seconds of the track in one second of output.
    speed: f64,
    rate: f64,
    frames: u64,
    at: Instant,
    advancing: bool,
    /// Seconds since the last report when time stopped.
    frozen: f64,
    updated: Instant,
    /// The app listens for `timeupdate`.
    watched: bool,
}

impl Position {
    /// A new epoch begins at `start` seconds.
    pub(super) fn begin(&mut self, start: f64, rate: u32, speed: f64) {
        *self = Self {
            start,
            speed,
            rate: f64::from(rate),
            updated: self.updated,
            watched: self.watched,
            ..Self::default()
        };
    }

    /// The epoch begins at another position than was expected.
    pub(super) fn moves_to(&mut self, start: f64) {
        self.start = start;
    }

    /// Where the epoch begins, in seconds.
    pub(super) fn start(&self) -> f64 {
        self.start
    }

    /// Frames of the epoch that the output had played at the last report.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The worklet was at `frames` of the epoch, `at` that instant.
    pub(super) fn report(&mut self, at: Instant, frames: u64, advancing: bool) {
        (self.frames, self.at, self.advancing, self.frozen) = (frames, at, advancing, 0.0);
    }

    /// The position does not advance without a report any more.
    pub(super) fn hold(&mut self, now: Instant) {
        if self.advancing && self.rate > 0.0 {
            self.frozen = self.since(now);
        }
        self.advancing = false;
    }

    /// The position in the track at `now`, in seconds.
    pub(super) fn seconds(&self, now: Instant) -> f64 {
        if self.rate <= 0.0 {
            return self.start;
        }
        self.start + (self.frames as f64 / self.rate + self.since(now)) * self.speed
    }

    /// Seconds that the output has played since the last report.
    fn since(&self, now: Instant) -> f64 {
        if self.advancing { now.since(self.at).as_secs_f64().min(LONGEST) } else { self.frozen }
    }

    /// The app listens for `timeupdate` from now on.
    pub(super) fn watch(&mut self) {
        self.watched = true;
    }

    /// When the next report is expected after one of this moment.
    pub(super) fn next_report(&self, now: Instant) -> Instant {
        now + if self.watched { REPORTS.0 } else { REPORTS.1 }
    }

    /// When this second of the track is reached, if the position advances and the next report would arrive
    /// too late to show it.
    pub(super) fn reaches(&self, seconds: f64) -> Option<Instant> {
        let left = ((seconds - self.start) / self.speed - self.frames as f64 / self.rate).max(0.0);
        (self.advancing && left <= LONGEST).then(|| self.at + Duration::from_nanos((left * 1e9) as u64))
    }

    /// Frames of the epoch that the output has played at `now`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_epoch_keeps_what_the_app_listens_for_and_when_it_was_called() {
        let now = Instant::from_millis(1000.0);
        let mut position = Position::default();
        position.watch();
        assert!(position.update_is_due(now));
        position.begin(30.0, 48_000, 1.0);
        assert_eq!(position.next_report(now), now + REPORTS.0);
        assert!(!position.update_is_due(now + Duration::from_millis(179)));
        assert!(position.update_is_due(now + TIME_UPDATE));
    }
}
