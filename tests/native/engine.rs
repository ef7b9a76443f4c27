//! Engine scenarios: a fake host with a hand-moved clock plays, stalls, seeks, fails, and reads the trace it left.

use std::collections::HashMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tonearm::engine::{ContextState, Input, Output, PlayRequest, PlayerInput, Report, Source, WorkletCommand};
use tonearm::playback::{PlayFailure, State};
use tonearm::qoe::Phase;
use tonearm_messages::{BodyEnd, Command, Fact, MediaError, Request};

use crate::fake_host::{FakeHost, ORIGIN, PLAYER, RATE};
use crate::otlp::spans_of;

/// Every span that was exported, after a flush.
fn spans(host: &mut FakeHost) -> Vec<Span> {
    host.input(Input::Flush { telemetry: 1 });
    host.exports.iter().flat_map(|export| spans_of(&export.body)).collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
    found[0]
}

fn text(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::DoubleValue(number) => Some(format!("{number:.3}")),
        _ => None,
    }
}

fn millis(span: &Span) -> f64 {
    (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e6
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code == 2)
}

#[test]
fn a_play_is_one_trace_from_the_click_to_the_sample() {
    let mut host = FakeHost::loaded();
    assert_eq!(host.state(), State::Ready);
    let clicked = host.millis;
    host.play(1);
    assert_eq!(host.state(), State::Starting);
    assert!(host.settled.iter().all(|(token, _)| *token != 1), "fulfilled before a sample was heard");
    host.bytes_flow();
    host.advance(20.0);
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
    assert!(host.settled.contains(&(1, Ok(()))));
    let (epoch, request) = host.last_request();
    let traceparent = request.traceparent.clone().unwrap();
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 1_000_000, end: BodyEnd::Complete {} });
    for tick in 1..=150 {
        host.advance(400.0);
        host.position(f64::from(tick) * 0.4);
    }
    host.report(Report::Ended { epoch, at: host.now(), frames: 60 * u64::from(RATE) });
    assert_eq!(host.state(), State::Ended);

    let spans = spans(&mut host);
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    let root = named(&spans, "track.play");
    assert!(root.parent_span_id.is_empty() && !is_error(root));
    assert_eq!(root.start_time_unix_nano, ((ORIGIN + clicked) * 1e6) as u64);
    assert!((millis(root) - 35.0).abs() < 0.001);
    for child in ["GET", "audio.decode", "audio.output"] {
        assert_eq!(named(&spans, child).parent_span_id, root.span_id);
        assert_eq!(named(&spans, child).trace_id, root.trace_id);
    }
    let get = named(&spans, "GET");
    assert_eq!(get.kind, 3);
    assert_eq!(traceparent[3..35], hex(&root.trace_id));
    assert_eq!(traceparent[36..52], hex(&get.span_id));
    assert_eq!(text(get, "cdn.node").as_deref(), Some("fra-1"));
    assert_eq!(text(get, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(text(root, "track.play.outcome").as_deref(), Some("started"));
    assert_eq!(text(root, "audio.output.method").as_deref(), Some("audible"));
    assert!((millis(named(&spans, "audio.output")) - 20.0).abs() < 0.001);
    let player = host.engine.player(PLAYER).unwrap();
    let phases: HashMap<&str, u128> = player
        .start_up()
        .unwrap()
        .phases()
        .iter()
        .map(|(phase, length)| (phase.as_str(), length.as_millis()))
        .collect();
    assert_eq!(phases[Phase::Connect.as_str()] + phases[Phase::FirstByte.as_str()], 10);
    assert_eq!(phases.values().sum::<u128>(), 35);
}

#[test]
fn a_player_without_telemetry_works_alike() {
    let mut host = FakeHost::with_config(None);
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    assert_eq!(host.last_request().1.traceparent, None);
    host.bytes_flow();
    host.audible(0);
    assert!(host.settled.contains(&(1, Ok(()))));
    assert!(host.exports.is_empty());
}

#[test]
fn headers_go_to_the_allow_list_alone() {
    let mut host = FakeHost::loaded();
    host.load("https://elsewhere.example/a.mp3");
    host.play(1);
    assert_eq!(host.last_request().1.traceparent, None);
}

#[test]
fn a_resolver_is_asked_at_the_play_and_its_request_is_part_of_it() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load { token: 1, source: Source::default() });
    assert!(host.resolves.is_empty());
    host.play(2);
    let play = host.resolves[0];
    let (key, traceparent) = host.engine.start_metadata_request(host.now(), PLAYER, "GET", "https://app.example/api/1");
    assert!(traceparent.is_some());
    host.advance(12.0);
    host.engine.end_metadata_request(host.now(), key.unwrap(), Some((200, None)), None);
    host.player(PlayerInput::Resolved { play, url: "https://cdn.example/a.mp3".into() });
    host.bytes_flow();
    host.audible(0);
    let phases = host.engine.player(PLAYER).unwrap().start_up().unwrap().phases();
    assert_eq!(phases[0].1.as_millis(), 12);
    // An answer to an earlier play changes nothing.
    host.player(PlayerInput::Resolved { play: play - 1, url: "https://cdn.example/b.mp3".into() });
    assert_eq!(host.state(), State::Playing);
    let spans = spans(&mut host);
    let root = named(&spans, "track.play");
    assert_eq!(spans.iter().filter(|span| span.name == "GET" && span.parent_span_id == root.span_id).count(), 1);
}

#[test]
fn a_resolver_that_fails_rejects_the_play() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load { token: 1, source: Source::default() });
    host.play(2);
    host.player(PlayerInput::ResolveFailed { play: 1, failure: PlayFailure::Resolve });
    assert!(host.settled.contains(&(2, Err(PlayFailure::Resolve))));
    assert_eq!(text(named(&spans(&mut host), "track.play"), "error.type").as_deref(), Some("resolve"));
}

#[test]
fn a_play_before_the_output_is_there_waits_for_it() {
    let mut host = FakeHost::new();
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    assert!(host.media.iter().all(|command| !matches!(command, Command::Open { .. })));
    host.advance(40.0);
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    assert!(matches!(host.media.last(), Some(Command::Open { output_rate: RATE, .. })));
    assert_eq!(host.worklet.last(), Some(&WorkletCommand::Release { epoch: host.epoch() }));
}

#[test]
fn a_missing_file_fails_by_its_status_and_the_next_load_plays() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.head(404);
    assert_eq!(host.state(), State::Failed);
    assert!(host.settled.contains(&(1, Err(PlayFailure::HttpStatus(404)))));
    assert!(host.events.contains(&"error"));
    let told = spans(&mut host);
    for name in ["GET", "track.play"] {
        assert_eq!(text(named(&told, name), "error.type").as_deref(), Some("404"), "{name}");
        assert!(is_error(named(&told, name)));
    }
    host.load("https://cdn.example/b.mp3");
    host.play(2);
    host.bytes_flow();
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
    let told = spans(&mut host);
    let second = told.iter().filter(|span| span.name == "track.play").nth(1).unwrap();
    assert_eq!(second.links.len(), 1, "a play links to the one before it");
}

#[test]
fn undecodable_bytes_end_the_decode_span() {
    for (error, failure, name) in [
        (MediaError::UnsupportedFormat {}, PlayFailure::NotSupported, "unsupported_format"),
        (MediaError::Undecodable {}, PlayFailure::Undecodable, "undecodable"),
    ] {
        let mut host = FakeHost::loaded();
        host.play(1);
        let (epoch, request) = host.last_request();
        host.head(200);
        host.fact(Fact::FirstByte { request: request.id, at: host.unix() });
        host.advance(3.0);
        host.fact(Fact::Failed { epoch, error });
        assert!(host.settled.contains(&(1, Err(failure))));
        let spans = spans(&mut host);
        assert_eq!(text(named(&spans, "audio.decode"), "error.type").as_deref(), Some(name));
        assert_eq!(text(named(&spans, "track.play"), "error.type").as_deref(), Some(name));
    }
}

#[test]
fn a_truncated_file_is_heard_to_its_end_and_then_fails() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.fact(Fact::Failed { epoch, error: MediaError::Truncated {} });
    assert_eq!(host.state(), State::Playing);
    host.report(Report::Ended { epoch, at: host.now(), frames: 100_000 });
    assert_eq!(host.state(), State::Failed);
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::Truncated));
    assert_eq!(text(named(&spans(&mut host), "track.recover"), "error.type").as_deref(), Some("truncated"));
}

#[test]
fn a_network_that_is_gone_rejects_at_once() {
    let mut host = FakeHost::loaded();
    host.play(1);
    let (_, request) = host.last_request();
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 0, end: BodyEnd::Failed {} });
    assert!(host.settled.contains(&(1, Err(PlayFailure::Network))));
    let spans = spans(&mut host);
    assert_eq!(text(named(&spans, "GET"), "error.type").as_deref(), Some("network"));
    assert_eq!(text(named(&spans, "track.play"), "error.type").as_deref(), Some("network"));
}

fn cut(host: &mut FakeHost, offset: u64) {
    let (epoch, request) = host.last_request();
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: offset, end: BodyEnd::Failed {} });
    host.fact(Fact::BytesWanted { epoch, offset });
}

#[test]
fn a_cut_connection_recovers_by_a_range_unheard() {
    let mut host = FakeHost::playing();
    cut(&mut host, 500_000);
    assert_eq!(host.state(), State::Playing);
    let before = host.media.len();
    host.advance(99.0);
    assert_eq!(host.media.len(), before);
    host.advance(1.0);
    let (_, request) = host.last_request();
    assert_eq!(request.offset, 500_000);
    host.head(206);
    host.fact(Fact::FirstByte { request: request.id, at: host.unix() });
    assert_eq!(host.state(), State::Playing);
    let spans = spans(&mut host);
    let recover = named(&spans, "track.recover");
    assert_eq!(text(recover, "track.recover.attempts").as_deref(), Some("1"));
    assert!(!is_error(recover));
}

#[test]
fn a_server_that_stays_away_fails_when_the_ring_is_empty() {
    let mut host = FakeHost::playing();
    for _ in 0..7 {
        cut(&mut host, 1000);
        host.advance(2500.0);
        host.position(5.0);
    }
    assert_eq!(host.state(), State::Playing);
    let epoch = host.epoch();
    host.report(Report::GapStarted { epoch, at: host.now(), frames: 0 });
    assert_eq!(host.state(), State::Failed);
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::Network));
}

#[test]
fn an_empty_ring_while_recovering_is_told_as_recovering() {
    let mut host = FakeHost::playing();
    cut(&mut host, 1000);
    let epoch = host.epoch();
    host.report(Report::GapStarted { epoch, at: host.now(), frames: 1 });
    assert_eq!(host.state(), State::Recovering);
    host.advance(150.0);
    let (_, request) = host.last_request();
    host.fact(Fact::FirstByte { request: request.id, at: host.unix() });
    host.report(Report::GapEnded { epoch, at: host.now(), missing: 7200, audible: true });
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn each_gap_is_one_stall_span_with_its_frames() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.fact(Fact::Buffered { epoch, end: 0.2 });
    for missing in [4800, 9600] {
        host.report(Report::GapStarted { epoch, at: host.now(), frames: 0 });
        assert_eq!(host.state(), State::Rebuffering);
        host.advance(missing as f64 / 48.0);
        host.report(Report::GapEnded { epoch, at: host.now(), missing, audible: true });
        assert_eq!(host.state(), State::Playing);
    }
    let totals = host.engine.player(PLAYER).unwrap().totals();
    assert_eq!((totals.stalls, totals.stalled.as_millis()), (2, 300));
    let spans = spans(&mut host);
    let stalls: Vec<&Span> = spans.iter().filter(|span| span.name == "track.stall").collect();
    assert_eq!(stalls.len(), 2);
    assert_eq!(text(stalls[0], "audio.buffer.underflow.frames").as_deref(), Some("4800"));
    assert_eq!(text(stalls[0], "track.stall.cause").as_deref(), Some("network"));
    assert!((millis(stalls[1]) - 200.0).abs() < 0.001);
}

#[test]
fn an_output_that_never_runs_is_a_refusal() {
    for (activation, wait) in [(true, 1000.0), (false, 100.0)] {
        let mut host = FakeHost::new();
        host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Suspended });
        host.load("https://cdn.example/a.mp3");
        let request = PlayRequest { token: 1, at: host.now(), trigger: "api", activation };
        host.player(PlayerInput::Play(request));
        host.advance(wait - 1.0);
        assert_eq!(host.state(), State::Starting);
        host.advance(1.0);
        assert!(host.settled.contains(&(1, Err(PlayFailure::NotAllowed))));
        // As a media element: nothing is broken, and the next click plays.
        assert_eq!(host.state(), State::Ready);
        assert_eq!(host.engine.player(PLAYER).unwrap().failure(), None);
        assert_eq!(text(named(&spans(&mut host), "track.play"), "error.type").as_deref(), Some("autoplay_refused"));
    }
}

#[test]
fn a_context_that_runs_in_time_is_no_refusal() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Suspended });
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    host.advance(900.0);
    host.player(PlayerInput::Context(ContextState::Running));
    host.advance(5000.0);
    assert_eq!(host.state(), State::Starting);
}

#[test]
fn a_context_that_leaves_running_is_a_stall_of_the_device() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Context(ContextState::Suspended));
    assert_eq!(host.state(), State::Rebuffering);
    host.advance(3000.0);
    host.player(PlayerInput::Context(ContextState::Running));
    host.position(1.0);
    assert_eq!(host.state(), State::Playing);
    let spans = spans(&mut host);
    assert_eq!(text(named(&spans, "track.stall"), "track.stall.cause").as_deref(), Some("device"));
}

#[test]
fn a_worklet_that_falls_silent_is_noticed_after_half_a_second() {
    let mut host = FakeHost::playing();
    for _ in 0..20 {
        host.advance(100.0);
        host.position(0.1);
    }
    assert_eq!(host.state(), State::Playing);
    host.advance(499.0);
    assert_eq!(host.state(), State::Playing);
    host.advance(2.0);
    assert_eq!(host.state(), State::Rebuffering);
    host.position(2.0);
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn a_busy_page_is_not_a_silent_worklet() {
    let mut host = FakeHost::playing();
    // The page was busy for a second: its timer fires late, and the reports lie in its queue.
    host.millis += 1000.0;
    host.engine.handle_timeout(host.now());
    host.drain();
    assert_eq!(host.state(), State::Playing);
    host.position(1.0);
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn pause_holds_the_output_and_a_resume_opens_no_trace() {
    let mut host = FakeHost::playing();
    host.advance(100.0);
    host.player(PlayerInput::Pause);
    assert_eq!((host.state(), host.worklet.last()), (State::Paused, Some(&WorkletCommand::Hold)));
    let held = host.engine.player(PLAYER).unwrap().current_time(host.now());
    host.advance(5000.0);
    assert_eq!(host.engine.player(PLAYER).unwrap().current_time(host.now()), held);
    host.play(2);
    assert_eq!(host.worklet.last(), Some(&WorkletCommand::Release { epoch: host.epoch() }));
    host.audible(4800);
    assert!(host.settled.contains(&(2, Ok(()))));
    assert_eq!(spans(&mut host).iter().filter(|span| span.name == "track.play").count(), 1);
}

#[test]
fn pause_before_the_sound_rejects_the_play_and_the_next_has_its_own_trace() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.bytes_flow();
    host.player(PlayerInput::Pause);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Aborted))));
    host.play(2);
    host.audible(0);
    let spans = spans(&mut host);
    let outcomes: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "track.play")
        .map(|span| text(span, "track.play.outcome").unwrap())
        .collect();
    assert_eq!(outcomes, ["exited_before_start", "started"]);
    assert!(spans.iter().all(|span| !is_error(span)), "a listener's abort is no error");
}

#[test]
fn a_seek_is_told_from_the_request_to_the_sound() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Seek(30.0));
    assert_eq!(host.state(), State::Seeking);
    let Some(Command::Seek { epoch, position }) = host.media.last().cloned() else { panic!("no seek") };
    assert_eq!(position, 30.0);
    assert_eq!(host.engine.player(PLAYER).unwrap().current_time(host.now()), 30.0);
    // Reports of the epoch before are late.
    host.report(Report::Position { epoch: epoch - 1, at: host.now(), frames: 99_999 });
    host.advance(40.0);
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 30.0 });
    host.advance(10.0);
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
    assert!(host.events.ends_with(&["statechange", "seeked", "playing"]));
    let spans = spans(&mut host);
    assert!((millis(named(&spans, "track.seek")) - 50.0).abs() < 0.001);
}

#[test]
fn a_seek_while_held_rests_at_the_new_position() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Pause);
    host.player(PlayerInput::Seek(12.0));
    let epoch = host.epoch();
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 12.0 });
    assert_eq!(host.state(), State::Paused);
    assert_eq!(host.engine.player(PLAYER).unwrap().current_time(host.now()), 12.0);
}

#[test]
fn a_pause_after_the_seek_has_its_samples_rests_there() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Seek(12.0));
    let epoch = host.epoch();
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 12.0 });
    host.player(PlayerInput::Pause);
    assert_eq!(host.state(), State::Paused);
    // The sound's report was on its way when the listener paused.
    host.audible(0);
    assert_eq!((host.state(), host.engine.player(PLAYER).unwrap().paused()), (State::Paused, true));
}

#[test]
fn a_sound_that_overtakes_the_pause_of_a_seek_does_not_play() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Seek(12.0));
    host.player(PlayerInput::Pause);
    host.audible(0);
    assert_eq!((host.state(), host.engine.player(PLAYER).unwrap().paused()), (State::Paused, true));
}

#[test]
fn a_seek_from_the_end_rests_and_is_not_heard() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.report(Report::Ended { epoch, at: host.now(), frames: 60 * u64::from(RATE) });
    assert_eq!(host.worklet.last(), Some(&WorkletCommand::Hold));
    host.player(PlayerInput::Seek(30.0));
    assert_eq!(host.worklet.last(), Some(&WorkletCommand::Hold));
    let epoch = host.epoch();
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 30.0 });
    assert_eq!(host.state(), State::Paused);
}

#[test]
fn a_seek_to_the_very_end_while_held_comes_to_rest() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Pause);
    host.player(PlayerInput::Seek(60.0));
    let epoch = host.epoch();
    host.fact(Fact::DecodedAll { epoch, end: 60.0, frames: 0, failures: 0 });
    assert_eq!(host.state(), State::Paused);
}

#[test]
fn a_seek_while_the_source_is_resolved_is_where_it_begins() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load { token: 1, source: Source::default() });
    host.play(2);
    host.player(PlayerInput::Seek(30.0));
    host.player(PlayerInput::Resolved { play: 1, url: "https://cdn.example/a.mp3".into() });
    assert!(host.media.iter().any(|command| matches!(command, Command::Open { position: 30.0, .. })));
    host.bytes_flow();
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn a_seek_forgets_what_was_to_fail_elsewhere() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.fact(Fact::Failed { epoch, error: MediaError::Truncated {} });
    host.player(PlayerInput::Seek(1.0));
    let epoch = host.epoch();
    host.fact(Fact::BytesWanted { epoch, offset: 1000 });
    assert_eq!(host.last_request().1.offset, 1000);
    host.report(Report::GapStarted { epoch, at: host.now(), frames: 0 });
    assert_ne!(host.state(), State::Failed);
}

#[test]
fn late_answers_of_the_source_before_change_nothing() {
    let mut host = FakeHost::loaded();
    host.play(1);
    let (_, old) = host.last_request();
    host.load("https://cdn.example/b.mp3");
    host.play(2);
    let head = tonearm_messages::ResponseHead { status: 404, ..Default::default() };
    host.fact(Fact::ResponseHead { request: old.id, at: host.unix(), head });
    host.fact(Fact::BodyEnd { request: old.id, at: host.unix(), bytes: 0, end: BodyEnd::Failed {} });
    assert_eq!(host.state(), State::Starting);
    host.player(PlayerInput::Stop);
    let (_, last) = host.last_request();
    host.fact(Fact::BodyEnd { request: last.id, at: host.unix(), bytes: 0, end: BodyEnd::Failed {} });
    assert_eq!(host.state(), State::Ready);
}

#[test]
fn a_gap_that_a_seek_ends_is_one_stall_of_its_own() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.fact(Fact::Buffered { epoch, end: 0.2 });
    host.report(Report::GapStarted { epoch, at: host.now(), frames: 0 });
    host.player(PlayerInput::Seek(30.0));
    host.report(Report::GapEnded { epoch, at: host.now(), missing: 480, audible: false });
    let epoch = host.epoch();
    host.audible(0);
    host.report(Report::GapStarted { epoch, at: host.now(), frames: 0 });
    host.report(Report::GapEnded { epoch, at: host.now(), missing: 960, audible: true });
    let told = spans(&mut host);
    let frames: Vec<_> = told
        .iter()
        .filter(|span| span.name == "track.stall")
        .map(|span| text(span, "audio.buffer.underflow.frames").unwrap())
        .collect();
    assert_eq!(frames, ["480", "960"]);
}

#[test]
fn a_request_that_brings_nothing_is_a_network_failure() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.advance(19_999.0);
    assert_eq!(host.state(), State::Starting);
    host.advance(1.0);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Network))));
}

#[test]
fn an_outage_is_outlasted_while_there_is_something_to_hear() {
    let mut host = FakeHost::playing();
    for second in 0..60 {
        let (_, request) = host.last_request();
        host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 0, end: BodyEnd::Failed {} });
        for tick in 1..=10 {
            host.advance(100.0);
            host.position(f64::from(second) + f64::from(tick) / 10.0);
        }
    }
    assert_eq!(host.state(), State::Playing);
    host.advance(2000.0);
    let (_, request) = host.last_request();
    host.fact(Fact::FirstByte { request: request.id, at: host.unix() });
    assert!(!is_error(named(&spans(&mut host), "track.recover")));
}

#[test]
fn a_play_held_before_its_sound_hands_its_request_on() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.bytes_flow();
    let (_, request) = host.last_request();
    host.player(PlayerInput::Pause);
    host.play(2);
    host.audible(0);
    host.advance(300.0);
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 5, end: BodyEnd::Complete {} });
    let told = spans(&mut host);
    assert!(millis(named(&told, "GET")) > 300.0, "the request's span ends with its body");
    assert_eq!(host.engine.account(1).pending, 0, "no span is left open");
}

#[test]
fn a_seek_before_the_play_is_where_it_begins() {
    let mut host = FakeHost::loaded();
    host.player(PlayerInput::Seek(7.5));
    host.play(1);
    assert!(matches!(host.media.last(), Some(Command::Open { position: 7.5, .. })));
}

#[test]
fn a_track_that_ended_plays_from_its_start() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.report(Report::Ended { epoch, at: host.now(), frames: 60 * u64::from(RATE) });
    assert!(host.events.ends_with(&["timeupdate", "pause", "ended"]));
    assert!(host.engine.player(PLAYER).unwrap().paused());
    host.play(2);
    let Some(Command::Open { position, .. }) = host.media.last() else { panic!("not opened") };
    assert_eq!(*position, 0.0);
}

#[test]
fn stop_goes_back_to_the_start() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Stop);
    assert_eq!(host.state(), State::Ready);
    assert_eq!(host.media.last(), Some(&Command::Close {}));
    assert_eq!(host.engine.player(PLAYER).unwrap().current_time(host.now()), 0.0);
}

#[test]
fn a_lost_media_plane_is_named_and_opened_again_by_the_next_load() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.player(PlayerInput::MediaUnavailable);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Unavailable))));
    assert_eq!(host.reopened, 0);
    host.load("https://cdn.example/b.mp3");
    assert_eq!(host.reopened, 1);
    // Nothing is opened before the new worklet is there: it would not hear of it.
    host.play(2);
    assert!(!matches!(host.media.last(), Some(Command::Open { .. })));
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    assert!(matches!(host.media.last(), Some(Command::Open { .. })));
}

#[test]
fn a_media_plane_of_another_version_is_named() {
    let mut host = FakeHost::loaded();
    host.fact(Fact::Hello { version: "9.9.9".into() });
    host.play(1);
    assert!(host.settled.contains(&(1, Err(PlayFailure::VersionMismatch))));
}

#[test]
fn play_without_a_source_is_refused() {
    let mut host = FakeHost::new();
    host.play(1);
    assert_eq!(host.settled, [(1, Err(PlayFailure::InvalidState))]);
}

#[test]
fn a_new_load_rejects_the_play_that_waits() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.load("https://cdn.example/b.mp3");
    assert!(host.settled.contains(&(1, Err(PlayFailure::Aborted))));
    assert_eq!(host.state(), State::Ready);
}

#[test]
fn more_bytes_are_fetched_when_the_read_ahead_has_room() {
    let mut host = FakeHost::playing();
    let (epoch, request) = host.last_request();
    let end = BodyEnd::Dropped {};
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 2_200_000, end });
    host.fact(Fact::BytesWanted { epoch, offset: 2_200_000 });
    let Some(Command::Fetch { request: Request { id, offset, traceparent }, .. }) = host.media.last() else {
        panic!("nothing was fetched");
    };
    assert_eq!((*id, *offset), (request.id + 1, 2_200_000));
    assert!(traceparent.is_some());
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn leaving_the_page_sends_what_is_there() {
    let mut host = FakeHost::playing();
    assert!(host.exports.is_empty());
    host.input(Input::PageHidden);
    assert!(host.exports.iter().all(|export| export.keepalive));
    assert!(!host.exports.is_empty());
}

/// Every output of a run, whatever the order of a thousand random inputs: no panic, and no promise is settled twice.
#[test]
fn random_inputs_settle_each_promise_once() {
    for seed in 0..60 {
        let mut random = tonearm::random::Random::seeded([seed, 3]);
        let mut host = FakeHost::loaded();
        let mut token = 1000;
        for _ in 0..400 {
            host.advance((random.next_u64() % 300) as f64);
            let epoch = host.media.iter().rev().find_map(|command| match command {
                Command::Open { epoch, .. } | Command::Seek { epoch, .. } => Some(*epoch),
                _ => None,
            });
            let epoch = epoch.unwrap_or_default();
            let (at, unix, frames) = (host.now(), host.unix(), random.next_u64() % 3_000_000);
            match random.next_u64() % 18 {
                0 => {
                    token += 1;
                    let source = Source { url: Some("https://cdn.example/x.mp3".into()), ..Source::default() };
                    host.player(PlayerInput::Load { token, source });
                }
                1..=3 => {
                    token += 1;
                    host.play(token);
                }
                4 => host.player(PlayerInput::Pause),
                5 => host.player(PlayerInput::Seek(random.unit() * 80.0 - 5.0)),
                6 => host.player(PlayerInput::Stop),
                7 => host.player(PlayerInput::Context(ContextState::Suspended)),
                8 => host.player(PlayerInput::Context(ContextState::Running)),
                9 => host.report(Report::Audible { epoch, at, frames, method: "rendered" }),
                10 => host.report(Report::Position { epoch, at, frames }),
                11 => host.report(Report::GapStarted { epoch, at, frames }),
                12 => host.report(Report::GapEnded { epoch, at, missing: frames, audible: true }),
                13 => host.report(Report::Ended { epoch, at, frames }),
                14 => host.fact(Fact::FirstDecoded { epoch, at: unix, position: 1.0 }),
                15 => host.fact(Fact::BodyEnd { request: 1, at: unix, bytes: 1, end: BodyEnd::Failed {} }),
                16 => host.fact(Fact::BytesWanted { epoch, offset: frames }),
                _ => host.fact(Fact::Failed { epoch, error: MediaError::Truncated {} }),
            }
        }
        host.input(Input::DestroyPlayer { id: PLAYER });
        let mut settled = HashMap::new();
        for (token, _) in &host.settled {
            *settled.entry(*token).or_insert(0) += 1;
        }
        assert!(settled.iter().all(|(token, count)| *count == 1 || *token == 100), "seed {seed}: {settled:?}");
        assert!((1001..=token).all(|token| settled.contains_key(&token)), "seed {seed}: a promise was left open");
        let account = host.engine.account(1);
        assert_eq!(account.started, account.exported + account.pending + account.dropped_total());
        assert!(host.engine.poll_output().is_none() || matches!(host.engine.poll_output(), Some(Output::Event { .. })));
    }
}
