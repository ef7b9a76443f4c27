//! The API's values as the core has them.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::logs::AnyValue;
use opentelemetry::{Array, KeyValue, Value as ApiValue};

use tonearm_telemetry::{SpanContext, Value, Writer};

/// An `AnyValue` message of a list.
fn list<T>(items: &[T], write: impl Fn(&mut Writer, &T)) -> Vec<u8> {
    let mut out = Writer::default();
    out.message(5, |out| items.iter().for_each(|item| out.message(1, |out| write(out, item))));
    out.finish()
}

fn array(array: &Array) -> Vec<u8> {
    match array {
        Array::Bool(items) => list(items, |out, item| out.varint(2, u64::from(*item))),
        Array::I64(items) => list(items, |out, item| out.varint(3, item.cast_unsigned())),
        Array::F64(items) => list(items, |out, item| out.fixed64(4, item.to_bits())),
        Array::String(items) => list(items, |out, item| out.bytes(1, item.as_str().as_bytes())),
        _ => Vec::new(),
    }
}

/// Calls back with an attribute's key and its value as the core takes it.
pub(super) fn with(attribute: &KeyValue, set: impl FnOnce(&str, Value<'_>)) {
    let key = attribute.key.as_str();
    match &attribute.value {
        ApiValue::Bool(flag) => set(key, Value::Flag(*flag)),
        ApiValue::I64(number) => set(key, Value::Int(*number)),
        ApiValue::F64(number) => set(key, Value::Float(*number)),
        ApiValue::String(text) => set(key, Value::Text(text.as_str())),
        ApiValue::Array(items) => set(key, Value::Encoded(&array(items))),
        _ => {}
    }
}

/// Attributes as fields of that number; of a key that comes twice the last value counts.
pub(super) fn encode(attributes: &[KeyValue], field: u32) -> Vec<u8> {
    let mut out = Writer::default();
    for attribute in attributes {
        out.remove_attribute(field, attribute.key.as_str());
        with(attribute, |key, value| out.attribute(field, key, value));
    }
    out.finish()
}

/// Writes the fields of an `AnyValue` of a log record.
pub(super) fn any(out: &mut Writer, value: &AnyValue) {
    match value {
        AnyValue::String(text) => out.bytes(1, text.as_str().as_bytes()),
        AnyValue::Boolean(flag) => out.varint(2, u64::from(*flag)),
        AnyValue::Int(number) => out.varint(3, number.cast_unsigned()),
        AnyValue::Double(number) => out.fixed64(4, number.to_bits()),
        AnyValue::Bytes(bytes) => out.bytes(7, bytes),
        AnyValue::ListAny(items) => {
            out.message(5, |out| items.iter().for_each(|item| out.message(1, |out| any(out, item))));
        }
        AnyValue::Map(entries) => out.message(6, |out| {
            for (key, value) in entries.iter() {
                out.message(1, |out| {
                    out.bytes(1, key.as_str().as_bytes());
                    out.message(2, |out| any(out, value));
                });
            }
        }),
        _ => {}
    }
}

/// A context of the API; none where it is not valid.
pub(crate) fn context_of(context: &opentelemetry::trace::SpanContext) -> Option<SpanContext> {
    context.is_valid().then(|| SpanContext {
        trace_id: context.trace_id().to_bytes(),
        span_id: context.span_id().to_bytes(),
        flags: context.trace_flags().to_u8(),
        is_remote: context.is_remote(),
    })
}

/// Nanoseconds since the Unix epoch.
pub(super) fn unix_nanos(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
