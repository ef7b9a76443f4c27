//! When what is pending is written to the page's storage, for the next visit. Owns the rhythm alone: what is
//! written is [`super::Telemetry::snapshot`], where it goes the host knows.

use super::config::Config;
use tonearm_base::time::{Duration, Instant};

/// How long something new may wait: with the half second in which the host gathers spans (`span.js`) it makes
/// one.
const SOON: Duration = Duration::from_millis(500);
/// Time between two writes while something new comes all the time.
const STEADY: Duration = Duration::from_secs(5);

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
