//! Log records (opentelemetry/proto/logs/v1/logs.proto), and the storms that are sampled. Field numbers stand
//! beside their names.

use super::context::SpanContext;
use super::propagation::write_hex;
use tonearm_base::small_map::SmallMap;
use tonearm_otlp::{Field, LOG_ATTRIBUTES, Reader, Value, Writer, has_key};

/// How grave a record is (`SeverityNumber`, 1 to 24): four steps for each of trace, debug, info, warn, error,
/// fatal.
pub type Severity = u32;

/// For who looks for a fault.
pub const DEBUG: Severity = 5;
/// What happens.
pub const INFO: Severity = 9;
/// What may be wrong.
pub const WARN: Severity = 13;
/// What is wrong.
pub const ERROR: Severity = 17;

/// Its short name (the data model's "Displaying Severity"), without the step.
fn name_of(severity: Severity) -> &'static str {
    let names = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    names.get(severity.saturating_sub(1) as usize / 4).copied().unwrap_or_default()
}

/// Records of one event in one second that are all kept; of those beyond, one in so many.
const STORM: (u32, u32) = (20, 100);

/// A number for an event's name (FNV-1a): two events that share one share a count, and no more.
fn hash(event: &[u8]) -> u32 {
    event.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The name of an encoded record's event.
pub(super) fn event_of(record: &[u8]) -> &[u8] {
    let mut rest = Reader(record);
    while let Some((field, value)) = rest.field() {
        if let (12, Field::Bytes(name)) = (field, value) {
            return name;
        }
    }
    &[]
}

/// The least grave record that is wanted of that event.
pub(super) fn level_of(levels: &[(Vec<u8>, Severity)], event: &[u8]) -> Severity {
    let fits = levels.iter().filter(|(prefix, _)| event.starts_with(prefix));
    fits.max_by_key(|(prefix, _)| prefix.len()).map_or(0, |(_, level)| *level)
}

/// How often each event came within the second.
#[derive(Debug, Default)]
pub(super) struct Storms {
    second: u64,
    counts: SmallMap<u32, u32>,
}

impl Storms {
    /// Whether a record of that event is kept.
    pub(super) fn keeps(&mut self, event: &[u8], time: u64) -> bool {
        let event = hash(event);
        let second = time / 1_000_000_000;
        if second != self.second {
            (self.second, self.counts) = (second, SmallMap::default());
        }
        let count = self.counts.get(event).copied().unwrap_or_default() + 1;
        self.counts.insert(event, count);
        let (all, one_in) = STORM;
        count <= all || count % one_in == 0
    }
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    /// How grave it is.
    pub severity: Severity,
    /// What it is called: `event.name`.
    pub event: &'a str,
    /// What it says to a reader.
    pub body: &'a str,
    /// The span of the moment.
    pub context: Option<SpanContext>,
    /// More of it.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

impl Log<'_> {
    /// What is its own: body = 5, attributes = 6, flags = 8, `trace_id` = 9, `span_id` = 10, `event_name` =
    /// 12.
    pub(super) fn encode(&self) -> Writer {
        let mut out = Writer::default();
        if !self.body.is_empty() {
            out.message(5, |out| out.bytes(1, self.body.as_bytes()));
        }
        out.bytes(12, self.event.as_bytes());
        for (key, value) in self.attributes {
            out.attribute(6, key, *value);
        }
        if let Some(context) = &self.context {
            out.context_of_log(context);
        }
        out
    }
}

/// The attribute of a record's own id.
const UID: &str = "log.record.uid";

/// Adds what every record has: time = 1, severity = 2 and 3, observed = 11, and an id of its own where the
/// app gave none.
pub(super) fn complete(out: &mut Writer, severity: Severity, time: u64, uid: [u8; 16]) {
    out.fixed64(1, time);
    out.fixed64(11, time);
    out.varint(2, severity.into());
    out.bytes(3, name_of(severity).as_bytes());
    if !has_key(out.as_slice(), LOG_ATTRIBUTES, UID.as_bytes()) {
        let mut id = String::new();
        write_hex(&mut id, &uid);
        out.attribute(LOG_ATTRIBUTES, UID, Value::Text(&id));
    }
}
