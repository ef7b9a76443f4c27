//! Files that were cut before they were uploaded: the server serves all that there is, and the header states
//! more.

use tonearm_formats::framed::FrameHeader;
use tonearm_formats::mp3::MpegHeader;

use super::support::{feed, file, open};

/// An MP3 with an information frame in front: how many frames, how many bytes, and where each percent of them
/// lies.
pub fn with_index(bytes: &[u8]) -> Vec<u8> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(header) = MpegHeader::parse(&bytes[at..]) {
        places.push(at);
        at += header.frame_bytes();
    }
    let mut frame = bytes[..4].to_vec();
    // 128 kbit/s, no padding.
    frame[2] = 0x90 | frame[2] & 0x0c;
    let header = MpegHeader::parse(&frame).unwrap();
    frame.resize(header.frame_bytes(), 0);
    let all = (at + frame.len()) as f64;
    let mut fields = b"Xing\0\0\0\x07".to_vec();
    fields.extend((places.len() as u32).to_be_bytes());
    fields.extend((all as u32).to_be_bytes());
    for percent in 0..100 {
        let place = places[percent * places.len() / 100] + frame.len();
        fields.push((place as f64 * 256.0 / all) as u8);
    }
    let start = 4 + header.side_info_bytes();
    frame[start..start + fields.len()].copy_from_slice(&fields);
    frame.extend(bytes);
    frame
}

/// A seek behind the end goes to the end, which is where the file ends: not where its header has it, and not
/// where the bytes that were read before end. By an estimate, where the places of packets are one.
#[test]
fn a_seek_behind_the_end_of_a_file_that_was_cut_ends_where_the_file_does() {
    let vbr = with_index(&file("vbr-no-index.mp3"));
    for (name, bytes, rate, slack) in [
        ("constant MP3", file("../e2e/media/steady.mp3"), 44_100.0, 0.03),
        ("MP3 with a table", vbr, 44_100.0, 0.2),
        ("MP3 without an index", file("vbr-no-index.mp3"), 44_100.0, 0.2),
        ("ADTS", file("lc.aac"), 44_100.0, 0.2),
        ("FLAC", file("id3v1.flac"), 44_100.0, 0.0),
        ("M4A", file("stz2.m4a"), 44_100.0, 0.0),
        ("Opus", file("opus-fam1.opus"), 48_000.0, 0.0),
        ("WAVE", file("espeak.wav"), 22_050.0, 0.0),
    ] {
        for percent in [40, 70, 97] {
            // Its end is unlike the rest, and nothing says so.
            if percent == 97 && name == "MP3 without an index" {
                continue;
            }
            let cut = &bytes[..bytes.len() * percent / 100];
            let mut track = open(cut, true).unwrap();
            let whole = feed(&mut track, cut, 9000, usize::MAX).unwrap();
            let length = whole.total() as f64 / rate;
            let what = format!("{percent} % of {name}, {length} s");
            assert!((whole.duration - length).abs() < 1e-6, "{what}: {}", whole.duration);
            for seconds in [length + 0.3, 20.0, 1e6] {
                let mut track = open(cut, true).unwrap();
                let begun = feed(&mut track, cut, 9000, 4000).unwrap();
                let first = begun.formats[0].duration.unwrap();
                track.seek(seconds);
                let rest = feed(&mut track, cut, 9000, usize::MAX).unwrap();
                let off = (rest.duration - length).abs();
                assert!(
                    off <= slack + 1e-6,
                    "{what}, a seek to {seconds}: {} (at first {first})",
                    rest.duration
                );
                assert!(rest.furthest <= cut.len() as u64, "{what}: byte {}", rest.furthest);
                // It can be played again from there.
                track.seek(0.0);
                let again = feed(&mut track, cut, 9000, usize::MAX).unwrap();
                assert_eq!((again.total(), again.duration), (whole.total(), whole.duration), "{what}");
            }
        }
    }
}

/// The table of an index says how long the part that is there is, however unequal the parts are.
#[test]
fn a_table_estimates_a_file_that_was_cut() {
    let bytes = with_index(&file("vbr-no-index.mp3"));
    for percent in [30, 60, 90] {
        let cut = &bytes[..bytes.len() * percent / 100];
        let mut track = open(cut, true).unwrap();
        let played = feed(&mut track, cut, 2000, usize::MAX).unwrap();
        let first = played.formats[0].duration.unwrap();
        assert!((first / played.duration - 1.0).abs() < 0.03, "{percent} %: {first} of {}", played.duration);
    }
}

/// A position that was reached is within the length, though an estimate was shorter.
#[test]
fn no_length_is_shorter_than_what_was_played() {
    let bytes = file("vbr-no-index.mp3");
    let mut track = open(&bytes, true).unwrap();
    let played = feed(&mut track, &bytes, 20_000, 50_000).unwrap();
    let published = played.formats[0].duration.unwrap();
    for back in [3.0, 1.0] {
        track.seek(published - back);
        let rest = feed(&mut track, &bytes, 20_000, usize::MAX).unwrap();
        let reached = published - back + rest.total() as f64 / 44_100.0;
        assert!(rest.duration > reached - 0.5, "{} after {reached}", rest.duration);
    }
}
