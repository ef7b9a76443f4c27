//! Notices a Worker that does not answer any more: closed, in an endless loop, or gone with its process.
//!
//! While something is wanted of it, a Worker that has sent nothing for a while is pinged. Only a ping that stays
//! unanswered counts, so a long task of the Worker is none, and neither is a page that was busy: a timer that
//! fires late sends another ping before it judges.

use super::limit::{Expiry, Limit};
use crate::time::{Duration, Instant};

/// Silence of a Worker after which it is pinged.
const SILENCE: Duration = Duration::from_millis(500);
/// Time that the answer may take: longer than any task of the media plane. Both together are below 2 s.
const ANSWER: Duration = Duration::from_millis(1300);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing.
    Rest,
    /// Send a ping.
    Ping,
    /// The Worker is lost.
    Lost,
}

/// The heartbeat of one Worker.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    /// The Worker's script runs, or was loaded: one that is on its way has no heartbeat.
    started: bool,
    last: Instant,
    limit: Limit,
    unanswered: bool,
}

impl Heartbeat {
    /// The script runs, or at least was loaded.
    pub(super) fn start(&mut self, now: Instant) {
        if !self.started {
            self.started = true;
            self.receive(now);
        }
    }

    /// Whether the Worker's script has been loaded.
    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// A message of the Worker.
    pub(super) fn receive(&mut self, now: Instant) {
        (self.last, self.unanswered) = (now, false);
        if self.limit.due().is_some() {
            self.limit.set(now + SILENCE);
        }
    }

    /// Whether something is wanted of the Worker from here on.
    pub(super) fn want(&mut self, wanted: bool, now: Instant) {
        if !wanted || !self.started {
            self.limit.clear();
            self.unanswered = false;
        } else if self.limit.due().is_none() {
            self.limit.set((self.last + SILENCE).max(now));
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.limit.due()
    }

    /// What is to be done at `now`.
    pub(super) fn check(&mut self, now: Instant) -> Beat {
        match self.limit.check(now) {
            Expiry::Pending => return Beat::Rest,
            Expiry::Passed if self.unanswered => {
                *self = Self::default();
                return Beat::Lost;
            }
            Expiry::Passed => self.limit.set(now + ANSWER),
            Expiry::Late => self.limit.extend(now + ANSWER),
        }
        self.unanswered = true;
        Beat::Ping
    }
}
