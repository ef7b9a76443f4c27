//! The pipeline: batches by size and time, retries, leaving, and an account that adds up whatever happens.

use std::io::Read;

use flate2::read::GzDecoder;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Duration, Instant};
use tonearm_telemetry::{
    Account, Batch, Config, Consent, DropReason, Export, INFO, Instrument, Kind, Log, Parent, Recovered,
    Reply, Sampler, Signal, SpanOptions, Telemetry, Value,
};

use crate::otlp::spans_of;

fn pipeline(batch: Batch) -> Telemetry {
    let config = Config { batch, ..Config::default() };
    Telemetry::new(config, ClockAnchor::at_origin(1e12), Random::seeded([5, 6]), &[])
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis as f64)
}

fn record(telemetry: &mut Telemetry, now: Instant) {
    let key = telemetry.start_span(now, SpanOptions::new("span")).unwrap();
    telemetry.end_span(now, key, now);
}

fn status(status: u16) -> Reply {
    Reply::Response { status, retry_after: None, body: Vec::new() }
}

/// A request's body as an endpoint reads it.
fn plain(export: &Export) -> Vec<u8> {
    let mut body = Vec::new();
    if export.gzipped {
        GzDecoder::new(&export.body[..]).read_to_end(&mut body).unwrap();
    } else {
        body.clone_from(&export.body);
    }
    body
}

fn adds_up(account: Account) {
    assert_eq!(
        account.started + account.recovered,
        account.exported + account.pending + account.dropped_total(),
        "{account:?}"
    );
}

#[test]
fn a_batch_goes_by_time_or_by_size() {
    let mut telemetry = pipeline(Batch { size: 3, ..Batch::default() });
    record(&mut telemetry, at(0));
    assert_eq!(telemetry.poll_export(at(4999)), None);
    assert_eq!(telemetry.poll_timeout(), Some(at(5000)));
    let export = telemetry.poll_export(at(5000)).unwrap();
    assert_eq!(export.signal, Signal::Traces);
    assert_eq!(spans_of(&export.body).len(), 1);
    telemetry.handle_reply(at(5001), export.id, &status(200));
    for _ in 0..4 {
        record(&mut telemetry, at(6000));
    }
    assert_eq!(spans_of(&telemetry.poll_export(at(6000)).unwrap().body).len(), 3);
    adds_up(telemetry.account(Signal::Traces));
}

#[test]
fn one_request_at_a_time() {
    let mut telemetry = pipeline(Batch { size: 1, ..Batch::default() });
    record(&mut telemetry, at(0));
    record(&mut telemetry, at(0));
    let first = telemetry.poll_export(at(0)).unwrap();
    assert_eq!(telemetry.poll_export(at(0)), None);
    telemetry.handle_reply(at(10), first.id, &status(200));
    assert!(telemetry.poll_export(at(10)).is_some());
}

#[test]
fn what_a_reply_means() {
    use tonearm_telemetry::Outcome::{Accepted, Partial, Rejected, Retryable};
    let partial = Reply::Response { status: 200, retry_after: None, body: vec![0x0a, 0x02, 0x08, 0x02] };
    let wait = Some(Duration::from_secs(9));
    let told = Reply::Response { status: 429, retry_after: wait, body: Vec::new() };
    for (reply, outcome) in [
        (status(200), Accepted),
        (status(204), Accepted),
        (partial, Partial(2)),
        (status(400), Rejected),
        (status(401), Rejected),
        (status(500), Rejected),
        (status(502), Retryable(None)),
        (status(503), Retryable(None)),
        (status(504), Retryable(None)),
        (told, Retryable(wait)),
        (Reply::Failed, Retryable(None)),
    ] {
        assert_eq!(reply.outcome(), outcome, "{reply:?}");
    }
}

#[test]
fn a_retry_sends_the_same_bytes_when_the_server_says() {
    let mut telemetry = pipeline(Batch::default());
    record(&mut telemetry, at(0));
    let first = telemetry.poll_export(at(5000)).unwrap();
    let reply = Reply::Response { status: 503, retry_after: Some(Duration::from_secs(7)), body: Vec::new() };
    telemetry.handle_reply(at(5000), first.id, &reply);
    assert_eq!(telemetry.poll_timeout(), Some(at(12_000)));
    assert_eq!(telemetry.poll_export(at(11_999)), None);
    assert_eq!(telemetry.poll_export(at(12_000)).unwrap().body, first.body);
    // A late answer to the first attempt names the same request, which is on its way again.
    telemetry.handle_reply(at(12_001), first.id, &status(200));
    assert_eq!(
        (telemetry.account(Signal::Traces).exported, telemetry.account(Signal::Traces).pending),
        (1, 0)
    );
}

#[test]
fn retries_end_and_are_counted() {
    let mut telemetry = pipeline(Batch::default());
    record(&mut telemetry, at(0));
    let mut now = 5000;
    let mut attempts = 0;
    while let Some(due) = telemetry.poll_timeout() {
        now = now.max(due.as_millis() as u64 + 1);
        if let Some(export) = telemetry.poll_export(at(now)) {
            attempts += 1;
            telemetry.handle_reply(at(now), export.id, &Reply::Failed);
        }
        assert!(now < 600_000);
    }
    assert_eq!(attempts, 13);
    assert_eq!(telemetry.account(Signal::Traces).dropped(DropReason::RetriesExhausted), 1);
    adds_up(telemetry.account(Signal::Traces));
}

#[test]
fn an_answer_that_never_comes_is_a_failure() {
    let mut telemetry = pipeline(Batch::default());
    record(&mut telemetry, at(0));
    let first = telemetry.poll_export(at(5000)).unwrap();
    let late = at(5000) + first.timeout + Duration::from_secs(5);
    assert_eq!(telemetry.poll_timeout(), Some(late));
    assert_eq!(telemetry.poll_export(late), None);
    assert!(telemetry.poll_timeout().is_some_and(|due| due > late));
}

/// Leaves with 3000 spans; how many went along.
fn leave_with(gzip: bool) -> usize {
    let config = Config { gzip, ..Config::default() };
    let mut telemetry = Telemetry::new(config, ClockAnchor::at_origin(1e12), Random::seeded([5, 6]), &[]);
    for n in 0..3000 {
        let key = telemetry.start_span(at(n), SpanOptions::new("span")).unwrap();
        telemetry.set(key, "url.full", Value::Text("https://cdn.example/tracks/first-light.mp3"));
        telemetry.end_span(at(n), key, at(n + 1));
    }
    let exports = telemetry.leave(at(3001));
    let bytes: usize = exports.iter().map(|export| export.body.len()).sum();
    assert!(exports.iter().all(|export| export.keepalive));
    assert_eq!(exports.iter().any(|export| export.gzipped), gzip);
    assert!(bytes <= 60 << 10 && bytes > 50 << 10, "{bytes}");
    assert!(telemetry.leave(at(3002)).is_empty(), "what left a moment ago counts");
    let sent: usize = exports.iter().map(|export| spans_of(&plain(export)).len()).sum();
    assert_eq!(telemetry.account(Signal::Traces).pending, 3000);
    for export in exports {
        telemetry.handle_reply(at(3003), export.id, &status(200));
    }
    assert_eq!(telemetry.account(Signal::Traces).exported as usize, sent);
    adds_up(telemetry.account(Signal::Traces));
    sent
}

#[test]
fn leaving_sends_what_fits_and_keeps_the_rest() {
    let (plain, gzipped) = (leave_with(false), leave_with(true));
    assert!(gzipped > 2 * plain, "{gzipped} compressed, {plain} as they are");
}

#[test]
fn a_full_queue_counts_what_it_refuses() {
    let mut telemetry = pipeline(Batch { queue_size: 10, ..Batch::default() });
    for _ in 0..25 {
        record(&mut telemetry, at(0));
    }
    assert_eq!(telemetry.account(Signal::Traces).dropped(DropReason::QueueFull), 15);
    let mut by_bytes = pipeline(Batch { queue_bytes: 1000, ..Batch::default() });
    for _ in 0..25 {
        record(&mut by_bytes, at(0));
    }
    assert!(by_bytes.account(Signal::Traces).dropped(DropReason::QueueFull) > 0);
    adds_up(by_bytes.account(Signal::Traces));
}

#[test]
fn spans_that_never_end_are_bounded() {
    let mut telemetry = pipeline(Batch::default());
    for _ in 0..5000 {
        let _ = telemetry.start_span(at(0), SpanOptions::new("forgotten"));
    }
    assert_eq!(telemetry.account(Signal::Traces).dropped(DropReason::TooManyOpen), 5000 - 4096);
    adds_up(telemetry.account(Signal::Traces));
}

#[test]
fn children_share_the_trace_and_attributes_have_a_limit() {
    let mut telemetry = pipeline(Batch::default());
    let root = telemetry.start_span(at(0), SpanOptions::new("root")).unwrap();
    let child =
        telemetry.start_span(at(1), SpanOptions::new("child").child_of(Some(Parent::Local(root)))).unwrap();
    for n in 0..200 {
        telemetry.set(child, &format!("key.{n}"), Value::Int(n));
    }
    telemetry.set(child, "key.0", Value::Text("again"));
    telemetry.end_span(at(2), child, at(2));
    telemetry.end_span(at(2), root, at(2));
    telemetry.end_span(at(3), root, at(3));
    telemetry.flush(at(3));
    let export = telemetry.poll_export(at(3)).unwrap();
    let spans = spans_of(&export.body);
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[0].trace_id, spans[1].trace_id);
    assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    assert_eq!((spans[0].attributes.len(), spans[0].dropped_attributes_count), (128, 72));
}

const COUNTER: Instrument<'static> = Instrument::new("c", "1", Kind::Counter, &["n"]);

/// A day of spans, points, log records, replies, silences, leavings and rows of earlier visits, at random:
/// nothing of any signal is lost without a reason.
#[test]
fn the_account_adds_up_through_a_day_of_random_faults() {
    for seed in 0..20 {
        let mut random = Random::seeded([seed, 9]);
        let batch = Batch { size: 20, queue_size: 200, ..Batch::default() };
        let sampler = Sampler { ratio: 0.7, tail: Some(Duration::from_secs(1)), ..Sampler::default() };
        let inspects = seed > 9;
        let config =
            Config { batch, spools: true, sampler, inspects, tells_itself: true, ..Config::default() };
        let mut telemetry =
            Telemetry::new(config, ClockAnchor::at_origin(1e12), Random::seeded([5, seed]), &[COUNTER]);
        let mut flying: Vec<Export> = Vec::new();
        let mut now = 0;
        while now < 86_400_000 {
            now += random.next_u64() % 20_000;
            let many = random.next_u64() % 30;
            match random.next_u64() % 12 {
                0..=2 => (0..many).for_each(|_| record(&mut telemetry, at(now))),
                3 | 4 => {
                    (0..many).for_each(|n| {
                        telemetry.measure(at(now), 0, 1.0, &[Value::Int(n.cast_signed())], None);
                    });
                }
                5 | 6 => (0..many).for_each(|_| {
                    let log = Log { severity: INFO, event: "e", body: "", context: None, attributes: &[] };
                    telemetry.log(at(now), &log);
                }),
                7 => flying.extend(telemetry.leave(at(now))),
                8 => telemetry.flush(at(now)),
                9 => {
                    let late = Recovered::Sent { age: Duration::from_secs(many * 20) };
                    let fates = [
                        late,
                        Recovered::Lost(DropReason::Unconfirmed),
                        Recovered::Lost(DropReason::Expired),
                    ];
                    let fate = fates[random.next_u64() as usize % 3];
                    telemetry.recover(at(now), Signal::ALL[many as usize % 3], many, vec![1], fate);
                }
                10 => telemetry.snapshot(at(now), Signal::ALL[many as usize % 3], |_, _, _, _| {}),
                11 if many < 3 => {
                    let decided = [Consent::Granted, Consent::Pending, Consent::Denied];
                    telemetry.set_consent(at(now), decided[many as usize]);
                }
                _ => {}
            }
            // The host looks at records at once, and wants some of them out.
            while random.unit() < 0.9
                && let Some(inspection) = telemetry.poll_inspection()
            {
                let record = (random.unit() < 0.8).then_some(inspection.record);
                telemetry.inspected(at(now), inspection.signal, record.as_deref());
            }
            if telemetry.take_collection(at(now)) {
                telemetry.collect(at(now));
            }
            telemetry.take_spooling(at(now));
            while let Some(export) = telemetry.poll_export(at(now)) {
                flying.push(export);
            }
            while !flying.is_empty() && !random.next_u64().is_multiple_of(3) {
                let export = flying.swap_remove(random.next_u64() as usize % flying.len());
                let reply = match random.next_u64() % 9 {
                    0 => status(503),
                    1 => Reply::Failed,
                    2 => status(400),
                    4 => status(413),
                    5 => Reply::Redirected,
                    6 => Reply::Deferred,
                    3 => {
                        Reply::Response { status: 200, retry_after: None, body: vec![0x0a, 0x02, 0x08, 0x03] }
                    }
                    _ => status(200),
                };
                telemetry.handle_reply(at(now), export.id, &reply);
            }
            for signal in Signal::ALL {
                adds_up(telemetry.account(signal));
            }
        }
        assert!(Signal::ALL.iter().all(|signal| telemetry.account(*signal).exported > 0));
    }
}

fn spooling() -> Telemetry {
    let config = Config { spools: true, ..Config::default() };
    Telemetry::new(config, ClockAnchor::at_origin(1e12), Random::seeded([5, 6]), &[])
}

/// Signal, number, records and spans of everything in a snapshot.
fn snapshot(telemetry: &mut Telemetry, now: Instant) -> Vec<(Signal, u32, u64, Vec<u8>)> {
    let mut rows = Vec::new();
    for signal in Signal::ALL {
        telemetry.snapshot(now, signal, |id, records, _, body| {
            rows.push((signal, id, records, body.to_vec()));
        });
    }
    rows
}

#[test]
fn what_is_pending_is_kept_half_a_second_later_and_then_each_five() {
    let mut telemetry = spooling();
    record(&mut telemetry, at(0));
    assert!(!telemetry.take_spooling(at(499)));
    assert_eq!(telemetry.poll_timeout(), Some(at(500)));
    assert!(telemetry.take_spooling(at(500)));
    record(&mut telemetry, at(1100));
    assert!(!telemetry.take_spooling(at(5499)));
    assert!(telemetry.take_spooling(at(5500)));
    record(&mut telemetry, at(20_000));
    assert!(!telemetry.take_spooling(at(20_499)));
    assert!(telemetry.take_spooling(at(20_500)));
    assert!(!pipeline(Batch::default()).take_spooling(at(60_000)), "not where the host keeps nothing");
}

#[test]
fn a_snapshot_is_all_that_has_no_answer_and_the_next_visit_sends_it() {
    let mut telemetry = spooling();
    for _ in 0..3 {
        record(&mut telemetry, at(0));
    }
    let export = telemetry.poll_export(at(5000)).unwrap();
    record(&mut telemetry, at(5001));
    let rows = snapshot(&mut telemetry, at(5002));
    let told: Vec<_> = rows
        .iter()
        .map(|(signal, id, records, body)| (*signal, *id, *records, spans_of(body).len()))
        .collect();
    assert_eq!(told, [(Signal::Traces, export.id, 3, 3), (Signal::Traces, 0, 1, 1)]);
    assert_eq!(telemetry.account(Signal::Traces).pending, 4, "a copy changes nothing");
    telemetry.handle_reply(at(5003), export.id, &status(200));
    assert_eq!(snapshot(&mut telemetry, at(5004)).len(), 1);

    let mut next = spooling();
    for (signal, _, records, body) in rows {
        next.recover(at(1), signal, records, body, Recovered::Sent { age: Duration::ZERO });
    }
    next.recover(at(1), Signal::Metrics, 7, Vec::new(), Recovered::Lost(DropReason::Unconfirmed));
    let mut arrived = 0;
    while let Some(export) = next.poll_export(at(2)) {
        arrived += spans_of(&export.body).len();
        next.handle_reply(at(3), export.id, &status(200));
    }
    let account = next.account(Signal::Traces);
    assert_eq!((arrived, account.recovered, account.exported, account.started), (4, 4, 4, 0));
    assert_eq!(next.account(Signal::Metrics).dropped(DropReason::Unconfirmed), 7);
    adds_up(account);
    adds_up(next.account(Signal::Metrics));
}

#[test]
fn a_wait_without_a_network_is_no_attempt_and_recovered_rows_go_one_by_one() {
    let mut telemetry = spooling();
    for _ in 0..3 {
        telemetry.recover(at(0), Signal::Traces, 5, vec![1], Recovered::Sent { age: Duration::ZERO });
    }
    let mut now = 0;
    for _ in 0..40 {
        let export = telemetry.poll_export(at(now)).unwrap();
        assert_eq!(telemetry.poll_export(at(now)), None, "one at a time");
        telemetry.handle_reply(at(now), export.id, &Reply::Unsent);
        // The others are due; only the first one waits.
        now += 300_000;
    }
    assert_eq!(telemetry.account(Signal::Traces).dropped_total(), 0);
    telemetry.flush(at(now));
    for sent in 1..=3 {
        let export = telemetry.poll_export(at(now)).unwrap();
        telemetry.handle_reply(at(now), export.id, &status(200));
        assert_eq!(telemetry.account(Signal::Traces).exported, 5 * sent);
    }
}

#[test]
fn a_flush_sends_every_batch() {
    let mut telemetry = pipeline(Batch { size: 10, ..Batch::default() });
    for _ in 0..25 {
        record(&mut telemetry, at(0));
    }
    telemetry.flush(at(1));
    let mut sent = Vec::new();
    while let Some(export) = telemetry.poll_export(at(1)) {
        sent.push(spans_of(&export.body).len());
        telemetry.handle_reply(at(1), export.id, &status(200));
    }
    assert_eq!(sent, [10, 10, 5]);
}

#[test]
fn a_page_that_says_it_is_offline_sends_a_minute_later_all_the_same() {
    let mut telemetry = spooling();
    record(&mut telemetry, at(0));
    let first = telemetry.poll_export(at(5000)).unwrap();
    assert!(!first.even_offline);
    telemetry.handle_reply(at(5000), first.id, &Reply::Unsent);
    assert_eq!(telemetry.poll_export(at(64_999)), None);
    let second = telemetry.poll_export(at(65_000)).unwrap();
    assert!(second.even_offline);
    // It failed: it waits on, is no attempt, and may have arrived.
    telemetry.handle_reply(at(66_000), second.id, &Reply::Unsent);
    assert_eq!(snapshot(&mut telemetry, at(66_000))[0].1, second.id);
    let third = telemetry.poll_export(at(126_000)).unwrap();
    assert!(third.even_offline);
    telemetry.handle_reply(at(126_000), third.id, &status(200));
    assert_eq!(telemetry.account(Signal::Traces).exported, 1);
    adds_up(telemetry.account(Signal::Traces));
}

#[test]
fn a_span_under_way_when_the_wall_clock_is_set_has_the_times_of_its_end() {
    const HOUR: i64 = 3_600_000;
    for by in [HOUR, -HOUR] {
        let mut telemetry = spooling();
        let key = telemetry.start_span(at(1000), SpanOptions::new("s")).unwrap();
        let shifted = 1e12 + 2000.0 + by as f64;
        telemetry.observe_clock(at(2000), shifted);
        telemetry.end_span(at(3000), key, at(3000));
        let span = spans_of(&telemetry.poll_export(at(8000)).unwrap().body).remove(0);
        let end = (shifted as u64 + 1000) * 1_000_000;
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (end - 2_000_000_000, end), "{by}");
    }
}

#[test]
fn failures_are_the_reasons_that_no_option_asks_for() {
    let failures = [
        DropReason::QueueFull,
        DropReason::TooManyOpen,
        DropReason::Rejected,
        DropReason::RetriesExhausted,
        DropReason::Unconfirmed,
        DropReason::Expired,
    ];
    for reason in DropReason::ALL {
        assert_eq!(reason.is_failure(), failures.contains(&reason), "{reason:?}");
    }
}
