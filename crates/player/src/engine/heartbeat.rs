//! Notices a Worker that does not answer any more: closed, in an endless loop, or gone with its process.
//!
//! While something is wanted of it, a Worker that has sent nothing for a while is pinged. While the track
//! plays, the output watches in its place: it asks the Worker for samples several times a second and reports
//! when none arrive, so that playing costs the page no ping. Only a ping that stays unanswered counts, so a
//! long task of the Worker is none, and neither is a page that was busy: a timer that fires late sends
//! another ping before it judges.
//!
//! Owns what is known of the Worker. When its silence is looked at is [`Timer::Worker`] of the table.

use super::limit::{Expiry, Limit};
use super::timers::{Timer, Timers};
use tonearm_base::time::{Duration, Instant};

/// Silence of a Worker after which it is pinged.
const SILENCE: Duration = Duration::from_millis(500);
/// Time that the answer may take: longer than any task of the media plane. With the silence before it, by the
/// page's timer or by the output's count, less than 2 s.
const ANSWER: Duration = Duration::from_millis(1300);

/// What notices that the Worker is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// Nothing: the Worker has nothing to do.
    Off,
    /// The page, by its timer.
    Timer,
    /// The output, by samples that do not arrive.
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
    /// Another Worker takes the place of the one that was watched.
    pub(super) fn reset(&mut self, timers: &mut Timers) {
        *self = Self::default();
        timers.clear(Timer::Worker);
    }

    /// The script runs: it has answered.
    pub(super) fn start(&mut self, timers: &mut Timers, now: Instant) {
        if !self.started {
            self.started = true;
            self.receive(timers, now);
        }
    }

    /// The script was fetched: it has the ping that every Worker is sent first, and is to answer it.
    pub(super) fn script_fetched(&mut self, timers: &mut Timers, now: Instant) {
        if !self.started {
            (self.started, self.last, self.unanswered) = (true, now, true);
            self.set(timers, now + ANSWER);
        }
    }

    /// A message of the Worker.
    pub(super) fn receive(&mut self, timers: &mut Timers, now: Instant) {
        (self.last, self.unanswered) = (now, false);
        if timers.is_set(Timer::Worker) {
            self.set(timers, now + SILENCE);
        }
    }

    /// Sets what watches from here on. A ping that was sent keeps its limit, by either.
    pub(super) fn watch(&mut self, timers: &mut Timers, watch: Watch, now: Instant) {
        if watch == Watch::Off || !self.started {
            timers.clear(Timer::Worker);
            self.unanswered = false;
        } else if watch == Watch::Output && !self.unanswered {
            timers.clear(Timer::Worker);
        } else if !timers.is_set(Timer::Worker) {
            self.set(timers, (self.last + SILENCE).max(now));
        }
    }

    /// The output has asked the Worker for samples in vain.
    pub(super) fn suspect(&mut self, timers: &mut Timers, now: Instant) -> Beat {
        if !self.started || self.unanswered {
            return Beat::Rest;
        }
        self.set(timers, now + ANSWER);
        self.unanswered = true;
        Beat::Ping
    }

    /// The timer that was `due` expires at `now`.
    pub(super) fn expire(&mut self, timers: &mut Timers, due: Instant, now: Instant) -> Beat {
        match self.limit.expire(due, now) {
            Expiry::Passed if self.unanswered => {
                self.reset(timers);
                return Beat::Lost;
            }
            Expiry::Passed => self.limit.restart(),
            Expiry::Late => {}
        }
        timers.set(Timer::Worker, now + ANSWER);
        self.unanswered = true;
        Beat::Ping
    }

    /// Sets the limit, as one whose timers have been in time.
    fn set(&mut self, timers: &mut Timers, due: Instant) {
        timers.set(Timer::Worker, due);
        self.limit.restart();
    }
}
