//! A time limit that a page which was busy, throttled or asleep does not break by itself.

use tonearm_base::time::{Duration, Instant};

/// How late a timer may fire before the page is taken to have been busy, with messages left in its queue.
const BUSY: Duration = Duration::from_millis(100);
/// Late timers in a row after which the limit counts all the same: a hidden page's timers are all late.
const MAX_LATE: u8 = 3;

/// What a limit says when it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Its time has not come, or it is not set.
    Pending,
    /// The timer fired late: what the page has not read yet gets its turn first.
    Late,
    /// Its time is over.
    Passed,
}

/// The limit.
#[derive(Debug, Default)]
pub(super) struct Limit {
    due: Option<Instant>,
    late: u8,
}

impl Limit {
    /// Sets the limit, as one whose timers have been in time.
    pub(super) fn set(&mut self, due: Instant) {
        (self.due, self.late) = (Some(due), 0);
    }

    /// Sets the limit again after a timer that was late.
    pub(super) fn extend(&mut self, due: Instant) {
        self.due = Some(due);
    }

    /// There is no limit.
    pub(super) fn clear(&mut self) {
        self.due = None;
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether its time is over at `now`; the caller sets it anew unless it is pending.
    pub(super) fn check(&mut self, now: Instant) -> Expiry {
        let Some(due) = self.due.filter(|due| *due <= now) else { return Expiry::Pending };
        if now.since(due) <= BUSY || self.late >= MAX_LATE {
            return Expiry::Passed;
        }
        self.late += 1;
        Expiry::Late
    }
}
