//! What the audio output does by itself: refusals, stalls, silence.

use super::{millis, named, spans, text};
use crate::fake_host::{FakeHost, PLAYER, RATE};
use opentelemetry_proto::tonic::trace::v1::Span;
use tonearm_messages::Fact;
use tonearm_player::engine::{ContextState, PlayRequest, PlayerInput, Report};
use tonearm_player::playback::{PlayFailure, State};

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
        assert_eq!(
            text(named(&spans(&mut host), "track.play"), "error.type").as_deref(),
            Some("autoplay_refused")
        );
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
fn a_worklet_that_falls_silent_is_noticed_half_a_second_behind_its_next_report() {
    for (watched, silence) in [(true, 750.0), (false, 1500.0)] {
        let mut host = FakeHost::playing();
        if watched {
            host.player(PlayerInput::Watch);
        }
        for _ in 0..20 {
            host.advance(100.0);
            host.position(0.1);
        }
        assert_eq!(host.state(), State::Playing);
        host.advance(silence - 1.0);
        assert_eq!(host.state(), State::Playing);
        host.advance(2.0);
        assert_eq!(host.state(), State::Rebuffering);
        host.position(2.0);
        assert_eq!(host.state(), State::Playing);
    }
}

#[test]
fn a_busy_page_is_not_a_silent_worklet() {
    let mut host = FakeHost::playing();
    // The page was busy for two seconds: its timer fires late, and the reports lie in its queue.
    host.millis += 2000.0;
    host.engine.handle_timeout(host.now());
    host.drain();
    assert_eq!(host.state(), State::Playing);
    host.position(1.0);
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn a_context_that_is_closed_ends_each_play_by_name() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Context(ContextState::Closed));
    assert_eq!(host.state(), State::Failed);
    let failure = |host: &FakeHost| host.engine.player(PLAYER).unwrap().failure();
    assert_eq!(failure(&host), Some(PlayFailure::OutputLost));
    // It is the app's own: the next output says so before it is ready.
    host.play(2);
    host.player(PlayerInput::Context(ContextState::Closed));
    assert_eq!(host.settled.last(), Some(&(2, Err(PlayFailure::OutputLost))));
    // While nothing is wanted of it, nothing fails.
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Pause);
    host.player(PlayerInput::Context(ContextState::Closed));
    assert_eq!((host.state(), failure(&host)), (State::Paused, None));
}
