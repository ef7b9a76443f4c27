//! Plays as they should be: from the click to the sound, held, resumed, ended, left.

use std::collections::HashMap;

use super::{hex, is_error, millis, named, spans, text};
use crate::fake_host::{FakeHost, ORIGIN, PLAYER, RATE, url_of};
use tonearm_messages::{BodyEnd, Command, Fact, MediaError, Request};
use tonearm_player::engine::{ContextState, Input, PlayerInput, Preload, Report, Source, WorkletCommand};
use tonearm_player::instrumentation::Url;
use tonearm_player::playback::{PlayFailure, State};
use tonearm_player::qoe::Phase;
use tonearm_telemetry::Signal;

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
    let (_, request) = host.last_request();
    let headers = request.headers.clone().unwrap();
    let traceparent = headers.strip_prefix("traceparent: ").unwrap().trim_end();
    host.fact(Fact::BodyEnd {
        request: request.id,
        at: host.unix(),
        bytes: 1_000_000,
        end: BodyEnd::Complete {},
    });
    for tick in 1..=150 {
        host.advance(400.0);
        host.position(f64::from(tick) * 0.4);
    }
    host.ended(60 * u64::from(RATE));
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
    let phases: HashMap<&str, u64> = player
        .start_up()
        .unwrap()
        .phases()
        .iter()
        .map(|(phase, length)| (phase.as_str(), length.as_millis()))
        .collect();
    assert_eq!(phases[Phase::Connect.as_str()] + phases[Phase::FirstByte.as_str()], 10);
    assert_eq!(phases.values().sum::<u64>(), 35);
}

#[test]
fn a_player_without_telemetry_works_alike() {
    let mut host = FakeHost::with_config(None);
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.load("https://cdn.example/a.mp3");
    host.play(1);
    assert_eq!(host.last_request().1.headers, None);
    host.bytes_flow();
    host.audible(0);
    assert!(host.settled.contains(&(1, Ok(()))));
    assert!(host.exports.is_empty());
}

#[test]
fn a_request_that_may_carry_no_header_carries_none() {
    let mut host = FakeHost::loaded();
    let url = Url { propagates: false, ..url_of("https://elsewhere.example/a.mp3") };
    host.player(PlayerInput::Load {
        token: 100,
        source: Source { url: Some(url), ..Source::default() },
        preload: Preload::None,
    });
    host.play(1);
    assert_eq!(host.last_request().1.headers, None);
}

#[test]
fn a_resolver_is_asked_at_the_play_and_its_request_is_part_of_it() {
    let mut host = FakeHost::new();
    host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
    host.player(PlayerInput::Load { token: 1, source: Source::default(), preload: Preload::None });
    assert!(host.resolves.is_empty());
    host.play(2);
    let play = host.resolves[0];
    // The scripts make the request, as a child of the play.
    assert!(host.engine.player(PLAYER).unwrap().context().is_some());
    host.advance(12.0);
    host.player(PlayerInput::Resolved { play, url: url_of("https://cdn.example/a.mp3") });
    host.bytes_flow();
    host.audible(0);
    let phases = host.engine.player(PLAYER).unwrap().start_up().unwrap().phases();
    assert_eq!(phases[0].1.as_millis(), 12);
    // An answer to an earlier play changes nothing.
    host.player(PlayerInput::Resolved { play: play - 1, url: url_of("https://cdn.example/b.mp3") });
    assert_eq!(host.state(), State::Playing);
    assert_eq!(
        text(named(&spans(&mut host), "track.play"), "track.play.outcome").as_deref(),
        Some("started")
    );
}

#[test]
fn requests_of_a_renewed_url_are_described_and_traced_as_its_own() {
    let mut host = FakeHost::playing();
    let (epoch, first) = host.last_request();
    assert!(first.headers.is_some_and(|headers| headers.contains("traceparent")));
    let other = Url { propagates: false, ..url_of("https://other.example/b.mp3") };
    host.player(PlayerInput::Renewed { url: other });
    host.fact(Fact::BodyEnd { request: first.id, at: host.unix(), bytes: 9, end: BodyEnd::Dropped {} });
    host.fact(Fact::BytesWanted { epoch, offset: 1000 });
    let (_, second) = host.last_request();
    assert_eq!((second.offset, second.headers), (1000, None));
    // The next play begins there.
    host.player(PlayerInput::Stop);
    host.play(2);
    let Some(Command::Open { url, request, .. }) =
        host.media.iter().rev().find(|command| matches!(command, Command::Open { .. }))
    else {
        panic!("no open")
    };
    assert_eq!((url.as_str(), request.headers.as_deref()), ("https://other.example/b.mp3", None));
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
fn a_report_that_was_under_way_at_the_pause_does_not_move_the_position() {
    let mut host = FakeHost::playing();
    host.advance(100.0);
    host.position(0.1);
    host.advance(30.0);
    host.player(PlayerInput::Pause);
    let time = |host: &FakeHost| host.engine.player(PLAYER).unwrap().current_time(host.now());
    let held = time(&host);
    host.position(0.12);
    host.advance(400.0);
    assert!((time(&host) - held).abs() < f64::EPSILON, "{held} became {}", time(&host));
    // What was heard is counted all the same, once the output goes on.
    host.play(2);
    host.audible(u64::from(RATE) / 5);
    assert_eq!(host.engine.player(PLAYER).unwrap().totals().played.as_millis(), 200);
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
    assert_eq!(host.engine.account(1, Signal::Traces).pending, 0, "no span is left open");
}

#[test]
fn a_track_that_ended_plays_from_its_start() {
    let mut host = FakeHost::playing();
    host.ended(60 * u64::from(RATE));
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
    let Some(Command::Fetch { request: Request { id, offset, headers }, .. }) = host.media.last() else {
        panic!("nothing was fetched");
    };
    assert_eq!((*id, *offset), (request.id + 1, 2_200_000));
    assert!(headers.is_some());
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

/// Every output of a run, whatever the order of a thousand random inputs: no panic, and no promise is settled
/// twice.
#[test]
fn random_inputs_settle_each_promise_once() {
    for seed in 0..60 {
        let mut random = tonearm_base::random::Random::seeded([seed, 3]);
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
                    let source =
                        Source { url: Some(url_of("https://cdn.example/x.mp3")), ..Source::default() };
                    host.player(PlayerInput::Load { token, source, preload: Preload::None });
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
        assert!(
            settled.iter().all(|(token, count)| *count == 1 || *token == 100),
            "seed {seed}: {settled:?}"
        );
        assert!(
            (1001..=token).all(|token| settled.contains_key(&token)),
            "seed {seed}: a promise was left open"
        );
        let account = host.engine.account(1, Signal::Traces);
        assert_eq!(account.started, account.exported + account.pending + account.dropped_total());
        assert_eq!(host.engine.poll_output(), None);
    }
}

#[test]
fn what_was_prepared_is_heard_at_once_and_its_bytes_belong_to_the_load() {
    let mut host = FakeHost::loaded();
    host.player(PlayerInput::Prepare);
    host.bytes_flow();
    assert_eq!(host.state(), State::Ready);
    assert!(host.worklet.iter().all(|command| *command == WorkletCommand::Hold), "{:?}", host.worklet);
    let opened = host.media.len();
    host.advance(5000.0);
    host.play(7);
    assert_eq!(host.media.len(), opened, "nothing is opened twice");
    assert_eq!(host.worklet.last(), Some(&WorkletCommand::Release { epoch: host.epoch() }));
    host.advance(4.0);
    host.audible(0);
    assert_eq!((host.state(), host.settled.last()), (State::Playing, Some(&(7, Ok(())))));
    let start = host.engine.player(PLAYER).and_then(|player| player.start_up().copied()).unwrap();
    let phases: Vec<_> = start.phases().iter().map(|(_, length)| length.as_millis()).collect();
    assert_eq!(phases, [0, 0, 0, 0, 4]);
}

#[test]
fn packets_that_became_silence_while_they_were_prepared_are_counted_by_the_play() {
    let mut host = FakeHost::loaded();
    let failures = |host: &FakeHost| {
        host.engine.player(PLAYER).map(|player| player.totals().decode_failures).unwrap_or_default()
    };
    host.player(PlayerInput::Prepare);
    host.bytes_flow();
    let epoch = host.epoch();
    host.fact(tonearm_messages::Fact::Decoded { epoch, packets: 9, failures: 2 });
    assert_eq!(failures(&host), 0, "no play has them yet");
    host.play(7);
    host.audible(0);
    host.fact(tonearm_messages::Fact::Decoded { epoch, packets: 9, failures: 1 });
    assert_eq!(failures(&host), 3);
}

#[test]
fn what_could_not_be_prepared_is_tried_again_by_the_play() {
    let mut host = FakeHost::loaded();
    host.player(PlayerInput::Prepare);
    host.head(503);
    assert_eq!(host.state(), State::Ready);
    assert!(!host.events.contains(&"error"));
    host.play(7);
    assert_eq!(host.state(), State::Starting);
    host.bytes_flow();
    host.audible(0);
    assert_eq!(host.state(), State::Playing);
}

/// A position that was asked for behind the preparation is where the play begins.
#[test]
fn a_seek_before_the_play_opens_what_was_prepared_anew() {
    let mut host = FakeHost::loaded();
    host.player(PlayerInput::Prepare);
    host.bytes_flow();
    host.player(PlayerInput::Seek(30.0));
    host.play(7);
    let position = host.media.iter().rev().find_map(|command| match command {
        tonearm_messages::Command::Open { position, .. } => Some(*position),
        _ => None,
    });
    assert_eq!(position, Some(30.0));
}

#[test]
fn what_was_prepared_for_its_metadata_is_dropped_with_them() {
    let mut host = FakeHost::loaded();
    host.load_with("https://cdn.example/a.mp3", Preload::Metadata);
    host.player(PlayerInput::Seek(30.0));
    let time = |host: &FakeHost| host.engine.player(PLAYER).unwrap().current_time(host.now());
    assert!((time(&host) - 30.0).abs() < 1e-9);
    host.bytes_flow();
    assert!(host.events.contains(&"loadedmetadata"));
    assert_eq!(host.media.last(), Some(&Command::Close {}));
    assert_eq!(host.state(), State::Ready);
    // The position that was set stays.
    assert!((time(&host) - 30.0).abs() < 1e-9);
    host.play(7);
    let Some(Command::Open { position, .. }) = host.media.last() else { panic!("{:?}", host.media.last()) };
    assert!((position - 30.0).abs() < 1e-9);
    // All is kept where all was asked for, at once or later.
    for (preload, then) in [(Preload::Auto, None), (Preload::Metadata, Some(PlayerInput::Prepare))] {
        let mut host = FakeHost::loaded();
        host.load_with("https://cdn.example/a.mp3", preload);
        if let Some(input) = then {
            host.player(input);
        }
        host.bytes_flow();
        assert_ne!(host.media.last(), Some(&Command::Close {}), "{preload:?}");
    }
}

#[test]
fn a_load_fetches_what_preload_says() {
    for (preload, opens) in [(Preload::None, false), (Preload::Metadata, true), (Preload::Auto, true)] {
        let mut host = FakeHost::loaded();
        host.load_with("https://cdn.example/b.mp3", preload);
        let opened = host.media.iter().any(|command| matches!(command, Command::Open { .. }));
        assert_eq!(opened, opens, "{preload:?}");
    }
}
