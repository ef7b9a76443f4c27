//! Servers that answer in ways that no test of [`super`] has: wrong or missing header fields, statuses
//! without a body, bodies of another shape, heads and bodies that come slowly. A play is heard to its end
//! sample by sample, or as far as there is data, and then fails by name.

use tonearm_formats::{Advance, Family};
use tonearm_media::native::open;
use tonearm_player::engine::PlayerInput;
use tonearm_player::playback::{PlayFailure, State};

use super::world::{Answer, World};
use super::{capped, failure, is_the_file, wav, whole};

/// Bytes of the file that all of these servers have: ten seconds.
const TOTAL: usize = 960_044;
/// Bytes that the first response brings before it breaks off.
const BREAK: usize = 400_000;
/// Frames in those.
const BROKEN_FRAMES: usize = (BREAK - 44) / 2;
const FRAMES: usize = 480_000;

/// Plays until the end, and checks that each frame is the file's and that none is silent.
fn play_to(server: impl FnMut(u64) -> Answer + 'static, seconds: f64) -> World {
    let mut world = World::new(server);
    world.run_until(seconds, |world| matches!(world.state(), State::Ended | State::Failed));
    assert!(is_the_file(&world.tape, 0), "{} frames, requests {:?}", world.tape.len(), world.requests);
    world
}

/// The first response breaks off at [`BREAK`]; `next` answers all further requests, and is given their
/// number.
fn after_a_break(
    first: Answer,
    mut next: impl FnMut(&[u8], u64, usize) -> Answer + 'static,
) -> impl FnMut(u64) -> Answer + 'static {
    let (file, mut count) = (wav(10), 0);
    move |offset| {
        count += 1;
        if count > 1 {
            return next(&file, offset, count - 1);
        }
        let length = Some(TOTAL as u64);
        Answer { status: 200, length, breaks: true, body: file[..BREAK].to_vec(), ..first.clone() }
    }
}

/// A part of the file, with the range that a server should state.
fn part(file: &[u8], first: usize, end: usize) -> Answer {
    let content_range = format!("bytes {first}-{}/{TOTAL}", end - 1);
    Answer { status: 206, content_range, body: file[first..end].to_vec(), ..Answer::default() }
}

/// The rest of the file from an offset on.
fn rest(file: &[u8], offset: u64) -> Answer {
    part(file, offset as usize, TOTAL)
}

#[track_caller]
fn is_whole(world: &World) {
    assert_eq!((world.state(), failure(world), world.tape.len()), (State::Ended, None, FRAMES));
}

/// What came is heard, then the play fails by this name.
#[track_caller]
fn fails_after_what_came(world: &World, name: PlayFailure) {
    assert_eq!((failure(world), world.tape.len()), (Some(name), BROKEN_FRAMES), "{:?}", world.requests);
    assert!(world.silent_playing < 100.0 && world.requests.len() <= 12, "{:?}", world.requests);
}

type Next = fn(&[u8], u64, usize) -> Answer;

/// Answers to a range that bring the rest of the file in another shape.
#[test]
fn a_range_that_is_answered_in_another_shape_is_the_same_file() {
    let shapes: [(&str, Next); 14] = [
        ("the part begins at a block before", |file, offset, _| part(file, offset as usize & !0xffff, TOTAL)),
        ("the part begins at the first byte", |file, _, _| part(file, 0, TOTAL)),
        ("the whole file", |file, _, _| Answer { status: 200, body: file.to_vec(), ..Answer::default() }),
        ("the whole file with the range of the whole", |file, _, _| Answer {
            status: 200,
            ..part(file, 0, TOTAL)
        }),
        ("no Content-Range", |file, offset, _| Answer { content_range: String::new(), ..rest(file, offset) }),
        ("a Content-Range of another unit", |file, offset, _| Answer {
            content_range: "samples 1-2/3".into(),
            ..rest(file, offset)
        }),
        ("a Content-Range that ends before it begins", |file, offset, _| Answer {
            content_range: format!("bytes {offset}-1/{TOTAL}"),
            ..rest(file, offset)
        }),
        ("a Content-Range that ends after the file", |file, offset, _| Answer {
            content_range: format!("bytes {offset}-{TOTAL}/{TOTAL}"),
            ..rest(file, offset)
        }),
        ("a Content-Range that comes twice", |file, offset, _| {
            let answer = rest(file, offset);
            let content_range = format!("{0}, {0}", answer.content_range);
            Answer { content_range, ..answer }
        }),
        ("a Content-Range in capitals with spaces", |file, offset, _| Answer {
            content_range: format!("BYTES  {offset}-{}/* ", TOTAL - 1),
            ..rest(file, offset)
        }),
        ("more bytes than the range has", |file, offset, _| Answer {
            content_range: format!("bytes {offset}-{}/{TOTAL}", offset + 99),
            ..rest(file, offset)
        }),
        ("fewer bytes than the range has", |file, offset, _| Answer {
            body: file[offset as usize..TOTAL.min(offset as usize + 150_000)].to_vec(),
            ..rest(file, offset)
        }),
        ("each connection breaks after 64 KiB", |file, offset, _| Answer {
            body: file[offset as usize..TOTAL.min(offset as usize + 65_536)].to_vec(),
            breaks: true,
            ..rest(file, offset)
        }),
        ("a weak tag of its own in each response", |file, offset, count| Answer {
            etag: format!(r#"W/"{count}""#),
            ..rest(file, offset)
        }),
    ];
    for (name, next) in shapes {
        println!("{name}");
        let first = Answer { etag: r#"W/"0""#.into(), ..Answer::default() };
        let world = play_to(after_a_break(first, next), 60.0);
        is_whole(&world);
        assert!(world.silent_playing < 100.0, "{} ms of silence", world.silent_playing);
    }
}

/// Each shape that cannot be the rest of the file.
#[test]
fn a_range_that_cannot_be_had_fails_by_name_once_what_came_was_heard() {
    let shapes: [(&str, PlayFailure, Next); 12] = [
        ("the part begins after what was asked for", PlayFailure::Network, |file, offset, _| {
            part(file, offset as usize + 1000, TOTAL)
        }),
        ("a coded part, which no browser decodes", PlayFailure::Network, |file, offset, _| Answer {
            body: Vec::new(),
            breaks: true,
            ..rest(file, offset)
        }),
        ("another length", PlayFailure::SourceChanged, |file, offset, _| Answer {
            content_range: format!("bytes {offset}-{}/{}", TOTAL - 1, TOTAL + 1000),
            ..rest(file, offset)
        }),
        ("a whole file of another length", PlayFailure::SourceChanged, |file, _, _| Answer {
            status: 200,
            length: Some(TOTAL as u64 - 8),
            body: file[..TOTAL - 8].to_vec(),
            ..Answer::default()
        }),
        ("another strong tag", PlayFailure::SourceChanged, |file, offset, count| Answer {
            etag: format!(r#""{count}""#),
            ..rest(file, offset)
        }),
        ("another date", PlayFailure::SourceChanged, |file, offset, count| Answer {
            last_modified: format!("Mon, 30 Nov 2026 10:00:0{count} GMT"),
            ..rest(file, offset)
        }),
        ("204", PlayFailure::HttpStatus(204), |_, _, _| Answer { status: 204, ..Answer::default() }),
        ("304", PlayFailure::HttpStatus(304), |_, _, _| Answer { status: 304, ..Answer::default() }),
        ("401", PlayFailure::HttpStatus(401), |_, _, _| Answer { status: 401, ..Answer::default() }),
        ("403 of a signature that has expired", PlayFailure::HttpStatus(403), |_, _, _| Answer {
            status: 403,
            content_type: "application/xml",
            body: b"<Error><Code>AccessDenied</Code></Error>".to_vec(),
            ..Answer::default()
        }),
        ("410", PlayFailure::HttpStatus(410), |_, _, _| Answer { status: 410, ..Answer::default() }),
        ("a whole file without a byte", PlayFailure::Network, |_, _, _| Answer {
            status: 200,
            ..Answer::default()
        }),
    ];
    for (name, failure, next) in shapes {
        println!("{name}");
        let first = Answer {
            etag: if failure == PlayFailure::SourceChanged && name.contains("tag") { r#""0""# } else { "" }
                .into(),
            last_modified: if name.contains("date") { "Mon, 30 Nov 2026 10:00:00 GMT" } else { "" }.into(),
            ..Answer::default()
        };
        fails_after_what_came(&play_to(after_a_break(first, next), 90.0), failure);
    }
}

/// A date that is that of each response, beside a tag that stays.
#[test]
fn a_tag_that_stays_outweighs_a_date_that_does_not() {
    let with = |count: usize, answer: Answer| Answer {
        etag: r#""same""#.into(),
        last_modified: format!("Mon, 30 Nov 2026 10:00:0{count} GMT"),
        ..answer
    };
    let first = with(0, Answer::default());
    is_whole(&play_to(
        after_a_break(first, move |file, offset, count| with(count, rest(file, offset))),
        30.0,
    ));
}

/// A server that is busy for a moment: the play goes on.
#[test]
fn a_range_that_is_refused_for_a_moment_is_asked_for_again() {
    for status in [500, 502, 503, 504, 429, 408, 425] {
        let busy = move |file: &[u8], offset, count| {
            if count > 2 {
                return rest(file, offset);
            }
            Answer { status, content_type: "text/html", body: b"<p>busy".to_vec(), ..Answer::default() }
        };
        let world = play_to(after_a_break(Answer::default(), busy), 30.0);
        is_whole(&world);
        assert_eq!(world.requests, [0, BREAK as u64, BREAK as u64, BREAK as u64], "{status}");
        assert!(world.silent_playing < 100.0, "{status}: {} ms of silence", world.silent_playing);
    }
}

/// FLAC and Ogg are sought by guesses. From a server without ranges a resumed download starts at the first
/// byte: no frame that was played before the break is played again.
#[test]
fn a_break_without_ranges_repeats_no_frame_of_a_format_that_is_sought_by_guesses() {
    for name in ["id3v1.flac", "skeleton-opus.ogg", "chain-same.ogg"] {
        let file = std::fs::read(format!("{}/tests/media/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let length = file.len() as u64;
        let tape = |server: &mut dyn FnMut(u64) -> Answer, seconds: f64| {
            let answers: Vec<Answer> = [0, 1, 2].into_iter().map(server).collect();
            let mut count = 0;
            let mut world = World::new(move |_| {
                count += 1;
                answers[count.min(3) - 1].clone()
            });
            world.run_until(seconds, |world| matches!(world.state(), State::Ended | State::Failed));
            assert_eq!(failure(&world), None, "{name}");
            world.tape
        };
        let unbroken = tape(&mut whole(file.clone(), length), 30.0);
        assert!(unbroken.len() > 48_000, "{name}: {} frames", unbroken.len());
        for refusal in [200, 416] {
            let broken = tape(
                &mut |count| {
                    let mut answer = whole(file.clone(), length)(0);
                    if count == 0 {
                        answer.body.truncate(file.len() / 3 * 2);
                        answer.breaks = true;
                    } else if count == 1 && refusal == 416 {
                        return Answer { status: 416, ..Answer::default() };
                    }
                    answer
                },
                60.0,
            );
            assert_eq!(broken.len(), unbroken.len(), "{name}, {refusal}");
            assert!(broken == unbroken, "{name}, {refusal}");
        }
    }
}

/// The first guess of a seek shows that there are no ranges: the file is read to the position, and nothing is
/// guessed again.
#[test]
fn a_seek_by_guesses_without_ranges_takes_one_further_download() {
    for name in ["id3v1.flac", "skeleton-opus.ogg"] {
        for position in [2, 3] {
            let file = std::fs::read(format!("{}/tests/media/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let mut full = whole(file.clone(), file.len() as u64);
            let mut world = World::new(move |offset| {
                let answer = full(0);
                if offset > 0 { answer } else { Answer { rate: file.len() / 10, ..answer } }
            });
            world.run_until(10.0, |world| world.state() == State::Playing);
            world.host.player(PlayerInput::Seek(position.into()));
            world.tape.clear();
            world.run_until(30.0, |world| matches!(world.state(), State::Ended | State::Failed));
            assert_eq!(
                (failure(&world), world.tape.len()),
                (None, 48_000 * (4 - position) as usize),
                "{name}"
            );
            assert_eq!(world.requests.len(), 2, "{name} at {position} s: {:?}", world.requests);
        }
    }
}

/// One range, and an answer of several parts, each with a head of its own (RFC 9110 section 14.6).
#[test]
fn heads_of_a_multipart_answer_are_not_heard() {
    let multipart = |file: &[u8], offset: u64, _| {
        if offset == 0 {
            let length = Some(TOTAL as u64);
            return Answer { status: 200, length, body: file.to_vec(), ..Answer::default() };
        }
        let mut body = format!(
            "\r\n--x\r\nContent-Type: audio/wav\r\nContent-Range: bytes {offset}-{}/{TOTAL}\r\n\r\n",
            TOTAL - 1
        )
        .into_bytes();
        body.extend(&file[offset as usize..]);
        body.extend(b"\r\n--x--\r\n");
        Answer { status: 206, content_type: "Multipart/ByteRanges; boundary=x", body, ..Answer::default() }
    };
    let world = play_to(after_a_break(Answer::default(), multipart), 30.0);
    is_whole(&world);
    assert_eq!(world.requests, [0, BREAK as u64, 0]);
}

/// The name of a type is a hint: the bytes decide.
#[test]
fn a_wrong_content_type_changes_nothing() {
    for content_type in
        ["text/html", "audio/mpeg", "application/json", "video/mp4; codecs=\"x\"", "nonsense", "audio/ogg"]
    {
        let mut server = capped(wav(10), usize::MAX >> 1, true);
        is_whole(&play_to(move |offset| Answer { content_type, ..server(offset) }, 30.0));
    }
}

#[test]
fn a_file_without_a_length_and_ranges_is_heard_to_its_end() {
    let file = wav(10);
    let world = play_to(move |_| Answer { status: 200, body: file.clone(), ..Answer::default() }, 30.0);
    is_whole(&world);
    assert_eq!(world.requests, [0]);
}

/// No more bytes than are stated reach a script: the rest of the file does not exist for it.
#[test]
fn a_length_that_is_too_small_ends_the_play_there() {
    let file = wav(10)[..BREAK].to_vec();
    let length = Some(BREAK as u64);
    let world =
        play_to(move |_| Answer { status: 200, length, body: file.clone(), ..Answer::default() }, 30.0);
    assert_eq!((world.state(), world.tape.len()), (State::Ended, BROKEN_FRAMES));
}

/// Nobody states a length: the end is known by an answer to a range after it.
#[test]
fn what_answers_a_range_after_the_end_ends_the_play() {
    let ends: [(&str, Next); 4] = [
        ("416 without a length", |_, _, _| Answer { status: 416, ..Answer::default() }),
        ("the whole file", |file, _, _| Answer { status: 200, body: file.to_vec(), ..Answer::default() }),
        ("a part without a byte", |_, _, _| Answer { status: 206, ..Answer::default() }),
        ("the last byte", |file, _, _| part(file, TOTAL - 1, TOTAL)),
    ];
    for (name, end) in ends {
        println!("{name}");
        let file = wav(10);
        let mut server = capped(file.clone(), 100_000, false);
        let world = play_to(
            move |offset| if offset >= TOTAL as u64 { end(&file, offset, 0) } else { server(offset) },
            60.0,
        );
        is_whole(&world);
        assert!(world.requests.len() <= 12, "{name}: {:?}", world.requests);
    }
}

/// A first response that is none of music.
#[test]
fn a_first_answer_without_music_fails_by_name() {
    let file = wav(10);
    let before = |bytes: &[u8]| [bytes, &file].concat();
    for (name, status, body, expected) in [
        ("204", 204, Vec::new(), PlayFailure::HttpStatus(204)),
        ("304", 304, Vec::new(), PlayFailure::HttpStatus(304)),
        ("300", 300, Vec::new(), PlayFailure::HttpStatus(300)),
        ("empty", 200, Vec::new(), PlayFailure::NotSupported),
        ("an empty part", 206, Vec::new(), PlayFailure::NotSupported),
        ("a page", 200, b"<!doctype html><title>Log in</title>".repeat(50), PlayFailure::NotSupported),
        ("a page before the file", 200, before(b"<!doctype html><p>Hello"), PlayFailure::NotSupported),
        ("a mark of byte order before the file", 200, before(b"\xef\xbb\xbf"), PlayFailure::NotSupported),
        ("zeros", 200, vec![0; 3 << 20], PlayFailure::NotSupported),
    ] {
        println!("{name}");
        let world = play_to(move |_| Answer { status, body: body.clone(), ..Answer::default() }, 60.0);
        assert_eq!((failure(&world), world.tape.len()), (Some(expected), 0), "{name}");
        assert!(world.requests.len() <= 8, "{name}: {:?}", world.requests);
    }
}

/// A large head over a slow link: metadata of more than a megabyte before the first sample.
#[test]
fn a_head_that_takes_longer_than_the_time_limit_is_waited_for_while_bytes_come() {
    let mut file = wav(2);
    let padding = vec![0; 1 << 20];
    let mut chunk = b"JUNK".to_vec();
    chunk.extend(u32::try_from(padding.len()).unwrap().to_le_bytes());
    chunk.extend(padding);
    file.splice(12..12, chunk);
    let total = file.len();
    for ranges in [true, false] {
        let file = file.clone();
        let mut server = capped(file.clone(), total, true);
        let world = play_to(
            move |offset| {
                let answer = server(offset);
                let answer = if ranges { answer } else { super::whole(file.clone(), total as u64)(0) };
                Answer { rate: 20_000, ..answer }
            },
            200.0,
        );
        assert_eq!((world.state(), world.tape.len()), (State::Ended, 96_000), "ranges: {ranges}");
        assert_eq!(world.requests, [0], "ranges: {ranges}");
    }
}

/// A byte now and then is no progress: such a server is a silent one.
#[test]
fn a_server_that_sends_a_byte_a_second_fails_by_name() {
    for rate in [1, 10, 40] {
        let mut server = capped(wav(10), TOTAL, true);
        let world = play_to(move |offset| Answer { rate, ..server(offset) }, 300.0);
        assert_eq!(failure(&world), Some(PlayFailure::Network), "{rate} bytes a second");
    }
}

/// The body slows down to nearly nothing once the play has begun.
#[test]
fn a_body_that_trickles_in_the_midst_is_heard_to_there() {
    let server = after_a_break(Answer::default(), |file, offset, _| Answer { rate: 1, ..rest(file, offset) });
    let world = play_to(server, 600.0);
    assert_eq!(failure(&world), Some(PlayFailure::Network));
    assert!(world.tape.len() >= BROKEN_FRAMES - 512 && world.silent_playing < 200.0, "{}", world.tape.len());
}

/// Each head comes late: the play stalls and goes on.
#[test]
fn heads_that_come_late_stall_a_play_and_do_not_end_it() {
    let mut server = capped(wav(10), 200_000, true);
    let world = play_to(move |offset| Answer { latency: 15_000.0, ..server(offset) }, 200.0);
    is_whole(&world);
    assert_eq!(world.requests.len(), 5);
}

/// Parts of a few bytes: less than the head of a request.
#[test]
fn parts_of_a_few_bytes_end_in_a_bounded_number_of_requests() {
    for cap in [1, 100] {
        let world = play_to(capped(wav(10), cap, true), 600.0);
        assert_eq!(failure(&world), Some(PlayFailure::Network), "parts of {cap}");
        assert!(world.requests.len() < 500, "parts of {cap}: {} requests", world.requests.len());
    }
}

/// A head that comes slowly is looked at many times, and is one chunk, one box or one block all the same.
#[test]
fn a_head_that_is_looked_at_many_times_counts_once() {
    for (family, file, end) in [
        (Family::Wav, wav(1), 30),
        (Family::Mp4, include_bytes!("../../media/stz2.m4a").to_vec(), 0),
        (Family::Flac, include_bytes!("../../media/total-less.flac").to_vec(), 20),
    ] {
        // In the midst of the index of an MP4.
        let moov = file.windows(4).position(|kind| kind == b"moov").map_or(end, |at| at + 40);
        let mut track = open(family, 0.0).unwrap();
        track.set_total_bytes(file.len() as u64);
        track.push(&file[..moov]);
        for _ in 0..20_000 {
            assert_eq!(track.advance(1), Advance::NeedBytes, "{family:?}");
        }
        track.push(&file[moov..]);
        track.finish();
        assert!(matches!(track.advance(1), Advance::Format(_)), "{family:?}");
    }
}
