//! Notices an output that renders nothing: a worklet whose reports stay away while the context says
//! `running`. A worklet reports while it plays and while it waits for samples.

use super::limit::{Expiry, Limit};
use tonearm_base::time::{Duration, Instant};

/// Time after the moment of a report that stays away at which the player stalls.
const SILENCE: Duration = Duration::from_millis(500);
/// Time from there on at which the output counts as lost: with the longest time between two reports below 2 s.
const LOSS: Duration = Duration::from_millis(300);
/// Time that an output has after a timer that fired late: the page was busy, or the machine slept.
const GRACE: Duration = Duration::from_secs(2);

/// What a look at the watchdog says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing is amiss.
    None,
    /// A report stayed away.
    Stalled,
    /// It stayed away for too long.
    Lost,
}

/// The watch over one worklet.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    limit: Limit,
    stalled: bool,
}

impl Watchdog {
    /// A report came, or the output was released: the next one is expected then.
    pub(super) fn feed(&mut self, next: Instant) {
        self.limit.set(next + SILENCE);
        self.stalled = false;
    }

    /// Nothing is expected.
    pub(super) fn rest(&mut self) {
        self.limit.clear();
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.limit.due()
    }

    /// Whether the worklet has been silent for too long.
    pub(super) fn check(&mut self, now: Instant) -> Silence {
        match self.limit.check(now) {
            Expiry::Pending => Silence::None,
            // A page that was busy has not read the reports in its queue.
            Expiry::Late => {
                self.limit.extend(now + GRACE);
                Silence::None
            }
            Expiry::Passed if self.stalled => {
                self.rest();
                Silence::Lost
            }
            Expiry::Passed => {
                self.limit.set(now + LOSS);
                self.stalled = true;
                Silence::Stalled
            }
        }
    }
}
