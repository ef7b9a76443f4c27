//! What a play tells in metrics and logs, beside its trace and with its trace's id.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, metric, number_data_point};
use prost::Message;

use super::{hex, named, spans};
use crate::fake_host::{FakeHost, PLAYER, RATE};
use crate::logs::records_of;
use tonearm_messages::{BodyEnd, Fact};
use tonearm_player::engine::{Input, PlayerInput, Report};
use tonearm_player::playback::State;
use tonearm_telemetry::Signal;

/// A point: its sum and its count (1 of a counter), and the trace that its exemplar leads to.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    sum: f64,
    count: u64,
    trace: Option<String>,
}

fn labels(attributes: &[KeyValue]) -> String {
    let label = |attribute: &KeyValue| match attribute.value.clone().and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => format!("{}={text}", attribute.key),
        Some(any_value::Value::IntValue(number)) => format!("{}={number}", attribute.key),
        Some(any_value::Value::DoubleValue(number)) => format!("{}={number}", attribute.key),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(label).collect::<Vec<_>>().join(",")
}

/// Every point by its metric's name and labels, the intervals added up.
fn points(host: &mut FakeHost) -> BTreeMap<(String, String), Point> {
    host.input(Input::Flush { telemetry: 1 });
    let mut points: BTreeMap<(String, String), Point> = BTreeMap::new();
    let trace = |exemplars: &[Exemplar]| exemplars.first().map(|exemplar| hex(&exemplar.trace_id));
    for export in host.exports.iter().filter(|export| export.signal == Signal::Metrics) {
        let request = ExportMetricsServiceRequest::decode(export.body.as_slice()).expect("metrics");
        let metrics =
            request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics);
        for metric in metrics {
            let mut add = |attributes: &[KeyValue], point: Point| {
                let key = (metric.name.clone(), labels(attributes));
                let known = points.entry(key).or_insert(Point { sum: 0.0, count: 0, trace: None });
                known.sum += point.sum;
                known.count += point.count;
                known.trace = known.trace.clone().or(point.trace);
            };
            match metric.data.expect("data") {
                metric::Data::Sum(sum) => sum.data_points.iter().for_each(|point| {
                    let Some(number_data_point::Value::AsDouble(value)) = point.value else {
                        panic!("{point:?}")
                    };
                    add(&point.attributes, Point { sum: value, count: 1, trace: trace(&point.exemplars) });
                }),
                metric::Data::ExponentialHistogram(histogram) => {
                    histogram.data_points.iter().for_each(|point| {
                        let (sum, count) = (point.sum.unwrap(), point.count);
                        add(&point.attributes, Point { sum, count, trace: trace(&point.exemplars) });
                    });
                }
                other => panic!("{other:?}"),
            }
        }
    }
    points
}

fn logs(host: &mut FakeHost) -> Vec<LogRecord> {
    host.input(Input::Flush { telemetry: 1 });
    let exports = host.exports.iter().filter(|export| export.signal == Signal::Logs);
    exports.flat_map(|export| records_of(&export.body)).collect()
}

fn sum(points: &BTreeMap<(String, String), Point>, name: &str, label: &str) -> f64 {
    points
        .get(&(name.into(), label.into()))
        .unwrap_or_else(|| panic!("no {name}{{{label}}} in {points:#?}"))
        .sum
}

#[test]
fn a_play_is_counted_and_measured_with_exemplars_of_its_trace() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.fact(Fact::Decoded { epoch, packets: 40, failures: 2 });
    for quarter in 1..=4 {
        host.advance(250.0);
        host.position(f64::from(quarter) * 0.25);
    }
    host.report(Report::GapStarted { epoch, at: host.now(), frames: u64::from(RATE) });
    host.advance(400.0);
    host.report(Report::GapEnded { epoch, at: host.now(), missing: u64::from(RATE) * 2 / 5, audible: true });
    host.player(PlayerInput::Seek(30.0));
    let epoch = host.epoch();
    host.advance(30.0);
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 30.0 });
    host.audible(0);
    let (_, request) = host.last_request();
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 9, end: BodyEnd::Complete {} });
    for tick in 1..=75 {
        host.advance(400.0);
        host.position(f64::from(tick) * 0.4);
    }
    host.ended(30 * u64::from(RATE));

    let trace = hex(&host.engine.player(PLAYER).unwrap().context().unwrap().trace_id);
    let points = points(&mut host);
    let latency = "track.play.trigger=user,audio.output.method=audible,cdn.node=fra-1";
    assert!((sum(&points, "track.play.latency", latency) - 0.035).abs() < 1e-9);
    let phases: f64 =
        points.iter().filter(|((name, _), _)| name == "track.play.phase").map(|(_, point)| point.sum).sum();
    assert!((phases - 0.035).abs() < 1e-9, "the phases add up to the latency");
    assert_eq!(sum(&points, "track.play.attempts", "outcome=started,cdn.node=fra-1"), 1.0);
    assert!((sum(&points, "track.play.time", "cdn.node=fra-1") - 31.0).abs() < 1e-6);
    assert!((sum(&points, "track.buffer.time", "cause=startup,cdn.node=fra-1") - 0.035).abs() < 1e-9);
    assert!((sum(&points, "track.buffer.time", "cause=stall,cdn.node=fra-1") - 0.4).abs() < 1e-9);
    assert!((sum(&points, "track.buffer.time", "cause=seek,cdn.node=fra-1") - 0.03).abs() < 1e-9);
    assert_eq!(sum(&points, "track.stalls", "cause=decode,cdn.node=fra-1"), 1.0);
    assert!((sum(&points, "track.stall.duration", "cause=decode,cdn.node=fra-1") - 0.4).abs() < 1e-9);
    assert!((sum(&points, "track.seek.latency", "") - 0.03).abs() < 1e-9);
    assert!((sum(&points, "audio.buffer.underflow", "cdn.node=fra-1") - 0.4).abs() < 1e-9);
    assert_eq!(sum(&points, "audio.buffer.underflows", "cdn.node=fra-1"), 1.0);
    assert_eq!(sum(&points, "audio.decode.attempts", "audio.codec=mp3,cdn.node=fra-1"), 40.0);
    assert_eq!(
        sum(&points, "audio.decode.failures", "audio.codec=mp3,cdn.node=fra-1,error.type=undecodable"),
        2.0
    );
    assert_eq!(sum(&points, "player.state.transitions", "from=starting,to=playing"), 1.0);
    assert_eq!(sum(&points, "player.session.heartbeats", ""), 2.0, "31.5 s: at once, and after 30");
    let get = "http.request.method=GET,http.response.status_code=200,server.address=cdn.example,server.port=443,cdn.node=fra-1";
    assert_eq!(points[&("http.client.request.duration".into(), get.into())].count, 1);
    for name in
        ["track.play.latency", "track.stall.duration", "track.seek.latency", "http.client.request.duration"]
    {
        let (_, point) = points.iter().find(|((known, _), _)| known == name).unwrap();
        assert_eq!(point.trace.as_deref(), Some(trace.as_str()), "{name}");
    }
    assert!(points.keys().all(|(_, labels)| !labels.contains("track_id") && !labels.contains("session")));
}

#[test]
fn a_play_that_fails_is_counted_and_logged_with_its_trace() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.head(404);
    let spans = spans(&mut host);
    let root = named(&spans, "track.play");
    assert!(labels(&root.attributes).contains("cdn.node=fra-1"), "and on the play");
    let points = points(&mut host);
    assert_eq!(
        sum(&points, "track.play.attempts", "outcome=failed,error.class=technical,cdn.node=fra-1"),
        1.0
    );
    assert!(
        !points.keys().any(|(name, _)| name == "track.play.latency"),
        "a play that never started has none"
    );
    let logs = logs(&mut host);
    let failed = logs.iter().find(|log| log.event_name == "track.play_failed").unwrap();
    assert_eq!((failed.severity_number, hex(&failed.trace_id)), (17, hex(&root.trace_id)));
    assert!(labels(&failed.attributes).contains("error.type=404"));
}

#[test]
fn leaving_before_the_sound_is_an_attempt_of_its_own() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.player(PlayerInput::Stop);
    let points = points(&mut host);
    assert_eq!(sum(&points, "track.play.attempts", "outcome=exited_before_start"), 1.0);
}

#[test]
fn the_log_lines_of_a_play_tell_its_story() {
    let mut host = FakeHost::playing();
    host.advance(400.0);
    host.position(0.4);
    host.player(PlayerInput::Stop);
    let logs = logs(&mut host);
    let events: Vec<&str> = logs.iter().map(|log| log.event_name.as_str()).collect();
    let ended = events.iter().filter(|event| **event == "track.ended").count();
    assert_eq!((ended, events.contains(&"player.session_active")), (1, true), "{events:?}");
    let told = logs.iter().find(|log| log.event_name == "track.ended").unwrap();
    assert!(labels(&told.attributes).contains("cdn.node=fra-1"), "where it came from is on the totals");
    let trace = hex(&host.engine.player(PLAYER).unwrap().context().unwrap().trace_id);
    // What came before the play had no trace to be in.
    let of_the_play = logs.iter().filter(|log| hex(&log.trace_id) == trace).count();
    assert!(of_the_play >= 4, "{events:?}");
    let states: Vec<_> = logs
        .iter()
        .filter(|log| log.event_name == "player.state_changed")
        .map(|log| labels(&log.attributes))
        .collect();
    assert!(states.iter().any(|labels| labels.contains("from=starting,to=playing")), "{states:?}");
}

#[test]
fn a_stall_that_a_stop_ends_is_counted_once_and_not_until_the_next_play() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.report(Report::GapStarted { epoch, at: host.now(), frames: 0 });
    host.advance(400.0);
    host.player(PlayerInput::Stop);
    host.advance(60_000.0);
    host.play(2);
    let points = points(&mut host);
    assert!((sum(&points, "track.stall.duration", "cause=decode,cdn.node=fra-1") - 0.4).abs() < 1e-9);
    assert!((sum(&points, "audio.buffer.underflow", "cdn.node=fra-1") - 0.4).abs() < 1e-9);
}

/// Seconds that are told as heard of a play that goes on for `millis` behind a report at 0.25 s, and for ten
/// seconds behind `then`.
fn heard(millis: f64, then: impl FnOnce(&mut FakeHost)) -> f64 {
    let mut host = FakeHost::playing();
    host.advance(250.0);
    host.position(0.25);
    host.advance(millis);
    then(&mut host);
    host.advance(10_000.0);
    host.load("https://cdn.example/b.mp3");
    sum(&points(&mut host), "track.play.time", "cdn.node=fra-1")
}

#[test]
fn what_was_heard_since_the_last_report_counts() {
    let stopped = heard(200.0, |host| host.player(PlayerInput::Stop));
    assert!((stopped - 0.45).abs() < 1e-4, "a stop, and nothing behind it: {stopped}");
    let paused = heard(100.0, |host| host.player(PlayerInput::Pause));
    assert!((paused - 0.35).abs() < 1e-4, "a pause, and a load from there: {paused}");
    let silent = heard(1501.0, |host| assert_eq!(host.state(), State::Rebuffering));
    assert!((silent - 0.25).abs() < 1e-4, "nobody knows of a sample behind a silent worklet: {silent}");
}
