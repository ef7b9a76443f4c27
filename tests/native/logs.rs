//! Log records: decoded they are what was written; storms are sampled and counted.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Wire;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_telemetry::{
    Config, DEBUG, DropReason, ERROR, INFO, Log, Severity, Signal, SpanContext, Telemetry, Value, WARN,
};

fn telemetry(level: Severity) -> Telemetry {
    let config = Config { levels: vec![(Vec::new(), level)], ..Config::default() };
    Telemetry::new(config, ClockAnchor::at_origin(1e12), Random::seeded([4, 5]), &[])
}

pub fn records_of(body: &[u8]) -> Vec<LogRecord> {
    let request = ExportLogsServiceRequest::decode(body).expect("logs");
    assert_eq!(request.encoded_len(), body.len(), "nothing is written that is not read");
    request.resource_logs.into_iter().flat_map(|r| r.scope_logs).flat_map(|s| s.log_records).collect()
}

fn log(event: &str) -> Log<'_> {
    Log { severity: INFO, event, body: "", context: None, attributes: &[] }
}

#[test]
fn ten_thousand_random_records_decode_to_what_was_written() {
    let mut random = Random::seeded([7, 7]);
    for _ in 0..10_000 {
        let mut telemetry = telemetry(0);
        let severities = [DEBUG, INFO, WARN, ERROR];
        let severity = severities[random.next_u64() as usize % 4];
        let body = "ü".repeat(random.next_u64() as usize % 100);
        let number = random.next_u64().cast_signed();
        let context = (random.next_u64() & 1 == 1).then(|| SpanContext {
            trace_id: random.bytes(),
            span_id: random.bytes(),
            flags: (random.next_u64() & 3) as u8,
            is_remote: false,
        });
        let attributes = [("n", Value::Int(number)), ("t", Value::Text(&body))];
        let now = Instant::from_millis((random.next_u64() % 1_000_000) as f64);
        telemetry.log(now, &Log { severity, event: "e.x", body: &body, context, attributes: &attributes });
        telemetry.flush(now);
        let export = telemetry.poll_export(now).unwrap();
        assert_eq!(export.signal, Signal::Logs);
        let record = &records_of(&export.body)[0];
        assert_eq!((record.severity_number, record.event_name.as_str()), (severity.cast_signed(), "e.x"));
        assert_eq!(record.time_unix_nano, 1_000_000_000_000_000_000 + (now.as_millis() * 1e6) as u64);
        assert_eq!(record.observed_time_unix_nano, record.time_unix_nano);
        let text = record.body.clone().and_then(|body| body.value);
        assert_eq!(text, (!body.is_empty()).then_some(Wire::StringValue(body.clone())));
        assert_eq!(record.trace_id, context.map_or(Vec::new(), |context| context.trace_id.to_vec()));
        assert_eq!(record.span_id, context.map_or(Vec::new(), |context| context.span_id.to_vec()));
        assert_eq!(record.flags, context.map_or(0, |context| context.flags.into()));
        let value = |key: &str| {
            let attribute = record.attributes.iter().find(|attribute| attribute.key == key).unwrap();
            attribute.value.clone().unwrap().value.unwrap()
        };
        assert_eq!((value("n"), value("t")), (Wire::IntValue(number), Wire::StringValue(body)));
        let Wire::StringValue(uid) = value("log.record.uid") else { panic!() };
        assert_eq!((uid.len(), uid.chars().all(|digit| digit.is_ascii_hexdigit())), (32, true));
    }
}

#[test]
fn a_storm_is_sampled_by_event_and_second_and_counted() {
    let mut telemetry = telemetry(0);
    let now = Instant::from_millis(10.0);
    for _ in 0..1000 {
        telemetry.log(now, &log("audio.decode_failed"));
    }
    telemetry.log(now, &log("track.ended"));
    telemetry.log(Instant::from_millis(1500.0), &log("audio.decode_failed"));
    let account = telemetry.account(Signal::Logs);
    assert_eq!(account.pending, 20 + 10 + 1 + 1);
    assert_eq!((account.started, account.dropped(DropReason::Sampled)), (1002, 970));
}

#[test]
fn what_is_less_grave_than_wanted_is_left_out_and_counted() {
    let mut telemetry = telemetry(WARN);
    let now = Instant::from_millis(10.0);
    telemetry.log(now, &log("a"));
    telemetry.log(now, &Log { severity: ERROR, ..log("b") });
    let account = telemetry.account(Signal::Logs);
    assert_eq!((account.pending, account.dropped(DropReason::Level)), (1, 1));
}

#[test]
fn logs_wait_half_a_second_beyond_the_one_in_which_the_host_gathers_them() {
    let mut telemetry = telemetry(0);
    telemetry.log(Instant::from_millis(10.0), &log("a"));
    assert_eq!(telemetry.poll_timeout(), Some(Instant::from_millis(510.0)));
}
