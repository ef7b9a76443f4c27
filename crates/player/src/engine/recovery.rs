//! When a media request that failed is tried again.

use tonearm_base::time::{Duration, Instant};

/// Requests that are tried after one that broke off, before a listener who hears nothing is told; while there
/// is something to hear they go on.
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
    due: Option<Instant>,
    offset: u64,
}

impl Recovery {
    /// A request failed: another will be tried. Returns whether so few failed in a row that there is hope.
    pub(super) fn fail(&mut self, now: Instant) -> bool {
        let wait = Duration::from_nanos(FIRST_WAIT.as_nanos() << self.attempts.min(8)).min(LONGEST_WAIT);
        self.attempts += 1;
        self.due = Some(now + wait);
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

    /// So many failed in a row that the track is given up where nothing of it is left to hear.
    pub(super) fn is_exhausted(&self) -> bool {
        self.attempts > MAX_ATTEMPTS
    }

    /// The media plane says from where on it wants bytes; it waits where a recovery is under way.
    pub(super) fn want(&mut self, offset: u64) -> bool {
        self.offset = offset;
        self.due.is_none()
    }

    /// A request failed, and no new byte has come since.
    pub(super) fn is_under_way(&self) -> bool {
        self.attempts > 0
    }

    /// When to try.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The first byte to ask for, once it is time.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<u64> {
        self.due.take_if(|due| *due <= now).map(|_| self.offset)
    }

    /// Bytes flow: how many attempts it took, if there was a recovery.
    pub(super) fn succeed(&mut self) -> Option<u32> {
        let attempts = std::mem::take(&mut self.attempts);
        self.repeated = 0;
        self.due = None;
        (attempts > 0).then_some(attempts)
    }
}
