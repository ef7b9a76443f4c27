//! OTLP bodies, held against the types that `opentelemetry-proto` generates from the specification.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Wire;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as WireSpan;
use prost::Message;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_telemetry::{
    Attributes, Config, Parent, SAMPLED, SpanContext, SpanKind, SpanOptions, Telemetry, Value, encode_request,
};

pub fn decode(body: &[u8]) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(body).expect("a request")
}

pub fn spans_of(body: &[u8]) -> Vec<WireSpan> {
    let request = decode(body);
    request.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans).collect()
}

/// Random values as OTLP has them, by their keys; some keys come twice, and the last one wins.
fn random_values(random: &mut Random) -> Vec<(String, Wire)> {
    let count = random.next_u64() % 6;
    let value = |random: &mut Random| {
        let long = "ü".repeat((random.next_u64() % 90) as usize);
        match random.next_u64() % 5 {
            0 => Wire::BoolValue(random.next_u64() & 1 == 1),
            1 => Wire::IntValue(random.next_u64().cast_signed()),
            2 => Wire::DoubleValue(
                [random.unit() - 0.5, f64::INFINITY, f64::MIN_POSITIVE][random.next_u64() as usize % 3],
            ),
            3 => Wire::StringValue(long),
            _ => {
                let values = [Wire::StringValue(long), Wire::IntValue(-1), Wire::BoolValue(false)];
                let values = values.map(|value| AnyValue { value: Some(value) }).to_vec();
                Wire::ArrayValue(ArrayValue { values })
            }
        }
    };
    (0..count).map(|_| (format!("key.{}", random.next_u64() % 8), value(random))).collect()
}

/// Calls back with each value as our own.
fn each(values: &[(String, Wire)], mut set: impl FnMut(&str, Value<'_>)) {
    for (key, value) in values {
        match value {
            Wire::BoolValue(flag) => set(key, Value::Flag(*flag)),
            Wire::IntValue(number) => set(key, Value::Int(*number)),
            Wire::DoubleValue(number) => set(key, Value::Float(*number)),
            Wire::StringValue(text) => set(key, Value::Text(text)),
            other => set(key, Value::Encoded(&AnyValue { value: Some(other.clone()) }.encode_to_vec())),
        }
    }
}

fn by_key(wire: &[KeyValue]) -> BTreeMap<String, Wire> {
    let pair = |pair: &KeyValue| {
        (pair.key.clone(), pair.value.clone().and_then(|value| value.value).expect("a value"))
    };
    wire.iter().map(pair).collect()
}

fn check(wire: &[KeyValue], ours: &[(String, Wire)]) {
    let last: BTreeMap<_, _> = ours.iter().cloned().collect();
    assert_eq!((by_key(wire), wire.len()), (last.clone(), last.len()));
}

fn random_context(random: &mut Random) -> SpanContext {
    let flags = (random.next_u64() & 3) as u8;
    let is_remote = random.next_u64() & 1 == 1;
    SpanContext { trace_id: random.bytes(), span_id: random.bytes(), flags, is_remote }
}

struct Recorded {
    name: String,
    kind: SpanKind,
    parent: Option<SpanContext>,
    link: Option<SpanContext>,
    values: Vec<(String, Wire)>,
    events: Vec<(u64, Vec<(String, Wire)>)>,
    error: Option<&'static str>,
    context: SpanContext,
    start: u64,
    length: u64,
}

fn record(random: &mut Random, telemetry: &mut Telemetry) -> Recorded {
    let kinds =
        [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    let chance = |random: &mut Random| random.next_u64() & 1 == 1;
    let name = format!("span {}", random.next_u64());
    let kind = kinds[random.next_u64() as usize % 5];
    let sampled = |context| SpanContext { flags: SAMPLED, ..context };
    let parent = chance(random).then(|| sampled(random_context(random)));
    let link = chance(random).then(|| random_context(random));
    let (start, length) = (random.next_u64() % 100_000, random.next_u64() % 10_000);
    let options = SpanOptions { kind, parent: parent.map(Parent::Context), link, ..SpanOptions::new(&name) };
    let key = telemetry.start_span(Instant::from_millis(start as f64), options).unwrap();
    let values = random_values(random);
    each(&values, |key_name, value| telemetry.set(key, key_name, value));
    let mut events = Vec::new();
    for _ in 0..random.next_u64() % 3 {
        let at = start + random.next_u64() % 100;
        // An event is written whole: its keys are its caller's.
        let values: BTreeMap<_, _> = random_values(random).into_iter().collect();
        let values: Vec<_> =
            values.into_iter().filter(|(_, value)| !matches!(value, Wire::ArrayValue(_))).collect();
        let borrowed: Vec<(&str, Value<'_>)> = values
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    Wire::BoolValue(flag) => Value::Flag(*flag),
                    Wire::IntValue(number) => Value::Int(*number),
                    Wire::DoubleValue(number) => Value::Float(*number),
                    Wire::StringValue(text) => Value::Text(text),
                    other => panic!("{other:?}"),
                };
                (key.as_str(), value)
            })
            .collect();
        telemetry.add_event(key, Instant::from_millis(at as f64), "event", &borrowed);
        events.push((at, values));
    }
    let error = [None, Some(""), Some("broken")][random.next_u64() as usize % 3];
    if let Some(description) = error {
        telemetry.fail(key, description);
    }
    let context = telemetry.span_context(key).unwrap();
    let end = Instant::from_millis((start + length) as f64);
    telemetry.end_span(end, key, end);
    Recorded { name, kind, parent, link, values, events, error, context, start, length }
}

const ORIGIN: u64 = 1_000_000_000_000;

fn unix(millis: u64) -> u64 {
    (ORIGIN + millis) * 1_000_000
}

fn matches(wire: &WireSpan, span: &Recorded) {
    assert_eq!(wire.trace_id, span.context.trace_id);
    assert_eq!(wire.span_id, span.context.span_id);
    assert_eq!(wire.parent_span_id, span.parent.map_or(Vec::new(), |parent| parent.span_id.to_vec()));
    if let Some(parent) = span.parent {
        let flags = parent.flags;
        assert_eq!((wire.trace_id.as_slice(), span.context.flags), (&parent.trace_id[..], flags));
    }
    assert_eq!((wire.name.as_str(), wire.kind), (span.name.as_str(), span.kind as i32));
    assert_eq!(wire.start_time_unix_nano, unix(span.start));
    assert_eq!(wire.end_time_unix_nano, unix(span.start + span.length));
    check(&wire.attributes, &span.values);
    assert_eq!(wire.events.len(), span.events.len());
    for (wire, (at, values)) in wire.events.iter().zip(&span.events) {
        assert_eq!((wire.time_unix_nano, wire.name.as_str()), (unix(*at), "event"));
        check(&wire.attributes, values);
    }
    let flags =
        |context: &SpanContext, remote: bool| u32::from(context.flags) | 0x100 | u32::from(remote) << 9;
    assert_eq!(wire.links.len(), usize::from(span.link.is_some()));
    for (wire, link) in wire.links.iter().zip(&span.link) {
        assert_eq!(
            (wire.trace_id.as_slice(), wire.span_id.as_slice()),
            (&link.trace_id[..], &link.span_id[..])
        );
        assert_eq!(wire.flags, flags(link, link.is_remote));
    }
    assert_eq!(wire.flags, flags(&span.context, span.parent.is_some_and(|parent| parent.is_remote)));
    let status = wire.status.clone().unwrap_or_default();
    let (code, message) = span.error.map_or((0, ""), |description| (2, description));
    assert_eq!((status.code, status.message.as_str()), (code, message));
}

#[test]
fn ten_thousand_random_batches_decode_to_what_was_recorded() {
    let mut random = Random::seeded([1, 2]);
    for _ in 0..10_000 {
        let values: BTreeMap<_, _> = random_values(&mut random).into_iter().collect();
        let values: Vec<_> = values.into_iter().collect();
        let mut resource = Attributes::default();
        each(&values, |key, value| resource = std::mem::take(&mut resource).with(key, value));
        let config = Config { resource: resource.finish(), ..Config::default() };
        let mut telemetry = Telemetry::new(config, ClockAnchor::at_origin(ORIGIN as f64), random.fork(), &[]);
        let spans: Vec<_> =
            (0..=(random.next_u64() % 5)).map(|_| record(&mut random, &mut telemetry)).collect();
        let now = Instant::from_millis(1e6);
        telemetry.flush(now);
        let body = telemetry.poll_export(now).expect("an export").body;
        let request = decode(&body);
        let group = &request.resource_spans[0];
        check(&group.resource.as_ref().unwrap().attributes, &values);
        assert_eq!(group.scope_spans[0].scope.as_ref().unwrap().name, "tonearm");
        let wire = spans_of(&body);
        assert_eq!(wire.len(), spans.len());
        for (wire, span) in wire.iter().zip(&spans) {
            matches(wire, span);
        }
        // What prost would write of the same message is as long: nothing is written that is not read.
        assert_eq!(request.encoded_len(), body.len());
    }
}

#[test]
fn a_request_without_records_has_its_frame() {
    let request = decode(&encode_request(&[], &[]));
    assert!(request.resource_spans[0].scope_spans[0].spans.is_empty());
}

/// What the package's own scripts write is held against the whole in `tests/scripts/flat.test.mjs`.
#[test]
fn bytes_that_no_script_writes_end_nowhere_else() {
    let mut random = Random::seeded([9, 9]);
    for _ in 0..20_000 {
        let length = (random.next_u64() % 40) as u32;
        // Small words are lengths, counts and kinds; few are large.
        let mut word = || random.next_u64() as u32 >> [0, 24, 29][random.next_u64() as usize % 3];
        let words: Vec<u32> = (0..length).map(|_| word()).collect();
        // The last word may be cut off.
        let bytes: Vec<u8> = words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .chain("ü€".bytes().take(word() as usize % 6))
            .collect();
        let mut telemetry =
            Telemetry::new(Config::default(), ClockAnchor::at_origin(0.0), Random::seeded([1, 1]), &[]);
        telemetry.record_rows(Instant::ORIGIN, &bytes);
        let started = |signal| telemetry.account(signal).started;
        let all = started(tonearm_telemetry::Signal::Traces) + started(tonearm_telemetry::Signal::Logs);
        assert!(all <= u64::from(length) + 2, "{words:?}");
    }
}
