//! OTLP bodies, held against the types that `opentelemetry-proto` generates from the specification.

use std::borrow::Cow;

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceFlags, TraceId};
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Wire;
use opentelemetry_proto::tonic::trace::v1::Span as WireSpan;
use prost::Message;
use tonearm::random::Random;
use tonearm::telemetry::{Span, SpanContext, SpanEvent, encode_spans};

pub fn decode(body: &[u8]) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(body).expect("a request")
}

pub fn spans_of(body: &[u8]) -> Vec<WireSpan> {
    let request = decode(body);
    request.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans).collect()
}

fn wire_value(value: &Value) -> Wire {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
    fn array<T>(items: &[T], wire: impl Fn(&T) -> Wire) -> Wire {
        let values = items.iter().map(|item| AnyValue { value: Some(wire(item)) }).collect();
        Wire::ArrayValue(ArrayValue { values })
    }
    match value {
        Value::Bool(value) => Wire::BoolValue(*value),
        Value::I64(value) => Wire::IntValue(*value),
        Value::F64(value) => Wire::DoubleValue(*value),
        Value::String(value) => Wire::StringValue(value.as_str().into()),
        Value::Array(Array::Bool(items)) => array(items, |item| Wire::BoolValue(*item)),
        Value::Array(Array::I64(items)) => array(items, |item| Wire::IntValue(*item)),
        Value::Array(Array::F64(items)) => array(items, |item| Wire::DoubleValue(*item)),
        Value::Array(Array::String(items)) => array(items, |item| Wire::StringValue(item.as_str().into())),
        other => panic!("{other:?}"),
    }
}

fn random_attributes(random: &mut Random) -> Vec<KeyValue> {
    let count = random.next_u64() % 6;
    (0..count)
        .map(|at| {
            let long = "ü".repeat((random.next_u64() % 90) as usize);
            let value = match random.next_u64() % 8 {
                0 => Value::Bool(random.next_u64() & 1 == 1),
                1 => Value::I64(random.next_u64().cast_signed()),
                2 => Value::F64(random.unit() - 0.5),
                3 => Value::String(long.into()),
                4 => Value::Array(Array::I64(vec![0, -1, random.next_u64().cast_signed()])),
                5 => Value::Array(Array::String(vec!["".into(), long.into()])),
                6 => Value::Array(Array::Bool(vec![true, false])),
                _ => Value::Array(Array::F64(vec![f64::MIN_POSITIVE, f64::INFINITY])),
            };
            KeyValue::new(format!("key.{at}"), value)
        })
        .collect()
}

fn random_context(random: &mut Random, remote: bool) -> SpanContext {
    let trace = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
    let flags = TraceFlags::new((random.next_u64() & 3) as u8);
    let span_id = SpanId::from_bytes(random.next_u64().to_be_bytes());
    SpanContext { trace_id: TraceId::from_bytes(trace.to_be_bytes()), span_id, flags, is_remote: remote }
}

fn random_span(random: &mut Random) -> Span {
    let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    let start = random.next_u64() >> 2;
    Span {
        context: random_context(random, false),
        parent: (random.next_u64() & 1 == 1).then(|| SpanId::from_bytes(random.next_u64().to_be_bytes())),
        parent_is_remote: random.next_u64() & 1 == 1,
        name: Cow::Owned(format!("span {}", random.next_u64())),
        kind: kinds[(random.next_u64() % 5) as usize].clone(),
        start,
        end: start + (random.next_u64() >> 30),
        attributes: random_attributes(random),
        dropped_attributes: (random.next_u64() % 3) as u32,
        events: (0..random.next_u64() % 3)
            .map(|_| SpanEvent { name: "event".into(), time: random.next_u64(), attributes: random_attributes(random) })
            .collect(),
        dropped_events: (random.next_u64() % 3) as u32,
        links: (0..random.next_u64() % 3).map(|_| random_context(random, true)).collect(),
        status: match random.next_u64() % 3 {
            0 => Status::Unset,
            1 => Status::Ok,
            _ => Status::error("broken"),
        },
    }
}

fn check_attributes(wire: &[opentelemetry_proto::tonic::common::v1::KeyValue], ours: &[KeyValue]) {
    assert_eq!(wire.len(), ours.len());
    for (wire, ours) in wire.iter().zip(ours) {
        assert_eq!(wire.key, ours.key.as_str());
        assert_eq!(wire.value.as_ref().and_then(|value| value.value.clone()), Some(wire_value(&ours.value)));
    }
}

#[test]
fn random_batches_decode_to_what_was_recorded() {
    let mut random = Random::seeded([1, 2]);
    for _ in 0..2000 {
        let resource = random_attributes(&mut random);
        let spans: Vec<Span> = (0..random.next_u64() % 6).map(|_| random_span(&mut random)).collect();
        let body = encode_spans(&resource, &spans);
        let request = decode(&body);
        let group = &request.resource_spans[0];
        check_attributes(&group.resource.as_ref().unwrap().attributes, &resource);
        assert_eq!(group.scope_spans[0].scope.as_ref().unwrap().name, "tonearm");
        let wire = spans_of(&body);
        assert_eq!(wire.len(), spans.len());
        for (wire, span) in wire.iter().zip(&spans) {
            assert_eq!(wire.trace_id, span.context.trace_id.to_bytes());
            assert_eq!(wire.span_id, span.context.span_id.to_bytes());
            assert_eq!(wire.parent_span_id, span.parent.map_or(Vec::new(), |id| id.to_bytes().to_vec()));
            assert_eq!(wire.name, span.name);
            assert_eq!(
                wire.kind,
                match span.kind {
                    SpanKind::Internal => 1,
                    SpanKind::Server => 2,
                    SpanKind::Client => 3,
                    SpanKind::Producer => 4,
                    SpanKind::Consumer => 5,
                }
            );
            assert_eq!((wire.start_time_unix_nano, wire.end_time_unix_nano), (span.start, span.end));
            check_attributes(&wire.attributes, &span.attributes);
            assert_eq!(wire.dropped_attributes_count, span.dropped_attributes);
            assert_eq!(wire.dropped_events_count, span.dropped_events);
            for (wire, event) in wire.events.iter().zip(&span.events) {
                assert_eq!((wire.time_unix_nano, wire.name.as_str()), (event.time, "event"));
                check_attributes(&wire.attributes, &event.attributes);
            }
            assert_eq!(wire.links.len(), span.links.len());
            for (wire, link) in wire.links.iter().zip(&span.links) {
                assert_eq!(wire.trace_id, link.trace_id.to_bytes());
                assert_eq!(wire.flags, 0x300 | u32::from(link.flags.to_u8()));
            }
            let remote = if span.parent_is_remote { 0x300 } else { 0x100 };
            assert_eq!(wire.flags, remote | u32::from(span.context.flags.to_u8()));
            let status = wire.status.clone().unwrap_or_default();
            match &span.status {
                Status::Unset => assert_eq!(status.code, 0),
                Status::Ok => assert_eq!(status.code, 1),
                Status::Error { description } => {
                    assert_eq!((status.code, status.message), (2, description.to_string()));
                }
            }
        }
        // What prost would write of the same message is as long: nothing is written that is not read.
        assert_eq!(request.encoded_len(), body.len());
    }
}
