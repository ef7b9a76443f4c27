//! What is recorded, held, let go of, and said of every record: samplers, the tail rule, sessions, the app's
//! context, consent, the host's inspection, late points, the pipeline's own metrics.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric};
use prost::Message;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Duration, Instant};
use tonearm_player::engine::Input;
use tonearm_telemetry::{
    Attributes, Config, Consent, DropReason, EarlierSession, INFO, Instrument, Kind, Log, Parent,
    Propagators, Recovered, Reply, SAMPLED, Sampler, Signal, SpanContext, SpanOptions, Telemetry, Value,
    WARN,
};

use crate::fake_host::{FakeHost, accepted};
use crate::logs::records_of;
use crate::otlp::spans_of;
use tonearm_messages::Fact;

const LATENCY: Instrument<'static> = Instrument::new("play.latency", "s", Kind::Histogram, &["trigger"]);

fn telemetry(config: Config) -> Telemetry {
    Telemetry::new(config, ClockAnchor::at_origin(1e12), Random::seeded([3, 8]), &[LATENCY])
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis as f64)
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value?;
    if let any_value::Value::StringValue(text) = value { Some(text) } else { None }
}

fn span(telemetry: &mut Telemetry, now: Instant, options: SpanOptions<'_>) -> SpanContext {
    let key = telemetry.start_span(now, options).unwrap();
    let context = telemetry.span_context(key).unwrap();
    telemetry.end_span(now, key, now);
    context
}

fn log(telemetry: &mut Telemetry, now: Instant, event: &str) {
    telemetry.log(now, &Log { severity: INFO, event, body: "", context: None, attributes: &[] });
}

/// What leaves, by signal, once it is flushed and answered.
fn bodies(telemetry: &mut Telemetry, now: Instant) -> BTreeMap<usize, Vec<u8>> {
    telemetry.flush(now);
    let mut bodies = BTreeMap::new();
    while let Some(export) = telemetry.poll_export(now) {
        telemetry.handle_reply(now, export.id, &accepted());
        bodies.insert(export.signal as usize, export.body);
    }
    bodies
}

fn metrics_of(body: &[u8]) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(body).expect("metrics");
    assert_eq!(request.encoded_len(), body.len(), "nothing is written that is not read");
    request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics).collect()
}

#[test]
fn a_ratio_chooses_its_part_by_the_trace_and_everybody_alike() {
    for ratio in [0.0, 0.1, 0.5, 1.0] {
        let sampler = Sampler { ratio, ..Sampler::default() };
        let mut telemetry = telemetry(Config { sampler, ..Config::default() });
        let mut chosen = 0.0;
        for _ in 0..2_000 {
            let root = telemetry.start_span(at(1), SpanOptions::new("root")).unwrap();
            let context = telemetry.span_context(root).unwrap();
            let child =
                span(&mut telemetry, at(1), SpanOptions::new("child").child_of(Some(Parent::Local(root))));
            telemetry.end_span(at(1), root, at(1));
            assert_eq!(context.flags & SAMPLED, child.flags & SAMPLED);
            // By the lower seven bytes of the id, as the W3C random flag promises them.
            let random =
                context.trace_id[9..].iter().fold(0.0, |value, byte| value * 256.0 + f64::from(*byte));
            assert_eq!(context.flags & SAMPLED > 0, random / 2f64.powi(56) >= 1.0 - ratio);
            chosen += f64::from(context.flags & SAMPLED);
        }
        assert!((chosen / 2_000.0 - ratio).abs() < 0.04, "{chosen} of 2000 for {ratio}");
        let account = telemetry.account(Signal::Traces);
        assert_eq!(account.dropped(DropReason::Unsampled), 4_000 - 2 * chosen as u64);
        assert_eq!(account.pending, 2 * chosen as u64);
    }
}

#[test]
fn a_parents_decision_stands_where_it_is_wanted_and_a_name_has_the_last_word() {
    let remote = |flags| SpanContext { trace_id: [7; 16], span_id: [7; 8], flags, is_remote: true };
    let child = |flags| SpanOptions::new("child").child_of(Some(Parent::Context(remote(flags))));
    let child_of_get = SpanOptions { name: b"GET", ..child(SAMPLED) };
    let by_name = vec![(b"GET".to_vec(), 0.0)];
    let sampler = Sampler { ratio: 1.0, parent_based: true, by_name, tail: None };
    let mut following = telemetry(Config { sampler, ..Config::default() });
    let is_chosen = |telemetry: &mut Telemetry, options| span(telemetry, at(1), options).flags & SAMPLED > 0;
    assert!(is_chosen(&mut following, child(SAMPLED)) && !is_chosen(&mut following, child(0)));
    assert!(!is_chosen(&mut following, child_of_get) && is_chosen(&mut following, SpanOptions::new("root")));
    let mut always = telemetry(Config::default());
    assert!(is_chosen(&mut always, child(0)));
}

#[test]
fn a_trace_that_was_not_chosen_is_exported_whole_where_its_play_went_badly() {
    let sampler = || Sampler { ratio: 0.0, tail: Some(Duration::from_secs(1)), ..Sampler::default() };
    let play = |bad: fn(&mut FakeHost)| {
        let mut host = FakeHost::with_config(Some(Config { sampler: sampler(), ..Config::default() }));
        host.player(tonearm_player::engine::PlayerInput::OutputReady {
            rate: 48_000,
            state: tonearm_player::engine::ContextState::Running,
        });
        host.load("https://cdn.example/a.mp3");
        host.play(1);
        bad(&mut host);
        host.player(tonearm_player::engine::PlayerInput::Stop);
        host.input(Input::Flush { telemetry: 1 });
        let account = host.engine.account(1, Signal::Traces);
        assert_eq!(account.started, account.exported + account.pending + account.dropped_total());
        let traces = host.exports.iter().filter(|export| export.signal == Signal::Traces);
        (traces.flat_map(|export| spans_of(&export.body)).collect::<Vec<_>>(), account)
    };
    let well = |host: &mut FakeHost| {
        host.bytes_flow();
        host.advance(20.0);
        host.audible(0);
    };
    let (spans, account) = play(well);
    assert!(spans.is_empty() && account.dropped(DropReason::Unsampled) >= 4, "{spans:?} {account:?}");

    let slow: fn(&mut FakeHost) = |host| {
        host.advance(1_500.0);
        host.bytes_flow();
        host.advance(20.0);
        host.audible(0);
    };
    let failed: fn(&mut FakeHost) = |host| {
        host.fact(Fact::Failed { epoch: 1, error: tonearm_messages::MediaError::UnsupportedFormat {} });
    };
    for (bad, most) in [(slow, 4), (failed, 2)] {
        let (spans, _) = play(bad);
        let root = spans.iter().find(|span| span.name == "track.play").expect("the play");
        assert!(spans.len() >= most && spans.iter().all(|span| span.trace_id == root.trace_id), "{spans:?}");
        assert!(spans.iter().all(|span| text(&span.attributes, "sampled.by").as_deref() == Some("tail")));
    }
}

/// Of a trace that is held 32 spans wait; one more is lost as unsampled at once.
#[test]
fn the_spans_that_a_held_trace_keeps_have_a_bound() {
    let sampler = Sampler { ratio: 0.0, tail: Some(Duration::from_secs(1)), ..Sampler::default() };
    let mut telemetry = telemetry(Config { sampler, ..Config::default() });
    let root = telemetry.start_span(at(1), SpanOptions::new("root")).unwrap();
    let context = telemetry.span_context(root).unwrap();
    telemetry.hold(&context);
    for lost in [0, 1] {
        for _ in 0..if lost == 0 { 32 } else { 1 } {
            span(&mut telemetry, at(1), SpanOptions::new("child").child_of(Some(Parent::Local(root))));
        }
        // The root is open.
        assert_eq!(telemetry.open_spans(), 33);
        let account = telemetry.account(Signal::Traces);
        assert_eq!((account.pending, account.dropped(DropReason::Unsampled)), (33, lost));
    }
    assert!(telemetry.keep(at(2), &context));
    telemetry.end_span(at(3), root, at(3));
    assert_eq!(spans_of(&bodies(&mut telemetry, at(4))[&0]).len(), 33);
}

/// What is persisted has the metrics that have points, and no others.
#[test]
fn a_snapshot_leaves_out_what_measured_nothing() {
    let mut telemetry = telemetry(Config::default());
    telemetry.instrument(at(0), &Instrument::new("idle", "1", Kind::Counter, &[]));
    telemetry.measure(at(1), 0, 1.0, &[Value::Text("user")], None);
    let mut names = Vec::new();
    for signal in [Signal::Traces, Signal::Logs] {
        telemetry.snapshot(at(2), signal, |_, _, _, _| panic!("nothing else is pending"));
    }
    telemetry.snapshot(at(2), Signal::Metrics, |_, records, _, body| {
        assert_eq!(records, 1);
        names.extend(metrics_of(body).into_iter().map(|metric| metric.name));
    });
    assert_eq!(names, ["play.latency"]);
}

#[test]
fn the_session_is_on_every_span_and_log_and_ends_by_idleness_and_by_age() {
    let mut telemetry = telemetry(Config::default());
    telemetry.begin_session(at(0), None);
    let first = telemetry.session_id();
    assert!(first.len() == 32 && telemetry.take_new_session(at(1)) && !telemetry.take_new_session(at(2)));
    let minute = 60_000;
    let mut ids = Vec::new();
    for now in [10, 40 * minute, 69 * minute, 100 * minute] {
        span(&mut telemetry, at(now), SpanOptions::new("span"));
        log(&mut telemetry, at(now), "e");
        let bodies = bodies(&mut telemetry, at(now));
        let on_span = text(&spans_of(&bodies[&0])[0].attributes, "session.id").unwrap();
        assert_eq!(text(&records_of(&bodies[&2])[0].attributes, "session.id").unwrap(), on_span);
        ids.push(on_span);
    }
    assert_eq!(ids[0], first);
    assert!(ids[1] != ids[0] && ids[1] == ids[2] && ids[3] != ids[2]);
    assert!(telemetry.take_new_session(at(100 * minute)));

    // That of an earlier page goes on, and was counted there; four hours after it began it ends.
    let age = Duration::from_secs(14_000);
    let earlier = EarlierSession { id: "known".into(), age, idle: Duration::ZERO, counted: true };
    telemetry.begin_session(at(0), Some(earlier));
    assert!(!telemetry.take_new_session(at(1)) && telemetry.session_id() == "known");
    assert!(telemetry.take_new_session(at(400_001)) && telemetry.session_id() != "known");
}

#[test]
fn what_the_app_says_of_its_place_is_on_all_signals_and_of_its_user_not_on_metrics() {
    let mut telemetry = telemetry(Config::default());
    let shared = Attributes::default().with("network.region", "eu").finish();
    let user = Attributes::default().with("music.user_id", "u1").finish();
    telemetry.set_context(&[shared.as_slice(), &user].concat(), shared.len());
    span(&mut telemetry, at(1), SpanOptions::new("span"));
    log(&mut telemetry, at(1), "e");
    telemetry.measure(at(1), 0, 1.0, &[Value::Text("user")], None);
    let bodies = bodies(&mut telemetry, at(2));
    let span = &spans_of(&bodies[&0])[0];
    let record = &records_of(&bodies[&2])[0];
    for attributes in [&span.attributes, &record.attributes] {
        assert_eq!(text(attributes, "network.region").as_deref(), Some("eu"));
        assert_eq!(text(attributes, "music.user_id").as_deref(), Some("u1"));
    }
    let Some(metric::Data::ExponentialHistogram(histogram)) = &metrics_of(&bodies[&1])[0].data else {
        panic!()
    };
    let keys: Vec<_> =
        histogram.data_points[0].attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["trigger", "network.region"]);
}

#[test]
fn the_apps_baggage_goes_along_with_a_request() {
    let mut telemetry = telemetry(Config { propagators: Propagators(3), ..Config::default() });
    telemetry.set_baggage("plan=free".into());
    let key = telemetry.start_span(at(1), SpanOptions::new("GET")).unwrap();
    let lines = telemetry.headers(key, "").unwrap();
    assert!(lines.starts_with("traceparent: ") && lines.ends_with("\nbaggage: plan=free\n"), "{lines}");
}

#[test]
fn without_consent_nothing_leaves_and_a_refusal_takes_all_along() {
    let mut telemetry = telemetry(Config { consent: Consent::Pending, spools: true, ..Config::default() });
    span(&mut telemetry, at(1), SpanOptions::new("span"));
    telemetry.measure(at(1), 0, 1.0, &[Value::Text("user")], None);
    assert!(telemetry.leave(at(2)).is_empty() && !telemetry.take_spooling(at(9_000)));
    assert!(bodies(&mut telemetry, at(90_000)).is_empty() && telemetry.poll_timeout().is_none());
    assert_eq!(telemetry.account(Signal::Traces).pending, 1);
    telemetry.set_consent(at(3), Consent::Denied);
    span(&mut telemetry, at(3), SpanOptions::new("span"));
    log(&mut telemetry, at(3), "e");
    telemetry.measure(at(3), 0, 1.0, &[Value::Text("user")], None);
    for (signal, lost) in [(Signal::Traces, 2), (Signal::Logs, 1)] {
        let account = telemetry.account(signal);
        assert_eq!((account.dropped(DropReason::Consent), account.pending, account.started), (lost, 0, lost));
    }
    telemetry.set_consent(at(90_000), Consent::Granted);
    assert!(bodies(&mut telemetry, at(90_001)).is_empty());
    span(&mut telemetry, at(90_002), SpanOptions::new("span"));
    assert_eq!(bodies(&mut telemetry, at(90_003)).len(), 1);
}

#[test]
fn the_host_sees_each_record_and_may_change_it_or_want_it_out() {
    let mut telemetry = telemetry(Config { inspects: true, ..Config::default() });
    for name in ["kept", "secret", "kept"] {
        span(&mut telemetry, at(1), SpanOptions::new(name));
    }
    log(&mut telemetry, at(1), "e");
    assert!(telemetry.poll_timeout().is_some_and(|due| due <= at(1)));
    assert!(bodies(&mut telemetry, at(2)).is_empty());
    assert_eq!(telemetry.account(Signal::Traces).pending, 3);
    let mut seen = Vec::new();
    while let Some(inspection) = telemetry.poll_inspection() {
        seen.push(inspection.signal);
        let wanted = !inspection.record.windows(6).any(|window| window == b"secret");
        telemetry.inspected(at(2), inspection.signal, wanted.then_some(inspection.record.as_slice()));
    }
    assert_eq!(seen, [Signal::Traces, Signal::Traces, Signal::Traces, Signal::Logs]);
    let bodies = bodies(&mut telemetry, at(3));
    assert_eq!((spans_of(&bodies[&0]).len(), records_of(&bodies[&2]).len()), (2, 1));
    let account = telemetry.account(Signal::Traces);
    assert_eq!((account.started, account.exported, account.dropped(DropReason::Redacted)), (3, 2, 1));
}

#[test]
fn points_that_go_out_long_after_they_closed_say_so_once() {
    let mut telemetry = telemetry(Config::default());
    let explicit = Instrument { bounds: &[1.0], ..Instrument::new("explicit", "s", Kind::Histogram, &["a"]) };
    let kinds = [
        Instrument::new("sum", "1", Kind::Counter, &[]),
        Instrument::new("gauge", "1", Kind::Gauge, &[]),
        explicit,
    ];
    let numbers: Vec<_> = kinds.iter().map(|kind| telemetry.instrument(at(0), kind)).collect();
    // A value with that word in it marks nothing.
    telemetry.measure(at(1), 0, 1.0, &[Value::Text("translate")], None);
    for number in numbers {
        telemetry.measure(at(1), number, 2.0, &[Value::Text("x")], None);
    }
    telemetry.collect(at(1));
    let fresh = telemetry.poll_export(at(1)).unwrap();
    let marks = |body: &[u8]| {
        let marks =
            |attributes: &[KeyValue]| attributes.iter().filter(|attribute| attribute.key == "late").count();
        let metrics = metrics_of(body);
        assert_eq!(metrics.len(), 4);
        metrics.into_iter().map(move |metric| match metric.data.unwrap() {
            metric::Data::Sum(data) => marks(&data.data_points[0].attributes),
            metric::Data::Gauge(data) => marks(&data.data_points[0].attributes),
            metric::Data::Histogram(data) => marks(&data.data_points[0].attributes),
            metric::Data::ExponentialHistogram(data) => marks(&data.data_points[0].attributes),
            metric::Data::Summary(_) => panic!("no such thing"),
        })
    };
    assert!(marks(&fresh.body).all(|count| count == 0));
    // Twice after two export intervals, and at the next visit.
    let unavailable =
        Reply::Response { status: 503, retry_after: Some(Duration::from_secs(200)), body: Vec::new() };
    telemetry.handle_reply(at(2), fresh.id, &unavailable);
    let late = telemetry.poll_export(at(202_000)).unwrap();
    telemetry.handle_reply(at(202_001), late.id, &unavailable);
    let again = telemetry.poll_export(at(500_000)).unwrap();
    telemetry.handle_reply(at(500_001), again.id, &accepted());
    telemetry.recover(
        at(500_002),
        Signal::Metrics,
        4,
        fresh.body.clone(),
        Recovered::Sent { age: Duration::from_secs(300) },
    );
    let recovered = telemetry.poll_export(at(500_002)).unwrap();
    for body in [late.body, again.body, recovered.body] {
        assert!(marks(&body).all(|count| count == 1));
    }
}

#[test]
fn the_pipeline_tells_of_itself_what_its_account_says() {
    let mut telemetry = telemetry(Config { tells_itself: true, ..Config::default() });
    for _ in 0..3 {
        span(&mut telemetry, at(1), SpanOptions::new("span"));
    }
    log(&mut telemetry, at(1), "e");
    telemetry.flush(at(2));
    while let Some(export) = telemetry.poll_export(at(2)) {
        let rejected = Reply::Response { status: 400, retry_after: None, body: Vec::new() };
        let reply = if export.signal == Signal::Logs { rejected } else { accepted() };
        telemetry.handle_reply(at(12), export.id, &reply);
    }
    telemetry.measure(at(20), 0, 1.0, &[Value::Text("user")], None);
    let body = bodies(&mut telemetry, at(30)).remove(&1).unwrap();
    let mut told = BTreeMap::new();
    for metric in metrics_of(&body) {
        if let Some(metric::Data::Sum(sum)) = metric.data {
            for point in sum.data_points {
                let error = text(&point.attributes, "error.type").unwrap_or_default();
                let value = match point.value {
                    Some(opentelemetry_proto::tonic::metrics::v1::number_data_point::Value::AsDouble(
                        value,
                    )) => value,
                    other => panic!("{other:?}"),
                };
                told.insert(format!("{} {error}", metric.name), value);
            }
        } else if let Some(metric::Data::ExponentialHistogram(histogram)) = metric.data {
            told.insert(
                metric.name,
                histogram.data_points.iter().map(|point| point.count).sum::<u64>() as f64,
            );
        }
    }
    for (name, value) in [
        ("otel.sdk.exporter.span.exported ", 3.0),
        ("otel.sdk.exporter.log.exported rejected", 1.0),
        ("otel.sdk.processor.span.queue.size ", -3.0),
        ("otel.sdk.exporter.operation.duration", 3.0),
    ] {
        assert_eq!(told.get(name), Some(&value), "{name} of {told:?}");
    }
    // What was told is no news: an idle page stays idle.
    assert_eq!(telemetry.poll_timeout(), None);
}

#[test]
fn levels_go_by_the_longest_beginning_of_an_events_name() {
    let levels = vec![(Vec::new(), INFO), (b"audio.".to_vec(), WARN), (b"audio.device".to_vec(), 0)];
    let mut telemetry = telemetry(Config { levels, ..Config::default() });
    for event in ["track.ended", "audio.decode", "audio.device_changed", "audio"] {
        log(&mut telemetry, at(1), event);
    }
    let body = bodies(&mut telemetry, at(2)).remove(&2).unwrap();
    let events: Vec<_> = records_of(&body).into_iter().map(|record| record.event_name).collect();
    assert_eq!(events, ["track.ended", "audio.device_changed", "audio"]);
    assert_eq!(telemetry.account(Signal::Logs).dropped(DropReason::Level), 1);
}

#[test]
fn an_endpoint_that_was_given_up_is_asked_rarely_for_the_next_records_too() {
    let mut telemetry = telemetry(Config::default());
    let mut asked = Vec::new();
    let mut now = 0;
    while now < 1_200_000 {
        span(&mut telemetry, at(now), SpanOptions::new("span"));
        while let Some(export) = telemetry.poll_export(at(now)) {
            asked.push(now);
            telemetry.handle_reply(at(now), export.id, &Reply::Failed);
        }
        now += 500;
    }
    // Beside the first attempt of each new request none comes within ten seconds of the one before.
    let soon = asked.windows(2).filter(|pair| pair[0] > 300_000 && pair[1] - pair[0] < 10_000).count();
    assert!(asked.len() > 20 && soon <= 5, "{soon} of {}: {asked:?}", asked.len());
    assert!(!telemetry.is_well());
}
