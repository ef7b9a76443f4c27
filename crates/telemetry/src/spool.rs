//! When what is pending is written to the page's storage, for the next visit, and which of it is sent then.
//! What is written is [`super::Telemetry::snapshot`], where it goes the host knows.

use super::config::Config;
use super::export::Signal;
use tonearm_base::time::{Duration, Instant};

/// How long something new may wait: with the half second in which the host gathers spans (`core/batch.ts`) it
/// makes one.
const SOON: Duration = Duration::from_millis(500);
/// Time between two writes while something new comes all the time.
const STEADY: Duration = Duration::from_secs(5);

/// Requests that were stored longer ago are not sent any more: a store behind the endpoint takes no older
/// points.
const OLDEST: Duration = Duration::from_secs(6 * 86_400);

/// Why a stored request of an earlier visit is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredLoss {
    /// It is too old.
    Expired,
    /// Its points may have arrived, and must not be counted twice. Of a span or a log record an endpoint
    /// keeps one.
    Unconfirmed,
}

impl StoredLoss {
    /// The loss of a request that was stored so long ago, if it is one.
    pub fn of(signal: Signal, age: Duration, may_have_arrived: bool) -> Option<Self> {
        if age > OLDEST {
            Some(Self::Expired)
        } else {
            (signal == Signal::Metrics && may_have_arrived).then_some(Self::Unconfirmed)
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Spool {
    due: Option<Instant>,
    written: Option<Instant>,
}

impl Spool {
    /// Something is pending that was not, or is not any more; says whether a write is due now that was not.
    pub(super) fn touch(&mut self, now: Instant, config: &Config) -> bool {
        let first = config.spools && self.due.is_none();
        if first {
            let steady = self.written.map_or(now, |written| written + STEADY);
            self.due = Some((now + SOON).max(steady));
        }
        first
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is time to write.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let due = self.due.take_if(|due| *due <= now).is_some();
        if due {
            self.written = Some(now);
        }
        due
    }
}
