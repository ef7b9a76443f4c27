//! `opentelemetry::logs`: records that the core writes.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::logs::{self, AnyValue, Severity};
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, InstrumentationScope, Key, SpanId, TraceFlags, TraceId};

use super::Handle;
use super::value::{self, unix_nanos};
use tonearm_telemetry::Writer;

/// Makes loggers of one pipeline.
#[derive(Debug, Clone)]
pub struct LoggerProvider(pub(super) Handle);

impl logs::LoggerProvider for LoggerProvider {
    type Logger = Logger;

    fn logger_with_scope(&self, _: InstrumentationScope) -> Logger {
        Logger(self.0)
    }
}

/// Writes log records of one pipeline.
#[derive(Debug, Clone)]
pub struct Logger(Handle);

/// A record that is being put together.
#[derive(Debug, Default)]
pub struct LogRecord {
    event: Option<&'static str>,
    target: Option<Cow<'static, str>>,
    time: Option<SystemTime>,
    severity: Option<Severity>,
    body: Option<AnyValue>,
    attributes: Writer,
    context: Option<(TraceId, SpanId, TraceFlags)>,
}

impl logs::LogRecord for LogRecord {
    fn set_event_name(&mut self, name: &'static str) {
        self.event = Some(name);
    }

    fn set_target<T>(&mut self, target: T)
    where
        T: Into<Cow<'static, str>>,
    {
        self.target = Some(target.into());
    }

    fn set_timestamp(&mut self, timestamp: SystemTime) {
        self.time = Some(timestamp);
    }

    fn set_observed_timestamp(&mut self, timestamp: SystemTime) {
        self.time.get_or_insert(timestamp);
    }

    /// The text follows from the number.
    fn set_severity_text(&mut self, _: &'static str) {}

    fn set_severity_number(&mut self, number: Severity) {
        self.severity = Some(number);
    }

    fn set_body(&mut self, body: AnyValue) {
        self.body = Some(body);
    }

    fn add_attributes<I, K, V>(&mut self, attributes: I)
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<Key>,
        V: Into<AnyValue>,
    {
        for (key, value) in attributes {
            self.add_attribute(key, value);
        }
    }

    fn add_attribute<K, V>(&mut self, key: K, value: V)
    where
        K: Into<Key>,
        V: Into<AnyValue>,
    {
        let (key, value) = (key.into(), value.into());
        self.attributes.remove_attribute(6, key.as_str());
        self.attributes.message(6, |out| {
            out.bytes(1, key.as_str().as_bytes());
            out.message(2, |out| value::any(out, &value));
        });
    }

    fn set_trace_context(&mut self, trace_id: TraceId, span_id: SpanId, flags: Option<TraceFlags>) {
        self.context = Some((trace_id, span_id, flags.unwrap_or_default()));
    }
}

impl logs::Logger for Logger {
    type LogRecord = LogRecord;

    fn create_log_record(&self) -> LogRecord {
        LogRecord::default()
    }

    /// A record without a context of its own belongs to the span of the moment.
    fn emit(&self, record: LogRecord) {
        let current = || {
            Context::map_current(|context| {
                let span = context.span();
                let context = span.span_context();
                context.is_valid().then(|| (context.trace_id(), context.span_id(), context.trace_flags()))
            })
        };
        let mut out = Writer::default();
        if let Some(body) = &record.body {
            out.message(5, |out| value::any(out, body));
        }
        // Events without a name are sampled by where they come from.
        if let Some(event) = record.event.or(record.target.as_deref()) {
            out.bytes(12, event.as_bytes());
        }
        out.raw(record.attributes.as_slice());
        if let Some((trace_id, span_id, flags)) = record.context.or_else(current) {
            out.fixed32(8, flags.to_u8().into());
            out.bytes(9, &trace_id.to_bytes());
            out.bytes(10, &span_id.to_bytes());
        }
        let severity = record.severity.unwrap_or(Severity::Info) as u32;
        self.0.record(|telemetry, now| {
            let at = record.time.map_or(now, |time| telemetry.instant(unix_nanos(time)));
            telemetry.log_encoded(now, at, severity, out);
        });
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        let event = name.unwrap_or(target);
        self.0.read(|telemetry| telemetry.wants(level as u32, event)).unwrap_or_default()
    }
}
