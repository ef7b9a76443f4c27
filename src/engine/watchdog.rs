//! Notices an output that has gone silent: a worklet whose reports stay away while the context says
//! `running`.

use crate::time::{Duration, Instant};

/// Silence behind the moment of a report that stays away, which is an event of the player.
const SILENCE: Duration = Duration::from_millis(500);
/// How late a timer may fire before the page itself is taken to have been busy, and its queue of reports to
/// be full.
const BUSY: Duration = Duration::from_millis(100);

/// The watch over one worklet.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    due: Option<Instant>,
}

impl Watchdog {
    /// A report came, or the output has been told to go on: the next one is expected then.
    pub(super) fn feed(&mut self, next: Instant) {
        self.due = Some(next + SILENCE);
    }

    /// Nothing is expected.
    pub(super) fn rest(&mut self) {
        self.due = None;
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether the worklet has been silent for too long.
    pub(super) fn barks(&mut self, now: Instant) -> bool {
        let Some(due) = self.due.filter(|due| *due <= now) else { return false };
        // A page that was busy has not read the reports that lie there: they get their turn first.
        self.due = Some(now + SILENCE);
        now.since(due) <= BUSY
    }
}
