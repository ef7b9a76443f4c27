//! Lengths that no header states: estimated by what has come, better with each part of it, and right at the
//! end.

use tonearm_formats::Advance;

use super::support::{feed, file, open, play};

/// Their rates in Hz, and with how much of them the estimate has to be near: of the second stream of
/// `chain-small.ogg` half is headers, and one page is music.
const FILES: [(&str, f64, f64); 4] = [
    ("vbr-no-index.mp3", 44_100.0, 0.95),
    ("lc.aac", 44_100.0, 0.2),
    ("chain-same.ogg", 44_100.0, 0.9),
    ("chain-small.ogg", 16_000.0, 1.0),
];

/// Where all of a file is in memory when it is recognised, or nearly all, its length is known then.
#[test]
fn what_is_in_memory_tells_the_length_at_once() {
    for (name, rate, near) in FILES {
        let bytes = file(name);
        let length = play(name).total() as f64 / rate;
        for missing in [0, (bytes.len() as f64 * (1.0 - near)) as usize] {
            let mut track = open(&bytes, true).unwrap();
            track.push(&bytes[..bytes.len() - missing]);
            let Advance::Format(_) = track.advance(1) else { panic!("{name}") };
            let known = track.stated_duration().or(track.estimated_duration()).unwrap();
            assert!(
                (known / length - 1.0).abs() < 0.1,
                "{name} without {missing} bytes: {known} of {length}"
            );
        }
    }
}

/// With most of the file the estimate is within a tenth, whatever it was at first, and no length is stated
/// but the right one: not that of the first stream of a chain either.
#[test]
fn an_estimate_gets_better_while_the_file_comes() {
    for (name, rate, near) in FILES {
        let bytes = file(name);
        let length = play(name).total() as f64 / rate;
        let mut track = open(&bytes, true).unwrap();
        let mut late = 0;
        loop {
            match track.advance(4096) {
                Advance::NeedBytes => {
                    let at = usize::try_from(track.end_offset()).unwrap();
                    if let Some(stated) = track.stated_duration() {
                        assert!((stated - length).abs() < 1e-6, "{name} at {at}: {stated} of {length}");
                    } else if at as f64 >= near * bytes.len() as f64 {
                        let estimate = track.estimated_duration().unwrap();
                        assert!(
                            (estimate / length - 1.0).abs() < 0.1,
                            "{name} at {at}: {estimate} of {length}"
                        );
                        late += 1;
                    }
                    if at == bytes.len() {
                        track.finish();
                    } else {
                        track.push(&bytes[at..bytes.len().min(at + 100)]);
                    }
                }
                Advance::Ready => drop(track.take(usize::MAX)),
                Advance::Format(_) => {}
                Advance::End => break,
                advance => panic!("{name}: {advance:?}"),
            }
        }
        assert!(
            (late > 0 || near >= 1.0) && (track.buffered_end() - length).abs() < 1e-6,
            "{name}: {late}, {}",
            track.buffered_end()
        );
    }
}

/// FLAC and fragments whose headers state nothing.
#[test]
fn lengths_of_streams_that_were_written_to_a_pipe() {
    let mut flac = file("id3v1.flac");
    flac[21] &= 0xf0;
    flac[22..26].fill(0);
    let mut track = open(&flac, true).unwrap();
    let part = feed(&mut track, &flac, 9000, 60_000).unwrap();
    let estimate = track.estimated_duration().unwrap();
    assert_eq!(track.stated_duration(), None);
    let rest = feed(&mut track, &flac, 9000, usize::MAX).unwrap();
    let length = (part.total() + rest.total()) as f64 / 44_100.0;
    assert!((rest.duration - length).abs() < 1e-6, "{} of {length}", rest.duration);
    assert!((estimate / length - 1.0).abs() < 0.1, "{estimate} of {length}");
}
