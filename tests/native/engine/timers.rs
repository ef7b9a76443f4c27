//! What a player waits for: which of its timers count in which state, and what follows where several pass
//! together.

use crate::fake_host::{FakeHost, RATE};
use tonearm_messages::{Command, Fact};
use tonearm_player::engine::{ContextState, PlayerInput};
use tonearm_player::playback::State;

/// A host in the middle of a track, without telemetry: each timer of the engine is the player's.
fn playing() -> FakeHost {
    let mut host = FakeHost::with_config(None);
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    host.bytes_flow();
    host.advance(20.0);
    host.audible(0);
    host
}

fn seeks(host: &FakeHost) -> usize {
    host.media.iter().filter(|command| matches!(command, Command::Seek { .. })).count()
}

#[test]
fn a_paused_player_wakes_nothing_and_its_heartbeat_is_due_at_the_resume() {
    let mut host = playing();
    assert!(host.engine.poll_timeout().is_some());
    host.player(PlayerInput::Pause);
    assert_eq!(host.engine.poll_timeout(), None);
    host.advance(40_000.0);
    host.play(2);
    assert!(host.engine.poll_timeout() < Some(host.now()), "{:?}", host.engine.poll_timeout());
    host.engine.handle_timeout(host.now());
    assert!(host.engine.poll_timeout() > Some(host.now()), "{:?}", host.engine.poll_timeout());
}

#[test]
fn a_player_that_has_come_to_an_end_wakes_nothing() {
    for stopped in [true, false] {
        let mut host = playing();
        host.player(PlayerInput::Loop(Some((5.0, 8.0))));
        host.position(7.0);
        if stopped {
            host.player(PlayerInput::Stop);
        } else {
            host.player(PlayerInput::Loop(None));
            host.ended(60 * u64::from(RATE));
        }
        assert_eq!(host.engine.poll_timeout(), None, "{:?}", host.state());
    }
}

/// The worklet reports the new position before its first sample is audible: a loop that ends there waits for
/// the seek.
#[test]
fn a_loop_does_not_end_during_a_seek() {
    let mut host = playing();
    host.player(PlayerInput::Loop(Some((5.0, 9.0))));
    host.player(PlayerInput::Seek(8.5));
    host.position(0.0);
    assert_eq!((host.state(), seeks(&host)), (State::Seeking, 1));
    host.advance(700.0);
    assert_eq!((host.state(), seeks(&host)), (State::Seeking, 1));
    host.fact(Fact::FirstDecoded { epoch: host.epoch(), at: host.unix(), position: 8.5 });
    host.audible(0);
    host.advance(499.0);
    assert_eq!((host.state(), seeks(&host)), (State::Playing, 1));
    host.advance(1.0);
    assert_eq!(seeks(&host), 2);
}

/// A timer counts as an earlier one of the same moment has left the player.
#[test]
fn a_stall_that_passes_together_with_the_end_of_a_loop_does_not_restart_it() {
    let mut host = playing();
    host.player(PlayerInput::Loop(Some((5.0, 9.0))));
    host.position(8.0);
    host.player(PlayerInput::Rate(2.0));
    host.position(0.0);
    assert_eq!((host.state(), seeks(&host)), (State::Playing, 1));
    // The stall is due after 200 ms, the loop's end after 500.
    host.millis += 550.0;
    host.engine.handle_timeout(host.now());
    host.drain();
    assert_eq!((host.state(), seeks(&host)), (State::Rebuffering, 1));
}
