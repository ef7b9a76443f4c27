//! Notices an output that renders nothing: a worklet whose reports do not arrive while the context says
//! `running`. A worklet reports while it plays and while it waits for samples.
//!
//! Owns what is known of the worklet. When its next report is overdue is [`Timer::Report`] of the table.

use super::limit::{Expiry, Limit};
use super::timers::{Timer, Timers};
use tonearm_base::time::{Duration, Instant};

/// Time after the moment at which a report was expected, after which the player stalls.
const SILENCE: Duration = Duration::from_millis(500);
/// Time from there on at which the output counts as lost: with the longest time between two reports below 2
/// s.
const LOSS: Duration = Duration::from_millis(300);
/// Time that an output has after a timer that fired late: the page was busy, or the machine slept.
const GRACE: Duration = Duration::from_secs(2);

/// What an overdue report means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing: the page was busy.
    None,
    /// A report did not arrive.
    Stalled,
    /// The output is lost.
    Lost,
}

/// The watch over one worklet.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    limit: Limit,
    stalled: bool,
}

impl Watchdog {
    /// A report arrived, or the output was released: the next one is expected then.
    pub(super) fn feed(&mut self, timers: &mut Timers, next: Instant) {
        timers.set(Timer::Report, next + SILENCE);
        self.limit.restart();
        self.stalled = false;
    }

    /// The timer that was `due` expires at `now`.
    pub(super) fn expire(&mut self, timers: &mut Timers, due: Instant, now: Instant) -> Silence {
        match self.limit.expire(due, now) {
            // A page that was busy has not read the reports in its queue.
            Expiry::Late => {
                timers.set(Timer::Report, now + GRACE);
                Silence::None
            }
            Expiry::Passed if self.stalled => Silence::Lost,
            Expiry::Passed => {
                timers.set(Timer::Report, now + LOSS);
                self.limit.restart();
                self.stalled = true;
                Silence::Stalled
            }
        }
    }
}
