//! A source that can't begin: the app's next one, or the browser's element, within one play.

use super::{named, spans, text};
use crate::fake_host::{FakeHost, PLAYER, RATE, url_of};
use tonearm_messages::{BodyEnd, Command, Fact, MediaError};
use tonearm_player::engine::{ContextState, PlayerInput, Preload, Report, Source};
use tonearm_player::playback::{PlayFailure, State};

fn source(url: &str) -> Source {
    Source { url: Some(url_of(url)), element: true, ..Source::default() }
}

/// A play of a source that the element may have.
fn starting() -> FakeHost {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load {
        token: 100,
        source: source("https://cdn.example/a"),
        preload: Preload::None,
    });
    host.play(1);
    host
}

fn refuse(host: &mut FakeHost) {
    let (_, request) = host.last_request();
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 0, end: BodyEnd::Failed {} });
}

/// The response may not be read by a script.
fn opaque(host: &mut FakeHost) {
    let (_, request) = host.last_request();
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 0, end: BodyEnd::Opaque {} });
}

fn unsupported(host: &mut FakeHost) {
    let (epoch, request) = host.last_request();
    host.head(200);
    host.fact(Fact::FirstByte { request: request.id, at: host.unix() });
    host.fact(Fact::Failed { epoch, error: MediaError::UnsupportedFormat {} });
}

/// The element is there, and has what the engine opened.
fn element_opens(host: &mut FakeHost) {
    assert!(host.element);
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    let Some(Command::Open { url, .. }) = host.media.last() else { panic!("{:?}", host.media.last()) };
    assert_eq!(url, "https://cdn.example/a");
}

#[test]
fn the_element_plays_what_ours_can_not_in_the_same_play() {
    for fail in [refuse as fn(&mut FakeHost), opaque, unsupported] {
        let mut host = starting();
        fail(&mut host);
        assert_eq!(host.state(), State::Starting);
        element_opens(&mut host);
        host.bytes_flow();
        let epoch = host.epoch();
        host.report(Report::Audible { epoch, at: host.now(), frames: 0, method: "event" });
        assert!(host.settled.contains(&(1, Ok(()))));
        assert!(!host.events.contains(&"error"));
        let spans = spans(&mut host);
        let play = named(&spans, "track.play");
        assert_eq!(text(play, "player.engine").as_deref(), Some("element"));
        assert_eq!(text(play, "track.play.outcome").as_deref(), Some("started"));
    }
}

#[test]
fn where_the_element_fails_too_the_reason_is_the_true_one_and_the_play_is_one() {
    let cases = [
        (unsupported as fn(&mut FakeHost), MediaError::UnsupportedFormat {}, PlayFailure::NotSupported),
        (refuse, MediaError::UnsupportedFormat {}, PlayFailure::Network),
        (refuse, MediaError::Undecodable {}, PlayFailure::Undecodable),
        // An element calls a page of an error a format that it does not know.
        (opaque, MediaError::UnsupportedFormat {}, PlayFailure::Opaque),
        (opaque, MediaError::Undecodable {}, PlayFailure::Undecodable),
    ];
    for (fail, error, reason) in cases {
        let mut host = starting();
        fail(&mut host);
        element_opens(&mut host);
        let epoch = host.epoch();
        host.fact(Fact::Failed { epoch, error });
        assert_eq!(host.settled.last(), Some(&(1, Err(reason))));
        assert_eq!(host.events.iter().filter(|name| **name == "error").count(), 1);
        let spans = spans(&mut host);
        assert_eq!(text(named(&spans, "track.play"), "error.type"), Some(reason.error_type()));
        // Another play begins with ours again.
        host.play(2);
        assert!(!host.element);
    }
}

#[test]
fn both_engines_share_one_time_limit() {
    let mut host = starting();
    host.advance(5000.0);
    refuse(&mut host);
    element_opens(&mut host);
    host.advance(14_900.0);
    assert_eq!(host.state(), State::Starting);
    host.advance(200.0);
    assert_eq!(host.settled.last(), Some(&(1, Err(PlayFailure::Timeout))));
    // A server that hangs has used it up: the element is not tried.
    let mut host = starting();
    host.advance(20_000.0);
    assert_eq!(host.settled.last(), Some(&(1, Err(PlayFailure::Timeout))));
    assert_eq!(host.reopened, 0);
}

#[test]
fn a_server_that_refuses_and_a_source_with_hooks_are_not_for_the_element() {
    let mut host = starting();
    host.head(404);
    assert_eq!(host.settled.last(), Some(&(1, Err(PlayFailure::HttpStatus(404)))));
    let mut host = FakeHost::loaded();
    host.play(1);
    refuse(&mut host);
    assert_eq!(host.settled.last(), Some(&(1, Err(PlayFailure::Network))));
    assert_eq!(host.reopened, 0);
}

#[test]
fn a_failure_after_the_start_is_not_for_the_element() {
    let mut host = starting();
    host.bytes_flow();
    host.audible(0);
    let epoch = host.epoch();
    host.fact(Fact::Failed { epoch, error: MediaError::Undecodable {} });
    host.report(Report::Ended { epoch, at: host.now(), frames: 1 });
    assert_eq!((host.state(), host.reopened), (State::Failed, 0));
}

#[test]
fn the_next_source_is_tried_within_the_same_play() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    let first = Source { alternatives: 1, ..source("https://cdn.example/a") };
    host.player(PlayerInput::Load { token: 100, source: first, preload: Preload::None });
    host.alternatives.push(source("https://cdn.example/b"));
    host.play(1);
    host.head(404);
    assert_eq!(host.state(), State::Starting);
    let Some(Command::Open { url, .. }) = host.media.last() else { panic!("{:?}", host.media.last()) };
    assert_eq!(url, "https://cdn.example/b");
    host.bytes_flow();
    host.audible(0);
    assert!(host.settled.contains(&(1, Ok(()))));
    assert!(!host.events.contains(&"error"));
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), None);
    named(&spans(&mut host), "track.play");
}
