//! Seeks: in every state, at every moment.

use super::{millis, named, spans, text};
use crate::fake_host::{FakeHost, PLAYER, RATE};
use tonearm_messages::{Command, Fact, MediaError};
use tonearm_player::engine::{ContextState, PlayerInput, Preload, Report, Source, WorkletCommand};
use tonearm_player::playback::{PlayFailure, State};

#[test]
fn a_seek_is_told_from_the_request_to_the_sound() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Seek(30.0));
    assert_eq!(host.state(), State::Seeking);
    let Some(Command::Seek { epoch, position, .. }) = host.media.last().cloned() else { panic!("no seek") };
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
    host.ended(60 * u64::from(RATE));
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
fn a_seek_to_the_very_end_is_over_before_the_track_is() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Seek(99.0));
    host.ended(0);
    assert!(
        host.events.ends_with(&["statechange", "seeked", "timeupdate", "pause", "ended"]),
        "{:?}",
        host.events
    );
}

#[test]
fn a_range_that_is_refused_is_the_media_planes_to_work_out() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Seek(50.0));
    let epoch = host.epoch();
    host.fact(Fact::BytesWanted { epoch, offset: 800_000 });
    host.head(416);
    assert_eq!(host.state(), State::Seeking);
    host.fact(Fact::Failed { epoch, error: MediaError::Truncated {} });
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::Truncated));
}

#[test]
fn a_seek_while_the_source_is_resolved_is_where_it_begins() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load { token: 1, source: Source::default(), preload: Preload::None });
    host.play(2);
    host.player(PlayerInput::Seek(30.0));
    host.player(PlayerInput::Resolved {
        play: 1,
        url: crate::fake_host::url_of("https://cdn.example/a.mp3"),
    });
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
fn a_seek_before_the_play_is_where_it_begins() {
    let mut host = FakeHost::loaded();
    host.player(PlayerInput::Seek(7.5));
    host.play(1);
    assert!(matches!(host.media.last(), Some(Command::Open { position: 7.5, .. })));
}

/// At another rate the same frames stand for more of the track: what is on its way is thrown away.
#[test]
fn another_rate_goes_on_from_the_position() {
    let mut host = FakeHost::playing();
    host.position(10.0);
    host.player(PlayerInput::Rate(1.5));
    let Some(Command::Seek { epoch, position, speed }) = host.media.last().cloned() else {
        panic!("no seek")
    };
    assert_eq!((position, speed, host.state()), (10.0, 1.5, State::Playing));
    assert!(host.events.contains(&"ratechange") && !host.events.contains(&"seeking"));
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 10.0 });
    host.advance(20.0);
    host.audible(0);
    host.position(4.0);
    let time = host.engine.player(PLAYER).unwrap().current_time(host.now());
    assert!((time - 16.0).abs() < 1e-9, "{time}");
}

/// Whatever keeps the samples away, the player does not say that it plays meanwhile.
#[test]
fn a_rate_that_is_not_heard_yet_waits() {
    let mut host = FakeHost::playing();
    host.position(10.0);
    host.player(PlayerInput::Rate(2.0));
    host.advance(199.0);
    assert_eq!(host.state(), State::Playing);
    host.advance(1.0);
    assert_eq!(host.state(), State::Rebuffering);
    assert!(host.events.ends_with(&["statechange", "waiting"]), "{:?}", host.events);
    host.advance(500.0);
    host.audible(0);
    assert_eq!((host.state(), host.events.last()), (State::Playing, Some(&"playing")));
    let stall = text(named(&spans(&mut host), "track.stall"), "audio.buffer.underflow.frames");
    assert_eq!(stall.as_deref(), Some("24000"));
    // One that is heard at once does not.
    host.player(PlayerInput::Rate(1.0));
    host.advance(50.0);
    host.audible(0);
    host.advance(300.0);
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn a_rate_whose_request_fails_is_named_and_never_silent() {
    for status in [403, 404, 412] {
        let mut host = FakeHost::playing();
        host.player(PlayerInput::Rate(1.5));
        host.fact(Fact::BytesWanted { epoch: host.epoch(), offset: 100_000 });
        host.head(status);
        assert_eq!(host.state(), State::Failed);
        assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::HttpStatus(status)));
    }
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Rate(1.5));
    host.fact(Fact::BytesWanted { epoch: host.epoch(), offset: 100_000 });
    for attempt in 0..7 {
        assert_ne!(host.state(), State::Failed, "after {attempt} attempts");
        host.head(503);
        host.fact(Fact::BytesWanted { epoch: host.epoch(), offset: 100_000 });
        host.advance(2000.0);
        assert_ne!(host.state(), State::Playing);
    }
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::Network));
    // A server that says nothing at all: the same within its time.
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Rate(1.5));
    host.fact(Fact::BytesWanted { epoch: host.epoch(), offset: 100_000 });
    host.advance(300.0);
    assert_eq!(host.state(), State::Rebuffering);
    host.advance(200_000.0);
    assert_eq!(host.engine.player(PLAYER).unwrap().failure(), Some(PlayFailure::Network));
}

/// The loop's end is met by the clock that the output has, at the rate that it has.
#[test]
fn a_loop_ends_by_the_output_and_not_by_a_clock_that_went_on_without_it() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Rate(2.0));
    let Some(Command::Seek { epoch, position, .. }) = host.media.last().cloned() else { panic!("no seek") };
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position });
    host.audible(0);
    let seeks =
        |host: &FakeHost| host.media.iter().filter(|command| matches!(command, Command::Seek { .. })).count();
    let before = seeks(&host);
    host.player(PlayerInput::Loop(Some((0.0, position + 20.0))));
    // The machine slept: nobody has heard those minutes.
    host.position(1.0);
    host.millis += 120_000.0;
    host.engine.handle_timeout(host.now());
    host.drain();
    assert_eq!((seeks(&host), host.state()), (before, State::Playing));
    host.position(9.5);
    host.advance(499.0);
    assert_eq!(seeks(&host), before);
    host.advance(2.0);
    assert_eq!(seeks(&host), before + 1);
}

/// Where timers come late, as in a page that nobody sees, a report ends the loop.
#[test]
fn a_report_from_behind_a_loops_end_ends_it() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Loop(Some((5.0, 8.0))));
    host.millis += 1000.0;
    host.position(8.4);
    assert!(matches!(host.media.last(), Some(Command::Seek { position: 5.0, .. })));
}

/// The sample may be heard before it is told as decoded: by ports of their own, either may be first.
#[test]
fn a_first_sample_that_overtakes_its_decoding_keeps_time_going() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Seek(30.0));
    let Some(Command::Seek { epoch, .. }) = host.media.last().cloned() else { panic!("no seek") };
    host.audible(0);
    host.advance(100.0);
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 29.9 });
    host.advance(100.0);
    let time = host.engine.player(PLAYER).unwrap().current_time(host.now());
    assert!((time - 30.1).abs() < 1e-6, "{time}");
}

/// A loop is no seek of the listener's, and the play goes on.
#[test]
fn a_loop_begins_again_where_it_is_told() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Loop(Some((5.0, 8.0))));
    host.position(7.0);
    host.advance(999.0);
    assert_eq!(host.state(), State::Playing);
    host.advance(1.0);
    let Some(Command::Seek { epoch, position, .. }) = host.media.last().cloned() else { panic!("no seek") };
    assert_eq!(position, 5.0);
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 5.0 });
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
    host.position(0.5);
    // Behind the track's end there is nothing to go back to, however often it is asked.
    host.player(PlayerInput::Loop(Some((1e6, 2e6))));
    host.position(4.0);
    host.player(PlayerInput::Loop(None));
    host.position(4.0);
    assert!(matches!(host.media.last(), Some(Command::Seek { epoch: last, .. }) if *last == epoch));
}
