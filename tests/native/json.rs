//! What OTLP's own JSON encoding makes of random requests, as the `opentelemetry-proto` crate has it, written
//! to a file that the test of `pkg/src/records.ts` reads (tests/scripts/records.test.mjs).

use std::fmt::Write as _;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_telemetry::{
    Attributes, Config, ERROR, INFO, Instrument, Kind, Log, Parent, SpanContext, SpanKind, SpanOptions,
    Telemetry, Value,
};

use crate::records::{json_of, lean};

const INSTRUMENTS: [Instrument<'static>; 5] = [
    Instrument::new("counter", "1", Kind::Counter, &["a"]),
    Instrument::new("up.down", "{item}", Kind::UpDownCounter, &["a"]),
    Instrument::new("gauge", "Cel", Kind::Gauge, &["a"]),
    Instrument::new("exponential", "s", Kind::Histogram, &["a"]),
    Instrument { bounds: &[0.1, 1.0, 10.0], ..Instrument::new("explicit", "s", Kind::Histogram, &["a"]) },
];

fn text(random: &mut Random) -> String {
    let letters: Vec<char> = "ab \"\\\u{e9}\u{1f3b5}\n/".chars().collect();
    (0..random.next_u64() % 12).map(|_| letters[random.next_u64() as usize % letters.len()]).collect()
}

/// A value of any kind; `nested` is one that is encoded already.
fn value<'a>(random: &mut Random, text: &'a str, nested: &'a [u8]) -> Value<'a> {
    match random.next_u64() % 6 {
        0 => Value::Text(text),
        1 => Value::Flag(random.unit() < 0.7),
        2 => Value::Int(random.next_u64().cast_signed() >> (random.next_u64() % 64)),
        3 => Value::Float((random.unit() - 0.5) * 1e6),
        4 => Value::Float([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5][random.next_u64() as usize % 4]),
        _ => Value::Encoded(nested),
    }
}

fn context(random: &mut Random) -> SpanContext {
    let flags = (random.next_u64() & 2) as u8 | 1;
    SpanContext { trace_id: random.bytes(), span_id: random.bytes(), flags, is_remote: random.unit() < 0.5 }
}

fn record(random: &mut Random, telemetry: &mut Telemetry, now: Instant) {
    let (told, name) = (text(random), text(random));
    // A list of a text, a number and a map; a map of its own.
    let list = [0x2a, 11, 0x0a, 3, 0x0a, 1, b'x', 0x0a, 2, 0x18, 7, 0x0a, 0];
    let map = [0x32, 9, 0x0a, 7, 0x0a, 1, b'k', 0x12, 2, 0x10, 1];
    for nested in [list.as_slice(), &map] {
        let linked = context(random);
        let above = context(random);
        let options = SpanOptions {
            link: (random.unit() < 0.5).then_some(linked),
            state: if random.unit() < 0.5 { b"ot=th:8" } else { b"" },
            ..SpanOptions::new(&name).kind(SpanKind::Client)
        };
        let key = telemetry
            .start_span(now, options.child_of((random.unit() < 0.5).then_some(Parent::Context(above))))
            .unwrap();
        for n in 0..random.next_u64() % 6 {
            telemetry.set(key, &format!("key.{n}"), value(random, &told, nested));
        }
        telemetry.add_event(key, now, "event", &[("a", value(random, &told, nested))]);
        if random.unit() < 0.3 {
            telemetry.fail(key, &told);
        }
        telemetry.end_span(now, key, now);
        let attributes = [("a", value(random, &told, nested)), ("b", value(random, &told, nested))];
        let severity = if random.unit() < 0.5 { INFO } else { ERROR };
        let context = (random.unit() < 0.5).then_some(above);
        telemetry
            .log(now, &Log { severity, event: "event.name", body: &told, context, attributes: &attributes });
        for instrument in 0..INSTRUMENTS.len() as u32 {
            for _ in 0..random.next_u64() % 20 {
                let measured = (random.unit() - 0.2) * 100f64.powf(random.unit() * 3.0);
                telemetry.measure(
                    now,
                    instrument,
                    measured,
                    &[Value::Text(["x", "y"][(random.next_u64() & 1) as usize])],
                    context,
                );
            }
        }
    }
}

#[test]
fn random_requests_are_written_down_with_their_json() {
    let mut random = Random::seeded([31, 7]);
    let mut lines = String::new();
    for round in 0..300 {
        let resource = Attributes::default().with("service.name", "s").with("n", 3u32).finish();
        let config = Config { resource, cumulative: round % 2 > 0, ..Config::default() };
        let mut telemetry = Telemetry::new(config, ClockAnchor::at_origin(1e12), random.fork(), &INSTRUMENTS);
        let now = Instant::from_millis(random.unit() * 1e6);
        record(&mut random, &mut telemetry, now);
        telemetry.flush(now);
        while let Some(export) = telemetry.poll_export(now) {
            let json = match export.signal as u32 {
                0 => serde_json::to_value(ExportTraceServiceRequest::decode(&*export.body).unwrap()),
                1 => serde_json::to_value(ExportMetricsServiceRequest::decode(&*export.body).unwrap()),
                _ => serde_json::to_value(ExportLogsServiceRequest::decode(&*export.body).unwrap()),
            };
            let json = json.unwrap();
            let ours = json_of(export.signal as u32, &export.body).unwrap();
            assert_eq!(lean(&ours), lean(&json));
            write!(lines, "{}\t", export.signal as u32).unwrap();
            export.body.iter().for_each(|byte| write!(lines, "{byte:02x}").unwrap());
            writeln!(lines, "\t{json}").unwrap();
        }
    }
    assert!(lines.lines().count() >= 890);
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/target/otlp-json.tsv"), lines).unwrap();
}
