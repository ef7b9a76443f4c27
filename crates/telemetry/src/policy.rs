//! What only the extended core has: sampling, formats of propagation beside W3C Trace Context, consent,
//! inspection, the pipeline's own metrics. The one seam: a page that asks for none of it loads a core in
//! which each answer of [`Policy`] is a constant, and what hangs on the other one is not there.

use super::config::{Config, Consent};
use super::context::TraceId;
use super::{Propagators, Sampler, Telemetry, sdk_instruments};
use tonearm_base::time::{Duration, Instant};

/// Whether this build is the extended core.
const EXTENDED: bool = cfg!(feature = "full");

/// Whether this build hands records to the host to look at.
pub const INSPECTS: bool = EXTENDED;

/// Whether this build knows a format of propagation.
pub(crate) const fn knows(format: Propagators) -> bool {
    EXTENDED || format.is_trace_context()
}

/// What the options of a pipeline allow and ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy<'a>(&'a Config);

impl Config {
    /// What these options allow and ask for.
    pub(super) fn policy(&self) -> Policy<'_> {
        Policy(self)
    }
}

impl Policy<'_> {
    /// Whether something may be recorded.
    pub(super) fn may_record(self) -> bool {
        !EXTENDED || self.0.consent != Consent::Denied
    }

    /// Whether something may leave the page, or be kept for a later one.
    pub(super) fn may_export(self) -> bool {
        !EXTENDED || self.0.consent == Consent::Granted
    }

    /// Whether a trace is exported from its head on; `parent` is its parent's flags, and whether they are
    /// another process's.
    pub(super) fn samples(self, name: &[u8], trace: &TraceId, parent: Option<(u8, bool)>) -> bool {
        !EXTENDED || self.0.sampler.samples(name, trace, parent)
    }

    /// How slow a start is exported whatever was chosen at the head; none where nothing is held for it.
    pub(super) fn tail(self) -> Option<Duration> {
        self.0.sampler.tail.filter(|_| EXTENDED)
    }

    /// Whether the host looks at each span and log record before it is queued.
    pub(super) fn inspects(self) -> bool {
        EXTENDED && self.0.inspects
    }

    /// Whether the pipeline records metrics of itself.
    pub(super) fn records_itself(self) -> bool {
        EXTENDED && self.0.tells_itself
    }

    /// Whether media requests carry their trace in their query.
    pub(super) fn adds_cmcd(self) -> bool {
        EXTENDED && self.0.cmcd && self.may_export()
    }

    /// Whether something is to be found out about a span before it lies in its queue.
    pub(super) fn writes_apart(self) -> bool {
        !self.may_record() || self.inspects() || self.tail().is_some()
    }
}

impl Telemetry {
    /// Records metrics of itself from now on. Comes before the app's first instrument: the pipeline's own
    /// ones are numbered after the player's.
    pub fn enable_sdk_metrics(&mut self) {
        self.config.tells_itself = true;
        for instrument in &sdk_instruments::INSTRUMENTS {
            self.instrument(Instant::ORIGIN, instrument);
        }
    }

    /// Sets which traces are exported from now on.
    pub fn set_sampler(&mut self, sampler: Sampler) {
        self.config.sampler = sampler;
    }

    /// Sets the formats by which contexts are handed on.
    pub fn set_propagators(&mut self, propagators: Propagators) {
        self.config.propagators = propagators;
    }

    /// Has media requests that may carry no header carry their trace in their query.
    pub fn enable_cmcd(&mut self) {
        self.config.cmcd = true;
    }

    /// Has the host look at each span and log record before it is queued.
    pub fn enable_inspection(&mut self) {
        self.config.inspects = true;
    }
}
