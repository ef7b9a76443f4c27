//! Log records (opentelemetry/proto/logs/v1/logs.proto), and the storms that are sampled. Field numbers stand beside their
//! names.

use super::context::SpanContext;
use super::otlp::{Value, Writer};
use crate::small_map::SmallMap;

/// How grave a record is (`SeverityNumber`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For who looks for a fault.
    Debug = 5,
    /// What happens.
    Info = 9,
    /// What may be wrong.
    Warn = 13,
    /// What is wrong.
    Error = 17,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Records of one event in one second that are all kept; of those beyond, one in so many.
const STORM: (u32, u32) = (20, 100);

/// How often each event came within the second.
#[derive(Debug, Default)]
pub(super) struct Storms {
    second: u64,
    counts: SmallMap<u32, u32>,
}

impl Storms {
    /// Whether a record of that event is kept.
    pub(super) fn keeps(&mut self, event: &str, time: u64) -> bool {
        let second = time / 1_000_000_000;
        if second != self.second {
            (self.second, self.counts) = (second, SmallMap::default());
        }
        // FNV-1a: two events that share a number share a count, and no more.
        let hash = event.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let count = self.counts.get(hash).copied().unwrap_or_default() + 1;
        self.counts.insert(hash, count);
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
    /// More of it, encoded as fields 6.
    pub encoded: &'a [u8],
}

impl Log<'_> {
    /// Its message: time = 1, severity = 2 and 3, body = 5, attributes = 6, flags = 8, `trace_id` = 9, `span_id` = 10,
    /// observed = 11, `event_name` = 12.
    pub(super) fn encode(&self, time: u64, uid: [u8; 16]) -> Writer {
        let mut out = Writer::default();
        out.fixed64(1, time);
        out.fixed64(11, time);
        out.varint(2, self.severity as u64);
        out.bytes(3, self.severity.as_str().as_bytes());
        if !self.body.is_empty() {
            out.message(5, |out| out.bytes(1, self.body.as_bytes()));
        }
        out.bytes(12, self.event.as_bytes());
        let uid: String = uid.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(super::traceparent::hex_digit).collect();
        out.attribute(6, "log.record.uid", Value::Text(&uid));
        for (key, value) in self.attributes {
            out.attribute(6, key, *value);
        }
        out.raw(self.encoded);
        if let Some(context) = &self.context {
            if context.flags > 0 {
                out.fixed32(8, context.flags.into());
            }
            out.bytes(9, &context.trace_id);
            out.bytes(10, &context.span_id);
        }
        out
    }
}
