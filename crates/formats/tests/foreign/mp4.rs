//! MP4: samples in `moov` and in fragments, compact sizes, edit lists, recorders' clocks, and the bounds of
//! tables.

use tonearm_formats::demux::{Demux, Step};
use tonearm_formats::{Advance, Family, HostDecoders, Track, TrackError};

use super::support::{feed, file, open, play, play_bytes, refused};

/// Frames by `ffmpeg -i FILE -f f32le -`: 178,176 of the first two, in whole packets (both state 177,424);
/// 177,152 of `stz2.m4a`, likewise (it states 176,400); 186,240 of `recorded.mp4`.
#[test]
fn every_sample_is_heard_wherever_it_is_listed() {
    for (name, frames) in [
        ("onlyfrag.m4a", 177_424),
        ("frag-plain.m4a", 177_424),
        ("stz2.m4a", 176_400),
        ("recorded.mp4", 186_240),
    ] {
        let played = play(name);
        assert_eq!((played.total(), played.failures), (frames, 0), "{name}");
        // A recorder's clock wanders: that is no hole.
        assert!(super::support::longest_silence(&played.planes) < 100, "{name}");
        let first = played.formats[0].duration.unwrap();
        assert!((first / played.duration - 1.0).abs() < 0.1, "{name}: {first} of {}", played.duration);
    }
}

#[test]
fn seeks_among_samples_of_moov_and_of_fragments() {
    for name in ["onlyfrag.m4a", "frag-plain.m4a", "stz2.m4a"] {
        let bytes = file(name);
        let mut track = open(&bytes, true).unwrap();
        let whole = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
        for seconds in [0.1, 3.0, 1.5, 0.3, 2.0] {
            track.seek(seconds);
            let part = feed(&mut track, &bytes, 5000, 6000).unwrap();
            let from = (seconds * 44_100.0) as usize;
            let worst = (2048..6000)
                .map(|n| (part.planes[0][n] - whole.planes[0][from + n]).abs())
                .fold(0.0, f32::max);
            assert!(worst < 0.01, "{name} at {seconds}: {worst}");
        }
    }
}

/// Samples from 1,024 for a second, then from 111,274 for one and a half. ffmpeg: 111,616 frames, in whole
/// packets.
#[test]
fn every_entry_of_an_edit_list_is_played() {
    let bytes = file("edit-two.m4a");
    let mut track = open(&bytes, true).unwrap();
    let played = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
    assert_eq!((played.frames.as_slice(), played.failures), ([44_100, 66_150].as_slice(), 0));
    assert!((played.duration - 2.5).abs() < 1e-9);
    assert!(played.formats.iter().all(|format| format.duration == Some(2.5)));
    for seconds in [2.0, 0.25, 1.5] {
        track.seek(seconds);
        let rest = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
        let from = (seconds * 44_100.0) as usize;
        assert_eq!(rest.total(), 110_250 - from, "{seconds}");
        let worst = (2048..rest.total())
            .map(|n| (rest.planes[0][n] - played.planes[0][from + n]).abs())
            .fold(0.0, f32::max);
        assert!(worst < 0.01, "{seconds}: {worst}");
    }
    // An entry of nothing in front shifts the track within the film, and plays nothing.
    let mut bytes = bytes;
    let list = bytes.windows(4).position(|kind| kind == b"elst").unwrap();
    bytes[list + 16..list + 20].fill(0xff);
    let played = play_bytes(&bytes).unwrap();
    assert_eq!((played.frames.as_slice(), played.failures), ([66_150].as_slice(), 0));
}

/// A file whose edit list has these entries: how many milliseconds of the film, and from where on the track's
/// clock.
fn with_edits(bytes: &[u8], entries: &[(u32, u32)]) -> Vec<u8> {
    let mut list = b"edts".to_vec();
    list.extend((16 + 12 * entries.len() as u32).to_be_bytes());
    list.extend(b"elst\0\0\0\0");
    list.extend((entries.len() as u32).to_be_bytes());
    for (duration, from) in entries {
        list.extend([duration.to_be_bytes(), from.to_be_bytes(), [0, 1, 0, 0]].concat());
    }
    let edits = [&(4 + list.len() as u32).to_be_bytes(), list.as_slice()].concat();
    insert(bytes, b"mdia", &edits, &[b"moov", b"trak"])
}

/// Where boxes of a kind have it.
pub fn places(bytes: &[u8], kind: &[u8]) -> Vec<usize> {
    (0..bytes.len() - 4).filter(|&at| &bytes[at..at + 4] == kind).collect()
}

/// A file with a box more in front of the first of a kind, within these.
pub fn insert(bytes: &[u8], before: &[u8], what: &[u8], within: &[&[u8]]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    // Sizes of the boxes around it, and offsets from the first byte of the file.
    let sizes = within.iter().map(|kind| places(&bytes, kind)[0] - 4);
    let chunks = places(&bytes, b"stco").into_iter().map(|at| at + 12).filter(|&at| bytes[at - 1] > 0);
    let bases = places(&bytes, b"tfhd").into_iter().filter(|&at| bytes[at + 7] & 1 > 0).map(|at| at + 16);
    for at in sizes.chain(chunks).chain(bases).collect::<Vec<_>>() {
        let value = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) + what.len() as u32;
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    let at = places(&bytes, before)[0] - 4;
    bytes.splice(at..at, what.iter().copied());
    bytes
}

/// As `every_entry_of_an_edit_list_is_played`, where the samples lie in fragments, in `moov`, or in both:
/// forwards, backwards, and to the end.
#[test]
fn entries_of_an_edit_list_are_played_from_fragments_too() {
    for (name, rate) in [("frag-plain.m4a", 44_100), ("onlyfrag.m4a", 44_100), ("recorded.mp4", 48_000)] {
        for (first, second) in [((1000, 24_000), (1500, 96_000)), ((500, 96_000), (750, 3_072))] {
            let bytes = with_edits(&file(name), &[first, second]);
            let mut track = open(&bytes, true).unwrap();
            let played = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
            let frames = [first, second].map(|(millis, _)| millis as usize * rate / 1000);
            assert_eq!((played.frames.as_slice(), played.failures), (frames.as_slice(), 0), "{name}");
            let seconds = frames.iter().sum::<usize>() as f64 / rate as f64;
            assert!((played.duration - seconds).abs() < 1e-9, "{name}: {}", played.duration);
            assert_eq!(played.formats[0].duration, Some(seconds), "{name}");
            for back in [0.5, 1.0] {
                track.seek(seconds - back);
                let rest = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
                let left = (back * rate as f64) as usize;
                assert_eq!(rest.total(), left, "{name}, {back} s before the end");
                let at = played.total() - left;
                let worst = (4096..left)
                    .map(|n| (rest.planes[0][n] - played.planes[0][at + n]).abs())
                    .fold(0.0, f32::max);
                assert!(worst < 0.01, "{name}, {back} s before the end: {worst}");
            }
        }
        // The last entry plays to the end, whatever that is.
        let bytes = with_edits(&file(name), &[(1000, 0), (0, 24_576)]);
        let played = play_bytes(&bytes).unwrap();
        assert!(played.total() > 2 * rate && played.frames.len() == 2, "{name}: {:?}", played.frames);
        let first = played.formats[0].duration.unwrap_or(played.duration);
        assert!((first / played.duration - 1.0).abs() < 0.1, "{name}: {first}, {}", played.duration);
    }
}

/// Times of AAC as a recorder's clock has them, some early and some late: no hole, and nothing is cut off.
#[test]
fn samples_that_are_early_or_late_follow_each_other() {
    let mut bytes = file("stz2.m4a");
    // One run of samples of one duration becomes three.
    let at = bytes.windows(4).position(|kind| kind == b"stts").unwrap();
    let count = u32::from_be_bytes(bytes[at + 12..at + 16].try_into().unwrap());
    let entries = u32::from_be_bytes(bytes[at + 8..at + 12].try_into().unwrap());
    assert!(entries <= 2, "{entries} entries");
    let whole = play("stz2.m4a");
    for duration in [1014u32, 1000, 1040] {
        bytes[at + 16..at + 20].copy_from_slice(&duration.to_be_bytes());
        let played = play_bytes(&bytes).unwrap();
        let drift = f64::from(count) * (f64::from(duration) - 1024.0);
        // The clock drifts away: it is followed, but never by less than a tenth of a second.
        assert!((played.total() as f64 - whole.total() as f64 - drift).abs() < 3.0 * 4410.0, "{duration}");
        assert!(
            f64::from(played.failures) < drift.abs() / 4410.0 * 6.0 + 1.0,
            "{duration}: {}",
            played.failures
        );
    }
}

/// PCM of `QuickTime`: the browser's own element may know it.
#[test]
fn what_has_no_decoder_is_refused_by_name() {
    assert_eq!(refused(&file("qt-pcm.mov")), Some(TrackError::Unsupported));
}

/// Where the host decodes, parametric stereo has two channels, though the header states one.
#[test]
fn parametric_stereo_is_two_channels() {
    for (name, family) in [("hev2.aac", Family::Adts), ("hev2.m4a", Family::Mp4)] {
        let bytes = file(name);
        let mut track = Track::new(family, 0.0, HostDecoders { aac: true, others: true }).unwrap();
        track.set_total_bytes(bytes.len() as u64);
        track.push(&bytes);
        track.finish();
        let Advance::Format(format) = track.advance(1) else { panic!("{name}") };
        assert_eq!((format.channels, format.sample_rate), (2, 22_050), "{name}");
        let packet = |track: &mut Track| {
            assert_eq!(track.advance(1), Advance::Packet, "{name}");
            track.packet_at().0
        };
        let at = packet(&mut track);
        track.decoded(vec![vec![0.5; 2048], vec![0.25; 2048]], at, 44_100);
        let planes = track.take(usize::MAX);
        assert_eq!((planes[0].last(), planes[1].last()), (Some(&0.5), Some(&0.25)), "{name}");
        // A decoder that gives one channel is heard on both sides.
        let at = packet(&mut track);
        track.decoded(vec![vec![0.75; 2048]], at, 44_100);
        let planes = track.take(usize::MAX);
        assert_eq!((planes[0].last(), planes[1].last()), (Some(&0.75), Some(&0.75)), "{name}");
    }
}

/// Every count of a table, and every size of a box, made as large as it can be: played as far as there are
/// bytes, or refused.
#[test]
fn counts_and_sizes_that_lie_are_bounded() {
    for name in ["stz2.m4a", "onlyfrag.m4a", "frag-plain.m4a", "edit-two.m4a", "recorded.mp4"] {
        let original = file(name);
        for kind in [
            b"stts", b"stsc", b"stsz", b"stz2", b"stco", b"elst", b"trun", b"sidx", b"trex", b"tfhd", b"mdhd",
        ] {
            let Some(at) = original.windows(4).position(|found| found == kind) else { continue };
            for field in [4, 8, 12, 16, 20] {
                for value in [0u32, 1, 0x00ff_ffff, 0x7fff_ffff, u32::MAX] {
                    let mut bytes = original.clone();
                    bytes[at + field..at + field + 4].copy_from_slice(&value.to_be_bytes());
                    let mut track = open(&bytes, true).unwrap();
                    let Ok(played) = feed(&mut track, &bytes, 20_000, 30_000) else { continue };
                    let what = format!("{name}: {} of {}", value, String::from_utf8_lossy(kind));
                    assert!(played.total() < 8_000_000, "{what}: {} frames", played.total());
                    assert!(played.furthest <= bytes.len() as u64 || value > 1, "{what}");
                }
            }
        }
    }
}

/// `frag-plain.m4a` with a segment index of its fragments, one second each whatever they hold, and where they
/// begin.
fn with_index(version: u8, nested: bool) -> (Vec<u8>, Vec<u64>) {
    let bytes = file("frag-plain.m4a");
    let (mut at, mut fragments) = (0, Vec::new());
    while at < bytes.len() {
        if &bytes[at + 4..at + 8] == b"moof" {
            fragments.push(at);
        }
        at += u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    let wide =
        |value: u32| if version == 1 { vec![0; 4] } else { vec![] }.into_iter().chain(value.to_be_bytes());
    let mut index = b"sidx".to_vec();
    index.extend([version, 0, 0, 0, 0, 0, 0, 1]);
    index.extend(1000u32.to_be_bytes());
    index.extend(wide(0).chain(wide(0)));
    index.extend((fragments.len() as u32).to_be_bytes());
    for (number, &fragment) in fragments.iter().enumerate() {
        let end = fragments.get(number + 1).copied().unwrap_or(bytes.len());
        let size = (end - fragment) as u32 | if nested { 1 << 31 } else { 0 };
        index.extend([size.to_be_bytes(), 1000u32.to_be_bytes(), [0x90, 0, 0, 0]].concat());
    }
    let index = [&(4 + index.len() as u32).to_be_bytes(), index.as_slice()].concat();
    let places = fragments.iter().map(|at| (at + index.len()) as u64).collect();
    let (front, rest) = bytes.split_at(fragments[0]);
    ([front, &index, rest].concat(), places)
}

#[test]
fn a_segment_index_says_where_a_fragment_is() {
    let mut odd = 0;
    for (version, nested) in [(0, false), (1, false), (0, true)] {
        let (bytes, places) = with_index(version, nested);
        assert!(places.len() > 2, "{} fragments", places.len());
        odd += places.windows(2).filter(|pair| (pair[1] - pair[0]) % 2 == 1).count();
        let mut demuxer = tonearm_formats::mp4::Demuxer::default();
        demuxer.set_total_bytes(Some(bytes.len() as u64));
        let step = |demuxer: &mut tonearm_formats::mp4::Demuxer| match demuxer.step().unwrap() {
            Step::Packet(packet) => packet.at,
            Step::NeedBytes => {
                let from = demuxer.window().end_offset() as usize;
                demuxer.window().push(&bytes[from..]);
                None
            }
            _ => None,
        };
        // The samples of `moov` come first, then the index, and fragments.
        let last = (0..100).filter_map(|_| step(&mut demuxer)).last();
        assert!(last > Some(30_000), "{last:?}");
        let second = places.len() as u64 - 1;
        demuxer.seek(second * 44_100 + 1024);
        // An index of indices is not followed.
        assert_eq!(demuxer.window().offset() == places[second as usize], !nested, "{version} {nested}");
        // It is read from there, and not from the samples of `moov` again.
        let first = (0..10).find_map(|_| step(&mut demuxer));
        assert!(nested || first > Some(100_000), "{first:?}");
    }
    assert!(odd > 0, "all sizes are even");
}

/// A fragment whose samples have one size states any number of them in a few bytes: no more than its bound
/// are listed.
#[test]
fn samples_of_a_fragment_have_a_bound() {
    const BOUND: usize = 1 << 20;
    let mut bytes = file("frag-plain.m4a");
    let sizes = places(&bytes, b"stsz")[0] + 4 + 8;
    bytes[sizes..sizes + 4].fill(0);
    let first = places(&bytes, b"moof")[0] - 4;
    let head = places(&bytes, b"tfhd")[0] + 4;
    let boxed = |kind: &[u8], body: &[u8]| [&(8 + body.len() as u32).to_be_bytes(), kind, body].concat();
    // The flags: the samples' duration, their size, offsets that count from the fragment.
    let header = [&[0, 2, 0, 0x18], &bytes[head + 4..head + 8], &[0, 0, 4, 0], &[0, 0, 0, 1]].concat();
    let listed = |count: usize| {
        let offset = 8 + 8 + 8 + header.len() as u32 + 8 + 12 + 8;
        let run = [[0, 0, 0, 1], (count as u32).to_be_bytes(), offset.to_be_bytes()].concat();
        let fragment =
            boxed(b"moof", &boxed(b"traf", &[boxed(b"tfhd", &header), boxed(b"trun", &run)].concat()));
        let mut demuxer = tonearm_formats::mp4::Demuxer::default();
        demuxer.window().push(&bytes[..first]);
        demuxer.window().push(&fragment);
        demuxer.window().push(&boxed(b"mdat", &vec![0; count]));
        let mut packets = 0;
        loop {
            match demuxer.step().unwrap() {
                Step::Packet(_) => packets += 1,
                Step::NeedBytes | Step::End => return packets,
                _ => {}
            }
        }
    };
    assert_eq!(listed(1000), 1000);
    assert_eq!(listed(BOUND + 1000), BOUND);
}

/// The same of the samples of `moov`: of those that have one size.
#[test]
fn samples_of_a_table_have_a_bound() {
    const BOUND: usize = 1 << 24;
    let bytes = file("frag-plain.m4a");
    let first = places(&bytes, b"moof")[0] - 4;
    let listed = |count: usize| {
        let mut bytes = bytes[..first].to_vec();
        let number = count as u32;
        let mut set = |kind: &[u8], values: &[(usize, u32)]| {
            let at = places(&bytes, kind)[0] + 4;
            for &(offset, value) in values {
                bytes[at + offset..][..4].copy_from_slice(&value.to_be_bytes());
            }
        };
        // One run of samples of one size, in one chunk behind the header.
        set(b"stsz", &[(4, 1), (8, number)]);
        set(b"stsc", &[(4, 1), (8, 1), (12, number), (16, 1)]);
        set(b"stts", &[(4, 1), (8, number), (12, 1024)]);
        set(b"stco", &[(4, 1), (8, first as u32 + 8)]);
        let mut demuxer = tonearm_formats::mp4::Demuxer::default();
        demuxer.window().push(&bytes);
        demuxer.window().push(&[&(8 + number).to_be_bytes(), b"mdat".as_slice()].concat());
        demuxer.window().push(&vec![0; count]);
        let mut packets = 0;
        loop {
            match demuxer.step().unwrap() {
                Step::Packet(_) => packets += 1,
                Step::NeedBytes | Step::End => return packets,
                _ => {}
            }
        }
    };
    assert_eq!(listed(1000), 1000);
    assert_eq!(listed(BOUND + 1000), BOUND);
}
