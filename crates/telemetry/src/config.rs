//! What an app tells the pipeline, with OpenTelemetry's names and the defaults that `docs/telemetry.md`
//! states. Where requests go, and what they carry, the host knows: it sends them.

use super::log::Severity;
use super::propagation::Propagators;
use super::sampling::Sampler;
use tonearm_base::time::Duration;

/// Whether the listener lets something be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// Yes.
    #[default]
    Granted,
    /// Not yet: what is recorded stays in memory, and nothing leaves it.
    Pending,
    /// No: nothing is recorded.
    Denied,
}

/// The pipeline's options.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The resource of every record, `service.name` included: encoded attributes (see [`super::Attributes`]).
    pub resource: Vec<u8>,
    /// What else spans and logs say of the client: metrics must not tell one listener from another.
    pub client: Vec<u8>,
    /// The least grave log record that is wanted, by the beginning of its event's name; the longest that fits
    /// counts, and without one all are wanted.
    pub levels: Vec<(Vec<u8>, Severity)>,
    /// Which traces are exported.
    pub sampler: Sampler,
    /// How contexts are handed on.
    pub propagators: Propagators,
    /// Whether media requests that may carry no header tell their trace in their query (CTA-5004).
    pub cmcd: bool,
    /// Whether the listener lets something be told.
    pub consent: Consent,
    /// Whether the host wants to see each span and log record before it is queued
    /// ([`super::Telemetry::poll_inspection`]).
    pub inspects: bool,
    /// Whether the pipeline tells of itself: `otel.sdk.*`.
    pub tells_itself: bool,
    /// Whether the host keeps what is pending for the next visit.
    pub spools: bool,
    /// Whether requests go out compressed.
    pub gzip: bool,
    /// Whether sums go on from one collection to the next.
    pub cumulative: bool,
    /// How records are gathered.
    pub batch: Batch,
}

/// How records are gathered into requests.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// The longest that a record waits.
    pub delay: Duration,
    /// Records in one request.
    pub size: usize,
    /// Records that may wait.
    pub queue_size: usize,
    /// Bytes that may wait.
    pub queue_bytes: usize,
    /// How long one export may take.
    pub timeout: Duration,
    /// Time between two collections of metrics.
    pub metric_interval: Duration,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(5),
            size: 512,
            queue_size: 16_384,
            queue_bytes: 4 << 20,
            timeout: Duration::from_secs(30),
            metric_interval: Duration::from_secs(60),
        }
    }
}
