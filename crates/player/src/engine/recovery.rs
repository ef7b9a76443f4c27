//! When a media request that failed is tried again.
//!
//! Owns how many attempts failed, and the next byte that is wanted. When the next request is sent is
//! [`Timer::Retry`] of the table.

use super::timers::{Timer, Timers};
use tonearm_base::time::{Duration, Instant};

/// Requests that are tried after one that broke off, before a play with nothing left to hear fails; while
/// there is something to hear they go on.
const MAX_ATTEMPTS: u32 = 6;
/// Wait before the first of them; each further one doubles it, up to two seconds: the ring holds four.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Requests in a row that repeat what was read and bring nothing new: the server serves no ranges, and its
/// body ends before the length that it states.
const MAX_REPEATED: u32 = 3;

/// The recovery of one connection.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    attempts: u32,
    repeated: u32,
    offset: u64,
}

impl Recovery {
    /// Nothing has failed.
    pub(super) fn reset(&mut self, timers: &mut Timers) {
        *self = Self::default();
        timers.clear(Timer::Retry);
    }

    /// A request failed: another will be tried. Returns whether few enough failed in a row to go on.
    pub(super) fn fail(&mut self, timers: &mut Timers, now: Instant) -> bool {
        let wait = Duration::from_nanos(FIRST_WAIT.as_nanos() << self.attempts.min(8)).min(LONGEST_WAIT);
        self.attempts += 1;
        timers.set(Timer::Retry, now + wait);
        !self.is_exhausted()
    }

    /// A request brought bytes, and all of them were read before.
    pub(super) fn repeat(&mut self) {
        self.repeated += 1;
    }

    /// Another request would only bring the same bytes again.
    pub(super) fn is_futile(&self) -> bool {
        self.repeated >= MAX_REPEATED
    }

    /// More failed in a row than are tried where nothing of the track is left to hear: it is given up then.
    pub(super) fn is_exhausted(&self) -> bool {
        self.attempts > MAX_ATTEMPTS
    }

    /// The media plane wants bytes from `offset` on. Returns whether they are requested at once; they wait
    /// where a recovery is under way.
    pub(super) fn want(&mut self, timers: &Timers, offset: u64) -> bool {
        self.offset = offset;
        !timers.is_set(Timer::Retry)
    }

    /// A request failed, and no new byte has arrived since.
    pub(super) fn is_under_way(&self) -> bool {
        self.attempts > 0
    }

    /// The first byte to request.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes arrive: returns how many attempts it took, if there was a recovery.
    pub(super) fn succeed(&mut self, timers: &mut Timers) -> Option<u32> {
        let attempts = std::mem::take(&mut self.attempts);
        self.repeated = 0;
        timers.clear(Timer::Retry);
        (attempts > 0).then_some(attempts)
    }
}
