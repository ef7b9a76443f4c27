//! Notices a Worker that does not answer any more: closed, in an endless loop, or gone with its process.
//!
//! While something is wanted of it, a Worker that has sent nothing for a while is pinged. While the track plays,
//! the output watches in its place: it asks the Worker for samples several times a second and reports when none
//! come, so that playing costs the page no ping. Only a ping that stays unanswered counts, so a long task of the
//! Worker is none, and neither is a page that was busy: a timer that fires late sends another ping before it
//! judges.

use super::limit::{Expiry, Limit};
use tonearm_base::time::{Duration, Instant};

/// Silence of a Worker after which it is pinged.
const SILENCE: Duration = Duration::from_millis(500);
/// Time that the answer may take: longer than any task of the media plane. With the silence before it, by the
/// page's timer or by the output's count, less than 2 s.
const ANSWER: Duration = Duration::from_millis(1300);

/// Who notices that the Worker is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// Nobody: nothing is wanted of the Worker.
    Off,
    /// The page, by its timer.
    Timer,
    /// The output, by samples that do not come.
    Output,
}

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
    /// The script runs: it has answered.
    pub(super) fn start(&mut self, now: Instant) {
        if !self.started {
            self.started = true;
            self.receive(now);
        }
    }

    /// The script was fetched: it has the ping that every Worker is sent first, and is to answer it.
    pub(super) fn script_fetched(&mut self, now: Instant) {
        if !self.started {
            (self.started, self.last, self.unanswered) = (true, now, true);
            self.limit.set(now + ANSWER);
        }
    }

    /// A message of the Worker.
    pub(super) fn receive(&mut self, now: Instant) {
        (self.last, self.unanswered) = (now, false);
        if self.limit.due().is_some() {
            self.limit.set(now + SILENCE);
        }
    }

    /// Sets who watches from here on. A ping that was sent keeps its limit, by either.
    pub(super) fn watch(&mut self, watch: Watch, now: Instant) {
        if watch == Watch::Off || !self.started {
            self.limit.clear();
            self.unanswered = false;
        } else if watch == Watch::Output && !self.unanswered {
            self.limit.clear();
        } else if self.limit.due().is_none() {
            self.limit.set((self.last + SILENCE).max(now));
        }
    }

    /// The output has asked the Worker for samples in vain.
    pub(super) fn suspect(&mut self, now: Instant) -> Beat {
        if !self.started || self.unanswered {
            return Beat::Rest;
        }
        self.limit.set(now + ANSWER);
        self.unanswered = true;
        Beat::Ping
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
