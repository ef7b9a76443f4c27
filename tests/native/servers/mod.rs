//! Servers that give less than was asked, break off, refuse, or change their minds: what a user hears and
//! what the player says.

mod odd;
mod world;

use tonearm_player::engine::PlayerInput;
use tonearm_player::playback::{PlayFailure, State};

use crate::fake_host::PLAYER;
use world::{Answer, World};

/// Sixteen bits, mono, 48 kHz: each sample is another than its neighbours, and none is silent.
fn wav(seconds: u32) -> Vec<u8> {
    let frames = seconds * 48_000;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + frames * 2).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend([16, 0, 0, 0, 1, 0, 1, 0]);
    bytes.extend(48_000u32.to_le_bytes());
    bytes.extend(96_000u32.to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((frames * 2).to_le_bytes());
    for n in 0..frames {
        bytes.extend(sample(n as usize).to_le_bytes());
    }
    bytes
}

fn sample(n: usize) -> i16 {
    i16::try_from(n % 30_011).unwrap() + 1
}

/// Whether the tape holds the file from `from` frames on, sample by sample.
fn is_the_file(tape: &[f32], from: usize) -> bool {
    let want = |n: usize| f32::from(sample(from + n)) / 32_768.0;
    tape.iter().enumerate().all(|(n, heard)| (heard - want(n)).abs() < 1e-6)
}

/// A server that serves ranges, each cut to `cap` bytes.
fn capped(file: Vec<u8>, cap: usize, states_total: bool) -> impl FnMut(u64) -> Answer {
    move |offset| {
        let first = offset as usize;
        let total = file.len();
        if first >= total {
            let content_range = format!("bytes */{total}");
            return Answer { status: 416, content_range, ..Answer::default() };
        }
        let end = total.min(first + cap);
        let stated = if states_total { total.to_string() } else { "*".into() };
        let range = format!("bytes {first}-{}/{stated}", end - 1);
        let content_range = range;
        Answer {
            status: 206,
            accepts_ranges: true,
            content_range,
            body: file[first..end].to_vec(),
            ..Answer::default()
        }
    }
}

/// A server without ranges.
fn whole(file: Vec<u8>, length: u64) -> impl FnMut(u64) -> Answer {
    move |_| Answer { status: 200, length: Some(length), body: file.clone(), ..Answer::default() }
}

fn failure(world: &World) -> Option<PlayFailure> {
    world.host.engine.player(PLAYER).unwrap().failure()
}

#[test]
fn parts_of_any_size_are_one_file() {
    for cap in [2_000, 65_536, 700_001, usize::MAX >> 1] {
        let mut world = World::new(capped(wav(10), cap, true));
        world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
        assert_eq!((world.state(), world.tape.len()), (State::Ended, 480_000), "parts of {cap}");
        assert!(is_the_file(&world.tape, 0));
        assert_eq!(world.requests.len(), 960_044usize.div_ceil(cap), "parts of {cap}");
    }
}

/// Parts of a file whose length nobody states: only the last one is followed by none.
#[test]
fn parts_without_a_total_are_one_file() {
    for cap in [100_000, 480_022, usize::MAX >> 1] {
        let mut world = World::new(capped(wav(10), cap, false));
        world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
        assert_eq!((world.state(), world.tape.len()), (State::Ended, 480_000), "parts of {cap}");
        assert!(is_the_file(&world.tape, 0) && world.requests.is_sorted());
        assert!(world.sent == 960_044 && world.requests.len() <= 960_044 / cap + 2, "{:?}", world.requests);
    }
}

/// The least part after which the next one is requested at once.
#[test]
fn parts_of_a_kibibyte_without_a_total_are_one_file() {
    let mut world = World::new(capped(wav(1), 1024, false));
    world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), world.tape.len(), world.requests.len()), (State::Ended, 48_000, 94));
    assert!(is_the_file(&world.tape, 0));
}

/// A server that says that it serves ranges, and refuses each.
#[test]
fn ranges_that_are_announced_and_refused_are_not_needed() {
    let file = wav(10);
    let length = Some(file.len() as u64);
    let mut first = true;
    let mut world = World::new(move |offset| {
        let end = if std::mem::take(&mut first) { 400_000 } else { file.len() };
        let breaks = end < file.len();
        let status = if offset > 0 { 416 } else { 200 };
        let body = if offset > 0 { Vec::new() } else { file[..end].to_vec() };
        Answer { status, length, accepts_ranges: true, breaks, body, ..Answer::default() }
    });
    world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), world.tape.len()), (State::Ended, 480_000));
    assert_eq!(world.requests, [0, 400_000, 0]);
}

/// The first response states the length, a part states none: the file is as long as was stated.
#[test]
fn a_part_that_states_no_total_does_not_end_the_file() {
    let file = wav(10);
    let mut part = capped(file.clone(), 100_000, false);
    let mut world = World::new(move |offset| {
        if offset > 0 {
            return part(offset);
        }
        let length = Some(file.len() as u64);
        Answer { status: 200, length, breaks: true, body: file[..50_000].to_vec(), ..Answer::default() }
    });
    world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), world.tape.len()), (State::Ended, 480_000));
    assert!(is_the_file(&world.tape, 0));
}

/// A body of 200 that ends cleanly, and before its stated length.
#[test]
fn a_whole_file_that_ends_early_is_asked_for_on() {
    let file = wav(10);
    let mut world = World::new(move |offset| {
        let first = offset as usize;
        let total = file.len();
        let end = total.min(first + 300_000);
        let range = format!("bytes {first}-{}/{total}", end - 1);
        let content_range = if first > 0 { range } else { String::new() };
        let status = if first > 0 { 206 } else { 200 };
        let length = (first == 0).then_some(total as u64);
        Answer { status, length, content_range, body: file[first..end].to_vec(), ..Answer::default() }
    });
    world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), world.tape.len()), (State::Ended, 480_000));
    assert!(is_the_file(&world.tape, 0) && world.requests.len() == 4, "{:?}", world.requests);
}

#[test]
fn parts_that_bring_nothing_are_asked_for_a_bounded_number_of_times() {
    let file = wav(10);
    let mut world = World::new(move |offset| {
        let first = offset as usize;
        let end = if first == 0 { 500_000 } else { first };
        let range = format!("bytes {first}-{}/{}", end.max(first + 1) - 1, file.len());
        let content_range = range;
        Answer { status: 206, content_range, body: file[first..end].to_vec(), ..Answer::default() }
    });
    world.run_until(60.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!(failure(&world), Some(PlayFailure::Network));
    assert!(world.requests.len() <= 12, "{:?}", world.requests);
    assert!(world.tape.len() > 249_000 && is_the_file(&world.tape, 0), "{} frames", world.tape.len());
}

#[test]
fn a_body_that_always_breaks_off_is_heard_to_there_and_then_named() {
    let file = wav(20);
    let length = file.len() as u64;
    let part = file[..700_000].to_vec();
    let mut world = World::new(move |_| Answer {
        status: 200,
        length: Some(length),
        breaks: true,
        body: part.clone(),
        ..Answer::default()
    });
    world.run_until(45.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!(failure(&world), Some(PlayFailure::Network));
    assert_eq!((world.requests.len(), world.sent), (4, 4 * 700_000));
    // Every frame that came is heard: the last bytes too.
    assert_eq!(world.tape.len(), (700_000 - 44) / 2);
    assert!(is_the_file(&world.tape, 0) && world.silent_playing < 20.0);
}

/// A few new bytes with each download are no progress.
#[test]
fn a_server_that_brings_a_little_more_each_time_is_not_asked_for_ever() {
    let file = wav(60);
    let length = Some(file.len() as u64);
    let mut end = 500_000;
    let mut world = World::new(move |_| {
        end += 2_000;
        Answer { status: 200, length, breaks: true, body: file[..end].to_vec(), ..Answer::default() }
    });
    world.run_until(60.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!(failure(&world), Some(PlayFailure::Network));
    assert_eq!(world.requests.len(), 4);
}

#[test]
fn a_content_length_that_is_too_large_is_no_error_where_the_file_is_whole() {
    let file = wav(5);
    let length = file.len() as u64 + 100_000;
    let mut world = World::new(move |_| Answer {
        status: 200,
        length: Some(length),
        breaks: true,
        body: file.clone(),
        ..Answer::default()
    });
    world.run_until(45.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), world.tape.len()), (State::Ended, 240_000));
    assert!(world.requests.len() <= 4, "{:?}", world.requests);
}

#[test]
fn a_server_that_refuses_ranges_plays_from_whole_files() {
    let file = wav(10);
    let (mut full, length) = (whole(file.clone(), file.len() as u64), file.len() as u64);
    let mut first = true;
    let mut world = World::new(move |offset| {
        if std::mem::take(&mut first) {
            // The connection breaks once.
            return Answer {
                status: 200,
                length: Some(length),
                breaks: true,
                body: file[..400_000].to_vec(),
                ..Answer::default()
            };
        }
        if offset > 0 { Answer { status: 416, ..Answer::default() } } else { full(0) }
    });
    world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), world.tape.len()), (State::Ended, 480_000));
    assert!(is_the_file(&world.tape, 0));
    assert_eq!(world.requests, [0, 400_000, 0]);
}

#[test]
fn a_file_that_is_shorter_than_its_server_said_ends_where_it_ends() {
    let file = wav(5);
    let (total, length) = (file.len(), file.len() as u64 + 5_000);
    let mut world = World::new(move |offset| {
        if offset > 0 {
            let content_range = format!("bytes */{total}");
            return Answer { status: 416, content_range, ..Answer::default() };
        }
        Answer { status: 200, length: Some(length), body: file.clone(), breaks: true, ..Answer::default() }
    });
    world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), failure(&world), world.tape.len()), (State::Ended, None, 240_000));
}

#[test]
fn a_file_that_changed_is_named_once_what_is_here_was_heard() {
    for (etag, changed) in [(r#""b""#, true), (r#"W/"a""#, false), (r#""a-gzip""#, false)] {
        let file = wav(10);
        let mut world = World::new(move |offset| {
            let first = offset as usize;
            let total = file.len();
            let etag = if first > 0 { etag } else { r#""a""# }.into();
            let range = format!("bytes {first}-{}/{total}", total - 1);
            let content_range = if first > 0 { range } else { String::new() };
            Answer {
                status: if first > 0 { 206 } else { 200 },
                length: (first == 0).then_some(total as u64),
                breaks: first == 0,
                content_range,
                etag,
                body: file[first..if first > 0 { total } else { 500_000 }].to_vec(),
                ..Answer::default()
            }
        });
        world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
        assert_eq!(failure(&world), changed.then_some(PlayFailure::SourceChanged), "{etag}");
        let heard = if changed { (500_000 - 44) / 2 } else { 480_000 };
        assert_eq!(world.tape.len(), heard, "{etag}");
        assert!(is_the_file(&world.tape, 0), "{etag}");
    }
}

#[test]
fn another_rate_fetches_nothing_anew() {
    let file = wav(60);
    let total = file.len();
    let mut world = World::new(capped(file, total, true));
    world.run_until(10.0, |world| world.time() > 3.0);
    for rate in [2.0, 0.5, 1.5, 4.0, 1.0] {
        let before = world.time();
        world.host.player(PlayerInput::Rate(rate));
        world.run(1.0);
        assert_eq!(world.state(), State::Playing);
        let went = world.time() - before;
        assert!((went - rate).abs() < 0.1 * rate + 0.06, "{went} s at {rate} times");
    }
    assert!(world.silent_playing < 100.0, "{} ms of silence", world.silent_playing);
    // Each request goes on where the last one ended.
    assert!(world.sent <= total as u64 && world.requests.is_sorted(), "{:?}", world.requests);
    assert!(world.requests.iter().all(|&first| first == 0 || first >= 2 << 20), "{:?}", world.requests);
}

/// All of the file is decoded, and a part of it is left to hear.
#[test]
fn another_rate_near_the_end_is_heard_to_the_end() {
    let file = wav(6);
    let total = file.len();
    let mut world = World::new(capped(file, total, true));
    world.run_until(10.0, |world| world.time() > 4.0);
    world.host.player(PlayerInput::Rate(0.5));
    let before = world.host.millis;
    world.run_until(10.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!(world.state(), State::Ended);
    let took = (world.host.millis - before) / 1000.0;
    assert!((took - 4.0).abs() < 0.15, "{took} s for the last two at half the rate");
    assert_eq!(world.requests, [0]);
}

/// At the rate of 1 again the samples are those of the file, from the position on.
#[test]
fn a_rate_goes_on_at_the_very_position() {
    let file = wav(30);
    let total = file.len();
    let mut world = World::new(capped(file, total, true));
    world.run_until(10.0, |world| world.time() > 2.0);
    world.host.player(PlayerInput::Rate(2.0));
    world.run(1.0);
    let position = world.time();
    world.host.player(PlayerInput::Rate(1.0));
    world.tape.clear();
    world.run(2.0);
    let from = (position * 48_000.0).round() as usize;
    let near = (from - 2..from + 3).any(|from| is_the_file(&world.tape, from));
    assert!(near && world.tape.len() > 90_000, "{} frames from {from}", world.tape.len());
}

/// What is decoded is played at the new rate while the network is gone, and the end has a name.
#[test]
fn a_rate_over_a_network_that_is_gone_is_never_silent_while_it_says_playing() {
    for status in [403, 404, 412, 503, 0] {
        let file = wav(60);
        let mut world = World::new(move |offset| {
            if offset > 0 {
                return Answer { status, breaks: status == 0, hangs: status == 0, ..Answer::default() };
            }
            let length = Some(file.len() as u64);
            let body = file[..960_000].to_vec();
            Answer { status: 200, length, accepts_ranges: true, breaks: true, body, ..Answer::default() }
        });
        world.run_until(10.0, |world| world.time() > 2.0 || world.state() == State::Failed);
        world.host.player(PlayerInput::Rate(1.5));
        world.run_until(300.0, |world| matches!(world.state(), State::Ended | State::Failed));
        let wanted = match status {
            0 | 503 => PlayFailure::Network,
            status => PlayFailure::HttpStatus(status),
        };
        assert_eq!(failure(&world), Some(wanted), "{status}");
        assert!(world.time() > 9.9, "{status}: heard to {} s", world.time());
        assert!(world.silent_playing < 400.0, "{status}: {} ms of silence", world.silent_playing);
    }
}

#[test]
fn a_seek_in_memory_is_served_from_memory() {
    let file = wav(60);
    let total = file.len();
    let mut world = World::new(capped(file, total, true));
    world.run_until(10.0, |world| world.time() > 3.0);
    let requests = world.requests.len();
    for ahead in [0.5, 3.0, 2.0, 0.0] {
        let to = world.time() + ahead;
        world.host.player(PlayerInput::Seek(to));
        world.tape.clear();
        world.run(0.5);
        assert_eq!(world.requests.len(), requests, "{ahead} s ahead: {:?}", world.requests);
        let from = (to * 48_000.0).round() as usize;
        assert!(
            !world.tape.is_empty() && (from - 1..from + 2).any(|from| is_the_file(&world.tape, from)),
            "{ahead} s ahead"
        );
    }
}

/// A server without ranges: a seek forward reads on in the same body.
#[test]
fn a_seek_without_ranges_downloads_nothing_twice_on_its_way_forward() {
    let file = wav(60);
    let length = file.len() as u64;
    let mut full = whole(file.clone(), length);
    let mut broken = true;
    let mut world = World::new(move |_| {
        let breaks = std::mem::take(&mut broken);
        let mut answer = full(0);
        if breaks {
            answer.body.truncate(400_000);
            answer.breaks = true;
        }
        answer
    });
    // The break shows that there are no ranges.
    world.run_until(20.0, |world| world.time() > 6.0);
    let requests = world.requests.len();
    world.host.player(PlayerInput::Seek(50.0));
    world.run_until(20.0, |world| world.time() > 51.0 && world.state() == State::Playing);
    assert_eq!(world.requests.len(), requests, "{:?}", world.requests);
}

/// Of a network that is gone a paused player asks a few times, then waits for the next play, which asks at
/// once.
#[test]
fn a_paused_player_does_not_ask_for_ever() {
    let file = wav(60);
    let refused = std::rc::Rc::new(std::cell::Cell::new(None));
    let (count, mut server) = (refused.clone(), capped(file, 900_000, true));
    let mut world = World::new(move |offset| {
        if let Some(before) = count.get() {
            count.set(Some(before + 1));
            return Answer { status: 503, ..Answer::default() };
        }
        server(offset)
    });
    world.run_until(10.0, |world| world.time() > 1.0);
    refused.set(Some(0));
    world.run_until(60.0, |_| refused.get() > Some(0));
    world.host.player(PlayerInput::Pause);
    world.run(30.0);
    let requests = world.requests.len();
    world.run(600.0);
    assert_eq!(world.requests.len(), requests, "{} requests in a pause", world.requests.len() - requests);
    assert_eq!(world.state(), State::Paused);
    refused.set(None);
    world.host.play(2);
    world.run(0.1);
    assert!(world.requests.len() > requests, "the play asks at once");
    world.run_until(120.0, |world| world.state() == State::Ended);
    assert!(is_the_file(&world.tape, 0) && world.tape.len() == 60 * 48_000, "{}", world.tape.len());
}

/// A server that codes the body and does not say so states a length that is not the file's.
#[test]
fn a_length_of_a_coded_body_cuts_nothing_off() {
    let file = wav(20);
    let mut world = World::new(whole(file.clone(), file.len() as u64 / 3));
    world.run_until(60.0, |world| matches!(world.state(), State::Ended | State::Failed));
    assert_eq!((world.state(), world.tape.len()), (State::Ended, 20 * 48_000));
    assert!(is_the_file(&world.tape, 0));
}

/// No file has so many bytes: what a server states is then no length.
#[test]
fn an_absurd_length_counts_as_none() {
    let file = wav(3);
    let total = file.len();
    for stated in [(1u64 << 40) + 1, 999_999_999_999_999, u64::MAX] {
        let mut world = World::new(whole(file.clone(), stated));
        world.run_until(60.0, |world| matches!(world.state(), State::Ended | State::Failed));
        assert_eq!((world.state(), world.requests.len()), (State::Ended, 1), "{stated}");
        assert_eq!(world.tape.len(), 3 * 48_000, "{stated} for {total}");
    }
}
