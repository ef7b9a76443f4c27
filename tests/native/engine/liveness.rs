//! Workers and outputs that are lost: when that is noticed, by which name, and what the next play has.

use crate::fake_host::{FakeHost, PLAYER, RATE};
use tonearm_messages::{BodyEnd, Command, Fact};
use tonearm_player::engine::{ContextState, PlayerInput, Preload, Report, WorkletCommand};
use tonearm_player::playback::{PlayFailure, State};

/// The track plays on for so long.
fn play_on(host: &mut FakeHost, millis: f64) {
    let end = host.millis + millis;
    while host.millis < end {
        host.advance(250.0);
        host.position(host.millis / 1000.0);
    }
}

/// How long it takes until the player fails; at most 10 s.
fn time_to_failure(host: &mut FakeHost) -> f64 {
    let begin = host.millis;
    while host.state() != State::Failed && host.millis < begin + 10_000.0 {
        host.advance(10.0);
        if host.output_alive && host.state() == State::Playing {
            host.position(host.millis / 1000.0);
        }
    }
    host.millis - begin
}

fn failure(host: &FakeHost) -> Option<PlayFailure> {
    host.engine.player(PLAYER).unwrap().failure()
}

/// The next play has another Worker and another output, and begins where the last one ended.
fn plays_again(host: &mut FakeHost) {
    (host.worker_alive, host.output_alive) = (true, true);
    let reopened = host.reopened;
    host.play(9);
    assert_eq!((host.state(), host.reopened, host.element), (State::Recovering, reopened + 1, false));
    assert!(matches!(host.media.last(), Some(Command::Hello { .. })), "{:?}", host.media.last());
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    assert!(matches!(host.media.last(), Some(Command::Open { .. })));
    host.bytes_flow();
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
    assert!(host.settled.contains(&(9, Ok(()))));
}

#[test]
fn a_worker_that_is_gone_is_noticed_within_two_seconds() {
    for alive_for in [0.0, 400.0, 1100.0, 5300.0] {
        let mut host = FakeHost::playing();
        play_on(&mut host, alive_for);
        host.worker_alive = false;
        let time = time_to_failure(&mut host);
        assert!(time <= 1950.0, "noticed after {time} ms");
        assert_eq!(failure(&host), Some(PlayFailure::WorkerLost));
        plays_again(&mut host);
    }
}

#[test]
fn a_worker_that_is_gone_is_noticed_in_every_state_that_waits_for_it() {
    // Starting, seeking, rebuffering, and a load ahead of a play.
    let mut starting = FakeHost::loaded();
    starting.worker_alive = false;
    starting.play(1);
    assert!(time_to_failure(&mut starting) <= 1950.0);
    assert!(starting.settled.contains(&(1, Err(PlayFailure::WorkerLost))));

    let mut seeking = FakeHost::playing();
    seeking.worker_alive = false;
    seeking.player(PlayerInput::Seek(30.0));
    assert!(time_to_failure(&mut seeking) <= 1950.0);

    let mut dry = FakeHost::playing();
    dry.worker_alive = false;
    let epoch = dry.epoch();
    dry.report(Report::GapStarted { epoch, at: dry.now(), frames: 0 });
    assert!(time_to_failure(&mut dry) <= 1950.0);

    let mut loading = FakeHost::loaded();
    loading.worker_alive = false;
    loading.player(PlayerInput::Prepare);
    loading.advance(1950.0);
    loading.play(1);
    assert_eq!(loading.reopened, 1, "the play has another Worker");
}

#[test]
fn a_paused_player_pings_nothing() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::Pause);
    host.worker_alive = false;
    host.advance(60_000.0);
    assert_eq!((host.state(), failure(&host)), (State::Paused, None));
}

#[test]
fn a_track_that_plays_costs_no_ping() {
    let mut host = FakeHost::playing();
    let pings = host.pings;
    play_on(&mut host, 60_000.0);
    assert_eq!((host.state(), host.pings), (State::Playing, pings));
}

#[test]
fn a_worker_that_is_gone_when_the_output_has_ended_is_noticed() {
    let mut host = FakeHost::playing();
    host.worker_alive = false;
    let epoch = host.epoch();
    host.report(Report::Ended { epoch, at: host.now(), frames: 48_000 });
    assert!(time_to_failure(&mut host) <= 1950.0);
}

#[test]
fn a_worker_that_is_busy_for_a_second_is_not_lost() {
    let mut host = FakeHost::playing();
    for _ in 0..5 {
        host.worker_alive = false;
        play_on(&mut host, 1000.0);
        host.worker_alive = true;
        // Its task is over: it answers.
        host.fact(Fact::Pong { id: 1 });
        play_on(&mut host, 250.0);
    }
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn a_page_that_was_busy_or_asleep_does_not_lose_its_worker() {
    for asleep in [1500.0, 3000.0, 8.0 * 3_600_000.0] {
        let mut host = FakeHost::playing();
        host.worker_alive = false;
        host.advance(700.0);
        // The timer fires late, with the answer and the reports still in the page's queue.
        host.millis += asleep;
        host.engine.handle_timeout(host.now());
        host.drain();
        assert_ne!(host.state(), State::Failed, "asleep for {asleep} ms");
        host.worker_alive = true;
        host.fact(Fact::Pong { id: 1 });
        play_on(&mut host, 5000.0);
        assert_eq!(host.state(), State::Playing);
    }
}

#[test]
fn a_page_whose_timers_are_all_late_still_notices() {
    let mut host = FakeHost::playing();
    host.worker_alive = false;
    for _ in 0..12 {
        let due = host.engine.poll_timeout().map_or(0.0, tonearm_base::time::Instant::as_millis);
        host.millis = host.millis.max(due) + 900.0;
        host.engine.handle_timeout(host.now());
        host.drain();
        if host.state() == State::Playing {
            host.position(host.millis / 1000.0);
            host.report(Report::MediaSilent { epoch: host.epoch() });
        }
    }
    assert_eq!(failure(&host), Some(PlayFailure::WorkerLost));
}

#[test]
fn a_worker_whose_script_is_on_its_way_is_not_lost_and_one_that_was_fetched_is() {
    let mut slow = FakeHost::new();
    slow.worker_alive = false;
    slow.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    slow.load("https://cdn.example/a.mp3");
    slow.play(1);
    slow.advance(15_000.0);
    assert_eq!(slow.state(), State::Starting);
    slow.player(PlayerInput::MediaLoaded);
    assert!(time_to_failure(&mut slow) <= 1950.0);
    assert!(slow.settled.contains(&(1, Err(PlayFailure::WorkerLost))));
    // One that is never fetched is replaced too.
    let mut never = FakeHost::new();
    never.worker_alive = false;
    never.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    never.load("https://cdn.example/a.mp3");
    never.play(1);
    never.advance(20_000.0);
    assert!(never.settled.contains(&(1, Err(PlayFailure::Unavailable))));
    plays_again(&mut never);
}

#[test]
fn a_worker_that_threw_is_named_so() {
    let mut host = FakeHost::playing();
    host.player(PlayerInput::MediaUnavailable);
    assert_eq!(failure(&host), Some(PlayFailure::WorkerFault));
    plays_again(&mut host);
}

#[test]
fn what_the_output_holds_of_the_whole_track_is_heard_without_a_worker() {
    let mut host = FakeHost::playing();
    let epoch = host.epoch();
    host.fact(Fact::DecodedAll { epoch, end: 60.0, frames: 60 * 44_100, failures: 0 });
    host.worker_alive = false;
    play_on(&mut host, 5000.0);
    assert_eq!((host.state(), failure(&host)), (State::Playing, None));
    // A seek has another Worker.
    host.worker_alive = true;
    host.player(PlayerInput::Seek(10.0));
    assert_eq!((host.state(), host.reopened), (State::Seeking, 1));
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    let Some(Command::Open { position, .. }) = host.media.last() else { panic!("{:?}", host.media.last()) };
    assert!((position - 10.0).abs() < 1e-9);
}

#[test]
fn a_worker_that_went_during_a_pause_is_replaced_by_the_resume() {
    let mut host = FakeHost::playing();
    play_on(&mut host, 3000.0);
    host.player(PlayerInput::Pause);
    host.player(PlayerInput::MediaUnavailable);
    assert_eq!((host.state(), failure(&host)), (State::Paused, None));
    let here = host.engine.player(PLAYER).unwrap().current_time(host.now());
    host.play(2);
    assert_eq!((host.state(), host.reopened), (State::Starting, 1));
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    let Some(Command::Open { position, .. }) = host.media.last() else { panic!("{:?}", host.media.last()) };
    assert!((position - here).abs() < 1e-9);
    assert_eq!(host.worklet.last(), Some(&WorkletCommand::Release { epoch: host.epoch() }));
}

#[test]
fn an_output_that_renders_nothing_is_lost_within_two_seconds() {
    for watched in [false, true] {
        let mut host = FakeHost::playing();
        if watched {
            host.player(PlayerInput::Watch);
        }
        play_on(&mut host, 2000.0);
        host.output_alive = false;
        let time = time_to_failure(&mut host);
        assert!(time <= 1950.0, "noticed after {time} ms");
        assert_eq!((failure(&host), host.contexts_replaced), (Some(PlayFailure::OutputLost), 1));
        plays_again(&mut host);
    }
    // Before anything was heard, too.
    let mut host = FakeHost::loaded();
    host.output_alive = false;
    host.play(1);
    host.bytes_flow();
    assert!(time_to_failure(&mut host) <= 1950.0);
    assert!(host.settled.contains(&(1, Err(PlayFailure::OutputLost))));
}

#[test]
fn an_output_that_waits_for_a_slow_server_is_not_lost() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.advance(15_000.0);
    assert_eq!((host.state(), host.contexts_replaced), (State::Starting, 0));
}

#[test]
fn a_resolver_or_an_output_that_hangs_ends_within_the_time_limit() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load {
        token: 1,
        source: tonearm_player::engine::Source::default(),
        preload: Preload::None,
    });
    host.play(2);
    host.advance(20_000.0);
    assert!(host.settled.contains(&(2, Err(PlayFailure::Resolve))), "{:?}", host.settled);
    let mut host = FakeHost::new();
    host.load("https://cdn.example/a.mp3");
    host.play(2);
    host.advance(20_000.0);
    assert!(host.settled.contains(&(2, Err(PlayFailure::Unavailable))), "{:?}", host.settled);
    assert_eq!(host.contexts_replaced, 1, "the next play asks for the worklet anew");
}

/// The whole source is here, and nothing decodes it.
fn whole_source(host: &mut FakeHost) {
    let (_, request) = host.last_request();
    host.head(200);
    host.fact(Fact::FirstByte { request: request.id, at: host.unix() });
    host.fact(Fact::BodyEnd { request: request.id, at: host.unix(), bytes: 9, end: BodyEnd::Complete {} });
}

#[test]
fn a_module_of_a_format_that_never_comes_ends_the_play_by_its_name() {
    let mut host = FakeHost::loaded();
    host.play(1);
    whole_source(&mut host);
    host.advance(9_900.0);
    assert_eq!(host.state(), State::Starting);
    host.advance(200.0);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Unavailable))), "{:?}", host.settled);
    plays_again(&mut host);
    // One that comes in time is waited for.
    let mut host = FakeHost::loaded();
    host.play(1);
    whole_source(&mut host);
    host.advance(9_000.0);
    let epoch = host.epoch();
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 0.0 });
    host.advance(30_000.0);
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
}

#[test]
fn a_load_ahead_of_a_play_waits_for_the_module_as_long_as_the_play_does() {
    let mut host = FakeHost::loaded();
    host.player(PlayerInput::Prepare);
    whole_source(&mut host);
    host.advance(60_000.0);
    assert_eq!(host.state(), State::Ready);
    host.play(1);
    host.advance(20_100.0);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Unavailable))), "{:?}", host.settled);
}

#[test]
fn a_worker_whose_wasm_never_comes_is_named_so() {
    let mut host = FakeHost::new();
    host.media_wasm_there = false;
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    host.advance(19_900.0);
    assert_eq!(host.state(), State::Starting);
    host.advance(200.0);
    assert!(host.settled.contains(&(1, Err(PlayFailure::Unavailable))), "{:?}", host.settled);
}

#[test]
fn a_worker_whose_script_was_fetched_answers_within_two_seconds_of_its_creation() {
    let mut host = FakeHost::new();
    host.worker_alive = false;
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    host.advance(600.0);
    host.player(PlayerInput::MediaLoaded);
    let time = time_to_failure(&mut host);
    assert!(600.0 + time <= 1950.0, "noticed after {time} ms");
    // A script that runs by then is not asked for anything.
    let mut host = FakeHost::loaded();
    host.play(1);
    host.player(PlayerInput::MediaLoaded);
    host.advance(10_000.0);
    assert_eq!(host.state(), State::Starting);
}
