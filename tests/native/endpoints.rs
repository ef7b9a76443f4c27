//! What an endpoint's answers do to the records: batches that are too large, refusals, redirects, and what
//! the app is given to know of them; what may come back from earlier visits; the session of a service.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Duration, Instant};
use tonearm_player::engine::{Engine, Input};
use tonearm_telemetry::{
    Batch, Config, Consent, Diagnostic, DropReason, EarlierSession, Endpoint, Export, INFO, Instrument, Kind,
    Log, Outcome, Problem, Recovered, Reply, Signal, SpanOptions, StoredLoss, Telemetry, Value,
};

use crate::fake_host::{FakeHost, accepted};

const INSTRUMENTS: [Instrument<'static>; 4] = [
    Instrument::new("sum", "1", Kind::Counter, &["n"]),
    Instrument::new("gauge", "1", Kind::Gauge, &["n"]),
    Instrument::new("exponential", "s", Kind::Histogram, &["n"]),
    Instrument { bounds: &[1.0], ..Instrument::new("explicit", "s", Kind::Histogram, &["n"]) },
];

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis as f64)
}

fn pipeline(config: Config) -> Telemetry {
    Telemetry::new(config, ClockAnchor::at_origin(1e12), Random::seeded([5, 6]), &INSTRUMENTS)
}

fn status(status: u16) -> Reply {
    Reply::Response { status, retry_after: None, body: Vec::new() }
}

fn span(telemetry: &mut Telemetry, now: Instant, name: &str) {
    let key = telemetry.start_span(now, SpanOptions::new(name)).unwrap();
    telemetry.end_span(now, key, now);
}

fn adds_up(telemetry: &Telemetry) {
    for signal in Signal::ALL {
        let account = telemetry.account(signal);
        let after = account.exported + account.pending + account.dropped_total();
        assert_eq!(account.started + account.recovered, after, "{signal:?} {account:?}");
    }
}

/// The records of a request: names of spans, events of logs, points by metric and attribute.
fn records(export: &Export) -> Vec<String> {
    let body = &export.body[..];
    match export.signal {
        Signal::Traces => {
            let request = ExportTraceServiceRequest::decode(body).expect("spans");
            assert!(request.resource_spans.iter().all(|group| group.resource.is_some()));
            let scopes = request.resource_spans.into_iter().flat_map(|group| group.scope_spans);
            scopes.flat_map(|scope| scope.spans).map(|span| span.name).collect()
        }
        Signal::Logs => {
            let request = ExportLogsServiceRequest::decode(body).expect("logs");
            let scopes = request.resource_logs.into_iter().flat_map(|group| group.scope_logs);
            scopes.flat_map(|scope| scope.log_records).map(|record| record.event_name).collect()
        }
        Signal::Metrics => {
            let request = ExportMetricsServiceRequest::decode(body).expect("metrics");
            assert_eq!(request.encoded_len(), body.len(), "nothing is written that is not read");
            let scopes = request.resource_metrics.into_iter().flat_map(|group| group.scope_metrics);
            let points = scopes.flat_map(|scope| scope.metrics).flat_map(|metric| {
                let attributes: Vec<_> = match metric.data.expect("data") {
                    Data::Gauge(data) => data.data_points.into_iter().map(|p| p.attributes).collect(),
                    Data::Sum(data) => data.data_points.into_iter().map(|p| p.attributes).collect(),
                    Data::Histogram(data) => data.data_points.into_iter().map(|p| p.attributes).collect(),
                    Data::ExponentialHistogram(data) => {
                        data.data_points.into_iter().map(|p| p.attributes).collect()
                    }
                    Data::Summary(_) => panic!("no such thing"),
                };
                assert!(!attributes.is_empty(), "a metric without points");
                let name = metric.name;
                attributes.into_iter().map(move |attributes| format!("{name} {attributes:?}"))
            });
            points.collect()
        }
    }
}

/// Twelve records of each signal; of metrics three points of each kind.
fn record_all(telemetry: &mut Telemetry) {
    for n in 0..12 {
        span(telemetry, at(n), &format!("span {n}"));
        let event = format!("event {n}");
        let log = Log { severity: INFO, event: &event, body: "", context: None, attributes: &[] };
        telemetry.log(at(n), &log);
        telemetry.measure(at(n), n as u32 % 4, 1.0, &[Value::Int(n.cast_signed())], None);
    }
}

#[test]
fn a_request_that_is_too_large_is_split_between_its_records_until_its_parts_fit() {
    for limit in [1, 2, 5, 11] {
        let mut telemetry = pipeline(Config::default());
        record_all(&mut telemetry);
        telemetry.flush(at(20));
        let mut arrived = [const { Vec::new() }; 3];
        while let Some(export) = telemetry.poll_export(at(20)) {
            let found = records(&export);
            let reply = if found.len() > limit { status(413) } else { accepted() };
            if reply == accepted() {
                arrived[export.signal as usize].extend(found);
            }
            telemetry.handle_reply(at(20), export.id, &reply);
            adds_up(&telemetry);
        }
        for (signal, mut found) in Signal::ALL.into_iter().zip(arrived) {
            let account = telemetry.account(signal);
            assert_eq!((account.exported, account.pending, account.dropped_total()), (12, 0, 0));
            found.sort();
            found.dedup();
            assert_eq!(found.len(), 12, "{signal:?} each once with parts of {limit}: {found:?}");
        }
        assert_eq!((telemetry.endpoint(), telemetry.poll_diagnostic()), (Endpoint::Well, None));
    }
}

#[test]
fn the_parts_of_a_request_keep_its_order_and_its_age() {
    let mut telemetry = pipeline(Config::default());
    record_all(&mut telemetry);
    telemetry.flush(at(20));
    let mut spans = Vec::new();
    let mut late = 0;
    let mut now = 20;
    while let Some(export) = telemetry.poll_export(at(now)) {
        let found = records(&export);
        if found.len() > 4 {
            // So long after they closed that their points say so.
            now += 200_000;
            telemetry.handle_reply(at(now), export.id, &status(413));
            continue;
        }
        telemetry.handle_reply(at(now), export.id, &accepted());
        match export.signal {
            Signal::Traces => spans.extend(found),
            Signal::Metrics => late += found.iter().filter(|point| point.contains("late")).count(),
            Signal::Logs => {}
        }
    }
    assert_eq!(spans, (0..12).map(|n| format!("span {n}")).collect::<Vec<_>>());
    assert_eq!(late, 12);
}

#[test]
fn an_endpoint_that_refuses_every_size_is_asked_a_few_times_and_not_for_each_record() {
    let batch = Batch { size: 512, ..Batch::default() };
    let mut telemetry = pipeline(Config { batch, ..Config::default() });
    for round in 1..=2 {
        for _ in 0..512 {
            span(&mut telemetry, at(0), "span");
        }
        let mut requests = 0;
        while let Some(export) = telemetry.poll_export(at(0)) {
            requests += 1;
            telemetry.handle_reply(at(0), export.id, &status(413));
            adds_up(&telemetry);
        }
        // Down to the first record, and to seven more.
        assert_eq!(requests, 21);
        let account = telemetry.account(Signal::Traces);
        assert_eq!((account.dropped(DropReason::Rejected), account.pending), (512 * round, 0));
        assert_eq!(telemetry.endpoint(), Endpoint::Rejecting);
        let diagnostic = telemetry.poll_diagnostic().unwrap();
        assert_eq!((diagnostic.problem, diagnostic.status), (Problem::TooLarge, 413));
        assert_eq!(diagnostic.warns, round == 1);
    }
    // A request that is no message has no parts.
    let sent = Recovered::Sent { age: Duration::ZERO };
    telemetry.recover(at(1), Signal::Traces, 7, vec![1], sent);
    let export = telemetry.poll_export(at(1)).unwrap();
    telemetry.handle_reply(at(1), export.id, &status(413));
    assert_eq!(telemetry.account(Signal::Traces).dropped(DropReason::Rejected), 1024 + 7);
    adds_up(&telemetry);
}

#[test]
fn a_single_record_that_is_too_large_takes_no_other_along() {
    let batch = Batch { size: 64, ..Batch::default() };
    let mut telemetry = pipeline(Config { batch, ..Config::default() });
    let is_large = |name: &str| name.ends_with('7');
    for n in 0..64 {
        span(&mut telemetry, at(0), &format!("span {n:02}"));
    }
    let mut arrived = Vec::new();
    while let Some(export) = telemetry.poll_export(at(0)) {
        let found = records(&export);
        // A refusal that has nothing to do with a size takes the others along no more than one that has.
        let reply = if found.iter().any(|name| is_large(name)) { status(413) } else { accepted() };
        if reply == accepted() {
            arrived.extend(found);
        }
        telemetry.handle_reply(at(0), export.id, &reply);
    }
    let names = (0..64).map(|n| format!("span {n:02}"));
    assert_eq!(arrived, names.filter(|name| !is_large(name)).collect::<Vec<_>>());
    let account = telemetry.account(Signal::Traces);
    assert_eq!((account.exported, account.dropped(DropReason::Rejected)), (58, 6));
    adds_up(&telemetry);
}

/// What comes of one span under these replies.
fn answered(replies: &[Reply]) -> (Telemetry, Vec<Diagnostic>) {
    let mut telemetry = pipeline(Config::default());
    let mut diagnostics = Vec::new();
    let mut now = 0;
    for reply in replies {
        if telemetry.account(Signal::Traces).pending == 0 {
            span(&mut telemetry, at(now), "span");
        }
        now += 60_000;
        let export = telemetry.poll_export(at(now)).expect("a request");
        telemetry.handle_reply(at(now), export.id, reply);
        diagnostics.extend(telemetry.poll_diagnostic());
    }
    adds_up(&telemetry);
    (telemetry, diagnostics)
}

#[test]
fn each_answer_has_its_outcome_its_state_and_its_diagnostic() {
    let partial = |body: &[u8]| Reply::Response { status: 200, retry_after: None, body: body.to_vec() };
    let message = partial(&[0x0a, 0x04, 0x12, 0x02, b'n', b'o']);
    let rejected = partial(&[0x0a, 0x02, 0x08, 0x01]);
    for (reply, endpoint, problem, dropped) in [
        (accepted(), Endpoint::Well, None, 0),
        (Reply::Unsent, Endpoint::Well, None, 0),
        (Reply::Deferred, Endpoint::Well, None, 0),
        (Reply::Failed, Endpoint::Unavailable, Some(Problem::Unreachable), 0),
        (status(429), Endpoint::Unavailable, Some(Problem::Unavailable), 0),
        (status(503), Endpoint::Unavailable, Some(Problem::Unavailable), 0),
        (Reply::Redirected, Endpoint::Rejecting, Some(Problem::Redirected), 1),
        (status(301), Endpoint::Rejecting, Some(Problem::Rejected), 1),
        (status(400), Endpoint::Rejecting, Some(Problem::Rejected), 1),
        (status(401), Endpoint::Rejecting, Some(Problem::Rejected), 1),
        (status(404), Endpoint::Rejecting, Some(Problem::Rejected), 1),
        (status(413), Endpoint::Rejecting, Some(Problem::TooLarge), 1),
        (status(500), Endpoint::Rejecting, Some(Problem::Rejected), 1),
        (message, Endpoint::Well, Some(Problem::PartialSuccess), 0),
        (rejected, Endpoint::Rejecting, Some(Problem::PartialSuccess), 1),
    ] {
        let (telemetry, diagnostics) = answered(std::slice::from_ref(&reply));
        assert_eq!(telemetry.endpoint(), endpoint, "{reply:?}");
        assert_eq!(telemetry.is_well(), endpoint == Endpoint::Well);
        assert_eq!(telemetry.account(Signal::Traces).dropped_total(), dropped, "{reply:?}");
        let found = diagnostics.first();
        assert_eq!(found.map(|diagnostic| diagnostic.problem), problem, "{reply:?}");
        if let Some(Diagnostic { signal, records, warns, .. }) = found {
            assert_eq!((*signal, *records, *warns), (Signal::Traces, dropped, true), "{reply:?}");
        }
    }
    assert_eq!(status(413).outcome(), Outcome::TooLarge);
    assert_eq!(Reply::Redirected.outcome(), Outcome::Rejected);
    assert_eq!(Reply::Deferred.outcome(), Outcome::Retryable(None));
}

#[test]
fn the_app_is_warned_once_of_a_problem_and_of_a_bad_moment_only_when_it_lasts() {
    let warned = |replies: &[Reply]| answered(replies).1.iter().filter(|diagnostic| diagnostic.warns).count();
    assert_eq!(warned(&[status(401), status(403), accepted(), status(400)]), 1);
    assert_eq!(warned(&[Reply::Failed, Reply::Failed, Reply::Failed]), 1, "it never accepted anything");
    assert_eq!(warned(&[Reply::Failed, status(401)]), 2, "two problems");
    assert_eq!(warned(&[accepted(), Reply::Failed, status(503), accepted()]), 0);
    let mut dead = vec![accepted()];
    dead.extend(vec![Reply::Failed; 13]);
    let (telemetry, diagnostics) = answered(&dead);
    assert_eq!(telemetry.account(Signal::Traces).dropped(DropReason::RetriesExhausted), 1);
    let last = diagnostics.last().unwrap();
    assert_eq!((diagnostics.len(), last.warns, last.records), (13, true, 1));
}

#[test]
fn a_diagnostic_reaches_the_host_with_the_endpoints_message() {
    let mut host = FakeHost::new();
    let body = vec![0x08, 0x03, 0x12, 0x02, b'n', b'o'];
    host.answer_exports = Some(Reply::Response { status: 400, retry_after: None, body });
    let telemetry = host.engine.telemetry(1).unwrap();
    span(telemetry, at(1000), "span");
    host.input(Input::Flush { telemetry: 1 });
    let [diagnostic] = &host.diagnostics[..] else { panic!("{:?}", host.diagnostics) };
    assert_eq!((diagnostic.status, &diagnostic.message[..]), (400, &b"no"[..]));
}

#[test]
fn a_retry_wakes_the_host_when_it_is_due() {
    let mut telemetry = pipeline(Config::default());
    span(&mut telemetry, at(0), "span");
    telemetry.flush(at(20));
    let export = telemetry.poll_export(at(20)).unwrap();
    let busy = Reply::Response { status: 503, retry_after: Some(Duration::from_secs(7)), body: Vec::new() };
    telemetry.handle_reply(at(30), export.id, &busy);
    assert_eq!(telemetry.poll_timeout(), Some(at(7030)));
}

/// What fits leaves in one request; a second sign of leaving counts what is on its way.
#[test]
fn requests_that_leave_with_the_page_share_its_budget() {
    let mut telemetry = pipeline(Config::default());
    let mut sent = Vec::new();
    for round in 0..2 {
        for n in 0..40 {
            span(&mut telemetry, at(round), &format!("{n} {}", "x".repeat(1000)));
        }
        let exports = telemetry.leave(at(round));
        assert!(exports.iter().all(|export| export.keepalive));
        sent.push(exports.iter().map(|export| export.body.len()).collect::<Vec<_>>());
    }
    assert!(sent[0].len() == 1 && sent[0][0] > 40_000, "{sent:?}");
    assert!(sent.iter().flatten().sum::<usize>() <= 60 << 10, "{sent:?}");
}

#[test]
fn a_request_that_waits_for_a_retry_leaves_beside_the_queue() {
    let mut telemetry = pipeline(Config::default());
    span(&mut telemetry, at(0), "first");
    telemetry.flush(at(0));
    let export = telemetry.poll_export(at(0)).unwrap();
    telemetry.handle_reply(at(1), export.id, &status(503));
    for n in 0..40 {
        span(&mut telemetry, at(2), &format!("{n} {}", "x".repeat(1000)));
    }
    let left: Vec<_> = telemetry.leave(at(3)).iter().map(|export| records(export).len()).collect();
    assert_eq!(left, [1, 40]);
}

/// Below 300 the body is a partial success, from there on a `google.rpc.Status`.
#[test]
fn a_message_is_read_from_the_body_that_the_status_has() {
    let partial = vec![0x0a, 0x04, 0x12, 0x02, b'n', b'o'];
    let failure = vec![0x08, 0x03, 0x12, 0x02, b'n', b'o'];
    for (status, body) in [(299, partial), (300, failure)] {
        let reply = Reply::Response { status, retry_after: None, body };
        let (_, diagnostics) = answered(std::slice::from_ref(&reply));
        assert_eq!(diagnostics[0].message, b"no", "{status}");
    }
}

#[test]
fn requests_of_earlier_visits_are_taken_over_up_to_the_bytes_of_a_queue() {
    let batch = Batch { queue_bytes: 10_000, ..Batch::default() };
    let mut telemetry = pipeline(Config { batch, ..Config::default() });
    for _ in 0..25 {
        let sent = Recovered::Sent { age: Duration::ZERO };
        telemetry.recover(at(0), Signal::Traces, 3, vec![0; 1000], sent);
    }
    let account = telemetry.account(Signal::Traces);
    assert_eq!((account.recovered, account.pending, account.dropped(DropReason::QueueFull)), (75, 30, 45));
    // Of each signal alone.
    telemetry.recover(at(0), Signal::Logs, 3, vec![0; 10_000], Recovered::Sent { age: Duration::ZERO });
    telemetry.recover(at(0), Signal::Metrics, 3, vec![0; 10_001], Recovered::Sent { age: Duration::ZERO });
    assert_eq!(telemetry.account(Signal::Logs).pending, 3);
    assert_eq!(telemetry.account(Signal::Metrics).dropped(DropReason::QueueFull), 3);
    adds_up(&telemetry);
}

#[test]
fn what_comes_back_after_a_refusal_is_dropped() {
    let mut telemetry = pipeline(Config { consent: Consent::Denied, ..Config::default() });
    telemetry.recover(at(0), Signal::Traces, 3, vec![1], Recovered::Sent { age: Duration::ZERO });
    let account = telemetry.account(Signal::Traces);
    assert_eq!((account.recovered, account.dropped(DropReason::Consent), account.pending), (3, 3, 0));
    telemetry.set_consent(at(1), Consent::Granted);
    assert_eq!(telemetry.poll_export(at(60_000)), None);
}

#[test]
fn a_refusal_is_persisted_though_nothing_new_is_recorded() {
    let mut telemetry = pipeline(Config { spools: true, ..Config::default() });
    span(&mut telemetry, at(0), "span");
    assert!(telemetry.take_spooling(at(500)));
    assert!(!telemetry.take_spooling(at(60_000)));
    telemetry.set_consent(at(60_000), Consent::Denied);
    telemetry.set_consent(at(60_000), Consent::Granted);
    assert!(telemetry.take_spooling(at(66_000)));
    for signal in Signal::ALL {
        telemetry.snapshot(at(66_000), signal, |_, _, _, _| panic!("nothing is pending"));
    }
}

/// A session that was counted, by its age and how long ago it was kept, in seconds.
fn earlier(age: u64, idle: u64) -> EarlierSession {
    let [age, idle] = [age, idle].map(Duration::from_secs);
    EarlierSession { id: "a".repeat(32), age, idle, counted: true }
}

#[test]
fn a_session_of_the_last_page_goes_on_for_half_an_hour_and_four_hours_in_all() {
    for (age, idle, goes_on) in [(0, 0, true), (14_399, 1800, true), (1801, 1801, false), (14_400, 1, false)]
    {
        let mut telemetry =
            Telemetry::new(Config::default(), ClockAnchor::at_origin(1e12), Random::seeded([7, 11]), &[]);
        telemetry.begin_session(at(0), Some(earlier(age, idle)));
        assert_eq!(telemetry.session_id() == "a".repeat(32), goes_on, "{age} {idle}");
        // One that begins is counted.
        assert_eq!(telemetry.take_new_session(at(1)), !goes_on);
    }
    let mut telemetry =
        Telemetry::new(Config::default(), ClockAnchor::at_origin(1e12), Random::seeded([7, 11]), &[]);
    telemetry.begin_session(at(0), Some(earlier(14_390, 0)));
    span(&mut telemetry, at(9_999), "span");
    assert_eq!(telemetry.session_id(), "a".repeat(32));
    span(&mut telemetry, at(10_000), "span");
    assert_ne!(telemetry.session_id(), "a".repeat(32));
}

#[test]
fn pipelines_of_one_service_have_one_session_which_ends_for_all_of_them() {
    let minute = 60_000;
    let mut engine = Engine::new(ClockAnchor::at_origin(1e12), Random::seeded([7, 11]));
    let input = |engine: &mut Engine, now: u64, input| engine.handle_input(at(now), 1e12 + now as f64, input);
    for (id, service) in [(1, "app"), (2, "app"), (3, "other")] {
        input(&mut engine, 0, Input::CreateTelemetry { id, config: Config::default() });
        let earlier = (id == 1).then(|| earlier(60, 1799));
        let service = service.into();
        input(&mut engine, 0, Input::BeginSession { telemetry: id, service, earlier });
    }
    let id = |engine: &mut Engine, of: u32| engine.telemetry(of).unwrap().session_id();
    assert_eq!((id(&mut engine, 1), id(&mut engine, 2)), ("a".repeat(32), "a".repeat(32)));
    assert_ne!(id(&mut engine, 3), id(&mut engine, 1));
    // It was counted: by none of them again.
    assert!(!engine.telemetry(2).unwrap().take_new_session(at(1)));
    // One that records keeps it for both; one after half an hour begins another for both.
    for now in [20 * minute, 40 * minute] {
        span(engine.telemetry(1).unwrap(), at(now), "span");
    }
    span(engine.telemetry(2).unwrap(), at(60 * minute), "span");
    assert_eq!(id(&mut engine, 2), "a".repeat(32));
    span(engine.telemetry(2).unwrap(), at(100 * minute), "span");
    let second = id(&mut engine, 2);
    assert_ne!(second, "a".repeat(32));
    assert_eq!(id(&mut engine, 1), second);
    // It is on the next record of the other one.
    let telemetry = engine.telemetry(1).unwrap();
    telemetry.flush(at(100 * minute));
    while let Some(export) = telemetry.poll_export(at(100 * minute)) {
        telemetry.handle_reply(at(100 * minute), export.id, &accepted());
    }
    span(telemetry, at(101 * minute), "span");
    telemetry.flush(at(101 * minute));
    let export = telemetry.poll_export(at(101 * minute)).unwrap();
    assert!(export.body.windows(32).any(|part| part == second.as_bytes()));
    // A pipeline that ends takes no session along, and a later one has that of those that are left.
    input(&mut engine, 101 * minute, Input::DestroyTelemetry { id: 1 });
    input(&mut engine, 101 * minute, Input::CreateTelemetry { id: 4, config: Config::default() });
    let service = "app".into();
    let begin = Input::BeginSession { telemetry: 4, service, earlier: None };
    input(&mut engine, 101 * minute, begin);
    assert_eq!((id(&mut engine, 4), id(&mut engine, 2)), (second.clone(), second));
}

#[test]
fn what_was_stored_long_ago_or_may_have_arrived_is_not_sent_again() {
    let day = Duration::from_secs(86_400);
    let hours = |hours: u64| Duration::from_secs(3600 * hours);
    for signal in [Signal::Traces, Signal::Metrics, Signal::Logs] {
        assert_eq!(StoredLoss::of(signal, hours(6 * 24), false), None);
        assert_eq!(StoredLoss::of(signal, hours(6 * 24 + 1), true), Some(StoredLoss::Expired));
        // Spans and log records have ids; points are added up.
        let unconfirmed = (signal == Signal::Metrics).then_some(StoredLoss::Unconfirmed);
        assert_eq!(StoredLoss::of(signal, day, true), unconfirmed);
    }
}
