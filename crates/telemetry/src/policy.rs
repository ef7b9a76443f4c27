//! Options that only the extended core knows, set when a pipeline was created and before anything is recorded in it.

use super::{Propagators, Sampler, Telemetry, sdk_instruments};
use tonearm_base::time::Instant;

impl Telemetry {
    /// Records metrics of itself from now on. Comes before the app's first instrument: the pipeline's own ones are
    /// numbered after the player's.
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
