//! `ExportTraceServiceRequest` (opentelemetry/proto/trace/v1/trace.proto). Field numbers stand beside their names.

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, KeyValue, Value};

use super::wire::Writer;
use crate::telemetry::context::SpanContext;
use crate::telemetry::span::{Span, SpanEvent};

/// The instrumentation scope of every record that the SDK makes.
const SCOPE: &str = "tonearm";

/// The body of one request: these spans under one resource and one scope.
pub fn encode_spans(resource: &[KeyValue], spans: &[Span]) -> Vec<u8> {
    let mut request = Writer::default();
    // resource_spans
    request.message(1, |out| {
        // resource { attributes = 1 }
        out.message(1, |out| attributes(out, 1, resource));
        // scope_spans
        out.message(2, |out| {
            // scope { name = 1, version = 2 }
            out.message(1, |out| {
                out.bytes(1, SCOPE.as_bytes());
                out.bytes(2, env!("CARGO_PKG_VERSION").as_bytes());
            });
            for span in spans {
                out.message(2, |out| encode_span(out, span));
            }
        });
    });
    request.finish()
}

/// The flags of W3C, and in bits 8 and 9 that it is known whether the parent or the linked span is remote.
fn flags(context: &SpanContext, is_remote: bool) -> u32 {
    u32::from(context.flags.to_u8()) | 0x100 | u32::from(is_remote) << 9
}

fn encode_span(out: &mut Writer, span: &Span) {
    let context = &span.context;
    out.bytes(1, &context.trace_id.to_bytes());
    out.bytes(2, &context.span_id.to_bytes());
    if let Some(parent) = span.parent {
        out.bytes(4, &parent.to_bytes());
    }
    out.bytes(5, span.name.as_bytes());
    out.varint(
        6,
        match span.kind {
            SpanKind::Internal => 1,
            SpanKind::Server => 2,
            SpanKind::Client => 3,
            SpanKind::Producer => 4,
            SpanKind::Consumer => 5,
        },
    );
    out.fixed64(7, span.start);
    out.fixed64(8, span.end);
    attributes(out, 9, &span.attributes);
    if span.dropped_attributes > 0 {
        out.varint(10, u64::from(span.dropped_attributes));
    }
    for event in &span.events {
        out.message(11, |out| encode_event(out, event));
    }
    if span.dropped_events > 0 {
        out.varint(12, u64::from(span.dropped_events));
    }
    for link in &span.links {
        out.message(13, |out| {
            out.bytes(1, &link.trace_id.to_bytes());
            out.bytes(2, &link.span_id.to_bytes());
            out.fixed32(6, flags(link, link.is_remote));
        });
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => out.message(15, |out| out.varint(3, 1)),
        Status::Error { description } => out.message(15, |out| {
            if !description.is_empty() {
                out.bytes(2, description.as_bytes());
            }
            out.varint(3, 2);
        }),
    }
    out.fixed32(16, flags(context, span.parent_is_remote));
}

fn encode_event(out: &mut Writer, event: &SpanEvent) {
    out.fixed64(1, event.time);
    out.bytes(2, event.name.as_bytes());
    attributes(out, 3, &event.attributes);
}

fn attributes(out: &mut Writer, field: u32, attributes: &[KeyValue]) {
    for attribute in attributes {
        out.message(field, |out| {
            out.bytes(1, attribute.key.as_str().as_bytes());
            out.message(2, |out| any_value(out, &attribute.value));
        });
    }
}

/// `AnyValue`: string = 1, bool = 2, int = 3, double = 4, array = 5.
fn any_value(out: &mut Writer, value: &Value) {
    fn items<T>(out: &mut Writer, items: &[T], write: impl Fn(&mut Writer, &T)) {
        out.message(5, |out| {
            for item in items {
                out.message(1, |out| write(out, item));
            }
        });
    }
    match value {
        Value::String(text) => out.bytes(1, text.as_str().as_bytes()),
        Value::Bool(value) => out.varint(2, u64::from(*value)),
        Value::I64(value) => out.varint(3, value.cast_unsigned()),
        Value::F64(value) => out.fixed64(4, value.to_bits()),
        Value::Array(Array::String(values)) => items(out, values, |out, item| out.bytes(1, item.as_str().as_bytes())),
        Value::Array(Array::Bool(values)) => items(out, values, |out, item| out.varint(2, u64::from(*item))),
        Value::Array(Array::I64(values)) => items(out, values, |out, item| out.varint(3, item.cast_unsigned())),
        Value::Array(Array::F64(values)) => items(out, values, |out, item| out.fixed64(4, item.to_bits())),
        // The enum may grow; what it grows by is sent empty, not lost.
        _ => {}
    }
}
