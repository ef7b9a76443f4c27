//! A time limit that a page which was busy, throttled or asleep does not break by itself.

use tonearm_base::time::{Duration, Instant};

/// How late a timer may fire before the page is taken to have been busy, with messages left in its queue.
const BUSY: Duration = Duration::from_millis(100);
/// Late timers in a row after which the limit counts all the same: a hidden page's timers are all late.
const MAX_LATE: u8 = 3;

/// What the expiry of a limit's timer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// The timer fired late: what the page has not read yet gets its turn first.
    Late,
    /// The limit has passed.
    Passed,
}

/// How often in a row the timer of a limit was late.
#[derive(Debug, Default)]
pub(super) struct Limit {
    late: u8,
}

impl Limit {
    /// The limit is set as one whose timers have been in time.
    pub(super) fn restart(&mut self) {
        self.late = 0;
    }

    /// What it means that the timer that was `due` expires at `now`.
    pub(super) fn expire(&mut self, due: Instant, now: Instant) -> Expiry {
        if now.since(due) <= BUSY || self.late >= MAX_LATE {
            return Expiry::Passed;
        }
        self.late += 1;
        Expiry::Late
    }
}
