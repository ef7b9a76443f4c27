//! What goes wrong with the source, the network and the planes, and what is told of it.

use super::{is_error, named, spans, text};
use crate::fake_host::{FakeHost, PLAYER, RATE};
use tonearm_messages::{BodyEnd, Command, Fact, MediaError};
use tonearm_player::engine::{ContextState, PlayerInput, Preload, Report, Source};
use tonearm_player::playback::{PlayFailure, State};

#[test]
fn a_resolver_that_fails_rejects_the_play() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load { token: 1, source: Source::default(), preload: Preload::None });
    host.play(2);
    host.player(PlayerInput::ResolveFailed { play: 1, failure: PlayFailure::Resolve });
    assert!(host.settled.contains(&(2, Err(PlayFailure::Resolve))));
    assert_eq!(text(named(&spans(&mut host), "track.play"), "error.type").as_deref(), Some("resolve"));
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
    let heard = host.engine.player(PLAYER).unwrap().current_time(host.now());
    assert!((heard - 100_000.0 / f64::from(RATE)).abs() < 1e-6, "the position is lost: {heard}");
    assert_eq!(text(named(&spans(&mut host), "track.recover"), "error.type").as_deref(), Some("truncated"));
}

#[test]
fn an_end_that_overtakes_its_reason_waits_for_it() {
    let cases = [
        (
            Fact::Failed { epoch: 1, error: MediaError::UnsupportedFormat {} },
            State::Failed,
            Err(PlayFailure::NotSupported),
        ),
        (Fact::DecodedAll { epoch: 1, end: 0.0, frames: 0, failures: 0 }, State::Ended, Ok(())),
    ];
    for (fact, state, outcome) in cases {
        let mut host = FakeHost::loaded();
        host.play(1);
        host.head(200);
        assert_eq!(host.epoch(), 1);
        // The output's end and the media plane's word come by ports of their own.
        host.report(Report::Ended { epoch: 1, at: host.now(), frames: 0 });
        assert_eq!(
            (host.state(), host.settled.iter().any(|(token, _)| *token == 1)),
            (State::Starting, false)
        );
        host.fact(fact);
        assert_eq!(host.state(), state);
        assert!(host.settled.contains(&(1, outcome)), "{:?}", host.settled);
    }
}

#[test]
fn an_end_that_comes_late_ends_no_later_play() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.report(Report::Ended { epoch, at: host.now(), frames: 100 });
    host.player(PlayerInput::Load { token: 7, source: Source::default(), preload: Preload::None });
    host.play(8);
    host.fact(Fact::DecodedAll { epoch, end: 60.0, frames: 100, failures: 0 });
    assert_eq!(host.state(), State::Starting);
    assert!(host.settled.iter().all(|(token, _)| *token != 8), "{:?}", host.settled);
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
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 0, end: BodyEnd::Failed {} });
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
fn a_request_that_brings_nothing_is_a_network_failure() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.advance(19_999.0);
    assert_eq!(host.state(), State::Starting);
    host.advance(1.0);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Timeout))));
    assert_eq!(text(named(&spans(&mut host), "track.play"), "error.type").as_deref(), Some("timeout"));
    assert_eq!(PlayFailure::Timeout.dom_name(), "NetworkError");
}

#[test]
fn the_first_byte_has_as_long_as_the_app_says() {
    for (limit, settled) in [(5, 5_000.0), (60, 60_000.0)] {
        let mut host = FakeHost::new();
        host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
        let url = Some(crate::fake_host::url_of("https://cdn.example/a.mp3"));
        let first_byte_timeout = Some(tonearm_base::time::Duration::from_secs(limit));
        let source = Source { url, first_byte_timeout, ..Source::default() };
        host.player(PlayerInput::Load { token: 100, source, preload: Preload::None });
        host.play(1);
        host.advance(settled - 1.0);
        assert_eq!(host.state(), State::Starting);
        host.advance(1.0);
        assert!(host.settled.contains(&(1, Err(PlayFailure::Timeout))), "{limit} s");
    }
}

/// A server without ranges whose body breaks off brings the same bytes again and again.
#[test]
fn bytes_that_were_read_before_are_not_fetched_for_ever() {
    let mut host = FakeHost::playing();
    let requests = |host: &FakeHost| {
        host.media.iter().filter(|command| matches!(command, Command::Fetch { .. })).count()
    };
    for second in 1..30 {
        let (epoch, request) = host.last_request();
        if second == 1 || requests(&host) >= second - 1 {
            let failed = BodyEnd::Failed {};
            host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 700_000, end: failed });
            host.fact(Fact::BytesWanted { epoch, offset: 700_000 });
        }
        for tick in 0..10 {
            host.advance(100.0);
            host.position(f64::from(second as u32) + f64::from(tick) / 10.0);
        }
    }
    assert_eq!(requests(&host), 3);
    // What is at hand is heard, and the output may have to wait for it.
    assert!(matches!(host.media.last(), Some(Command::Finish { epoch: 1 })));
    assert_eq!(host.state(), State::Playing);
    host.report(Report::GapStarted { epoch: 1, at: host.now(), frames: 29 * 48_000 });
    assert_eq!(host.state(), State::Rebuffering);
    host.fact(Fact::Failed { epoch: 1, error: MediaError::Interrupted {} });
    host.report(Report::GapEnded { epoch: 1, at: host.now(), missing: 480, audible: true });
    host.report(Report::Ended { epoch: 1, at: host.now(), frames: 30 * 48_000 });
    assert_eq!(host.state(), State::Failed);
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::Network));
}

#[test]
fn a_source_that_no_script_may_read_is_named() {
    let mut host = FakeHost::loaded();
    host.play(1);
    let (_, request) = host.last_request();
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 0, end: BodyEnd::Opaque {} });
    assert!(host.settled.contains(&(1, Err(PlayFailure::Opaque))));
    let spans = spans(&mut host);
    for name in ["GET", "track.play"] {
        assert_eq!(text(named(&spans, name), "error.type").as_deref(), Some("cors"), "{name}");
    }
}

#[test]
fn a_file_that_is_gone_is_heard_as_far_as_it_is_here() {
    let mut host = FakeHost::playing();
    host.fact(Fact::BytesWanted { epoch: 1, offset: 500_000 });
    host.head(404);
    assert!(matches!(host.media.last(), Some(Command::Finish { epoch: 1 })));
    assert_eq!(host.state(), State::Playing);
    host.fact(Fact::Failed { epoch: 1, error: MediaError::Interrupted {} });
    host.report(Report::Ended { epoch: 1, at: host.now(), frames: 30 * 48_000 });
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::HttpStatus(404)));
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
fn a_lost_media_plane_is_named_and_opened_again_by_the_next_load() {
    let mut host = FakeHost::new();
    host.media_wasm_there = false;
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    host.player(PlayerInput::MediaUnavailable);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Unavailable))));
    assert_eq!(host.reopened, 0);
    host.media_wasm_there = true;
    host.load("https://cdn.example/b.mp3");
    assert_eq!(host.reopened, 1);
    // Nothing is opened before the new worklet is there: it would not hear of it.
    host.play(2);
    assert!(!matches!(host.media.last(), Some(Command::Open { .. })));
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    assert!(matches!(host.media.last(), Some(Command::Open { .. })));
}

#[test]
fn a_lost_output_is_replaced_by_the_next_play_which_goes_on_from_there() {
    let mut host = FakeHost::playing();
    host.advance(2000.0);
    host.position(2.0);
    host.player(PlayerInput::OutputUnavailable);
    assert_eq!((host.state(), host.reopened), (State::Failed, 0));
    host.play(2);
    assert_eq!((host.state(), host.reopened), (State::Recovering, 1));
    let ready = PlayerInput::OutputReady { rate: RATE, state: ContextState::Running };
    host.player(ready);
    let Some(Command::Open { position, .. }) = host.media.last() else { panic!("{:?}", host.media.last()) };
    assert!((position - 2.0).abs() < 0.01, "{position}");
    // One that goes while nothing plays is no failure.
    let mut idle = FakeHost::loaded();
    idle.player(PlayerInput::OutputUnavailable);
    idle.play(1);
    assert_eq!((idle.state(), idle.reopened), (State::Starting, 1));
    assert!(idle.settled.iter().all(|(_, result)| result.is_ok()), "{:?}", idle.settled);
}

#[test]
fn a_media_plane_of_another_version_is_named() {
    let mut host = FakeHost::loaded();
    host.fact(Fact::Hello { version: "9.9.9".into() });
    host.play(1);
    assert!(host.settled.contains(&(1, Err(PlayFailure::VersionMismatch))));
}
