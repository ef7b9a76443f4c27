//! MP3: joined files, changes of channels and rate, tags and noise anywhere, lengths without an index.

use tonearm_formats::decode::decoder;
use tonearm_formats::framed::FrameHeader;
use tonearm_formats::mp3::MpegHeader;
use tonearm_formats::{Family, HostDecoders, Planes, Track, TrackError};

use super::support::{feed, file, longest_silence, open, play, play_bytes, refused};

/// Frames of a packet.
const PACKET: usize = 1152;

/// `ffmpeg -i FILE -f f32le -` has 357,167, 224,687 and 176,400 frames: it plays the second file's
/// information frame (1,152) and what encoders put behind the end (1,055), but takes the latter off where
/// `xing-half.mp3` claims to end.
#[test]
fn every_part_of_a_joined_file_is_heard() {
    for (name, frames) in
        [("twice.mp3", 354_960), ("ad-first-small.mp3", 222_480), ("xing-half.mp3", 177_455)]
    {
        let played = play(name);
        assert_eq!((played.frames.as_slice(), played.failures), ([frames].as_slice(), 0), "{name}");
        // An information frame would be a gap of its own.
        assert!(longest_silence(&played.planes) < PACKET, "{name}");
        assert!((played.duration - frames as f64 / 44_100.0).abs() < 1e-6, "{name}: {}", played.duration);
        // At once within a tenth, though the index is that of the first part.
        let first = played.formats[0].duration.unwrap();
        assert!((first / played.duration - 1.0).abs() < 0.1, "{name}: {first} of {}", played.duration);
    }
}

/// Any split of the bytes gives the same.
#[test]
fn joined_files_in_small_pieces() {
    for name in ["twice.mp3", "mono-then-stereo.mp3", "rates.mp3", "modes.mp3", "vbr-no-index.mp3"] {
        let bytes = file(name);
        let whole = play(name);
        for piece in [13, 1021] {
            let pieces = feed(&mut open(&bytes, true).unwrap(), &bytes, piece, usize::MAX).unwrap();
            assert!(pieces.planes == whole.planes, "{name} in pieces of {piece}");
            assert_eq!(pieces.frames, whole.frames, "{name} in pieces of {piece}");
        }
    }
}

/// ffmpeg: 357,120 frames of both.
#[test]
fn a_change_of_channels_is_no_damage() {
    for (name, channels) in [("mono-then-stereo.mp3", [1, 2]), ("stereo-then-mono.mp3", [2, 1])] {
        let played = play(name);
        assert_eq!((played.frames.as_slice(), played.failures), ([178_560, 178_560].as_slice(), 0), "{name}");
        assert_eq!([played.formats[0].channels, played.formats[1].channels], channels, "{name}");
        assert!(longest_silence(&played.planes) < PACKET, "{name}");
    }
    // 40 frames, each of another mode than the one before.
    let played = play("modes.mp3");
    assert_eq!((played.total(), played.failures), (40 * PACKET, 0));
}

/// ffmpeg of each part: 67,968 frames at 44.1 kHz, 73,728 at 48 kHz.
#[test]
fn a_change_of_the_rate_is_another_stream() {
    let played = play("rates.mp3");
    assert_eq!((played.frames.as_slice(), played.failures), ([67_968, 73_728].as_slice(), 0));
    assert_eq!([played.formats[0].sample_rate, played.formats[1].sample_rate], [44_100, 48_000]);
    assert!((played.duration - (67_968.0 / 44_100.0 + 73_728.0 / 48_000.0)).abs() < 1e-6);
}

#[test]
fn seeks_cross_changes_both_ways() {
    for (name, edge, seconds) in [("mono-then-stereo.mp3", 178_560, 1.0), ("rates.mp3", 67_968, 0.5)] {
        let bytes = file(name);
        let mut track = open(&bytes, true).unwrap();
        let whole = feed(&mut track, &bytes, 9000, usize::MAX).unwrap();
        track.seek(seconds);
        let again = feed(&mut track, &bytes, 9000, usize::MAX).unwrap();
        let from = (seconds * 44_100.0) as usize;
        assert_eq!(again.total(), whole.total() - from, "{name}");
        let worst = |from: usize, at: usize, count: usize| {
            (0..count)
                .map(|n| (again.planes[0][at + n] - whole.planes[0][from + n]).abs())
                .fold(0.0, f32::max)
        };
        assert!(worst(from, 0, edge - from) < 1e-3, "{name}");
        // Into what follows the change.
        track.seek((edge as f64 / 44_100.0) + 0.5);
        let rest = feed(&mut track, &bytes, 9000, usize::MAX).unwrap();
        assert!(
            rest.total().abs_diff(whole.total() - edge - 22_050) < 3 * PACKET,
            "{name}: {}",
            rest.total()
        );
    }
}

/// The samples of a frame may lie in those before it, which a new decoder has not seen.
#[test]
fn a_primer_hands_the_bit_reservoir_to_a_new_decoder() {
    let bytes = file("rates.mp3");
    let mut track = open(&bytes, true).unwrap();
    track.push(&bytes[..9000]);
    let _ = track.advance(1);
    let mut old = decoder(track.stream().unwrap()).unwrap();
    let (mut at, mut reservoir, mut want): (usize, Vec<u8>, Planes) =
        (0, Vec::new(), vec![Vec::new(), Vec::new()]);
    let mut got = want.clone();
    let mut refers = false;
    for number in 0..40 {
        let header = MpegHeader::parse(&bytes[at..]).unwrap();
        let frame = &bytes[at..at + header.frame_bytes];
        old.decode(frame, &mut want).unwrap();
        // A new decoder for this frame, and the one after it in the overlap of which only this one is.
        if number > 2 {
            let mut new = decoder(track.stream().unwrap()).unwrap();
            let _ = new.decode(&header.primer(&reservoir).unwrap(), &mut got);
            new.decode(frame, &mut got).unwrap();
            // The first half of the first granule overlaps with what came before.
            let worst = (576 + 528..PACKET).map(|n| (want[0][n] - got[0][n]).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "frame {number}: {worst}");
        }
        refers |= u16::from(frame[4]) << 1 | u16::from(frame[5]) >> 7 > 0;
        reservoir.extend_from_slice(header.reservoir(frame));
        at += header.frame_bytes;
    }
    assert!(refers, "no frame refers to one before");
}

#[test]
fn tags_lie_anywhere() {
    let part = file("twice.mp3");
    let (first, second) = part.split_at(part.len() / 2);
    let id3v1 = [b"TAG".as_slice(), &[b'x'; 125]].concat();
    let ape =
        [b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\0".as_slice(), &[0; 32]].concat();
    let id3v2 = [b"ID3\x04\0\0\0\0\x08\0".as_slice(), &[0xff; 1024]].concat();
    let whole = play("twice.mp3").total();
    for (what, bytes) in [
        ("ID3v1 behind", [&part, id3v1.as_slice()].concat()),
        ("APEv2 and ID3v1 behind", [&part, ape.as_slice(), &id3v1].concat()),
        ("ID3v2 in the middle", [first, id3v2.as_slice(), second].concat()),
    ] {
        let played = play_bytes(&bytes).unwrap();
        assert_eq!((played.total(), played.failures), (whole, 0), "{what}");
    }
    // Longer than a track may be damaged: 300 KB of a cover, and of padding.
    let cover =
        [b"APETAGEX\xd0\x07\0\0".as_slice(), &300_000u32.to_le_bytes(), &[0; 16], &vec![0x55; 300_000]]
            .concat();
    for (what, between) in [("ID3v1", id3v1.clone()), ("APEv2", cover), ("zeros", vec![0; 300_000])] {
        let played = play_bytes(&[first, between.as_slice(), second].concat()).unwrap();
        assert_eq!((played.total(), played.failures), (whole, 0), "{what} in the middle");
        let played = play_bytes(&[&part, between.as_slice()].concat()).unwrap();
        assert_eq!((played.total(), played.failures), (whole, 0), "{what} behind");
    }
}

/// Of what an index states too much, as of a file that was cut, the size of the file is the better estimate.
#[test]
fn an_index_that_states_too_much() {
    let mut bytes = file("xing-half.mp3");
    let at = bytes.windows(4).position(|mark| mark == b"Xing").unwrap();
    bytes[at + 8..at + 16].copy_from_slice(b"\0\0\x04\0\0\x04\0\0");
    let played = play_bytes(&bytes).unwrap();
    assert_eq!((played.total(), played.failures), (177_455, 0));
    let first = played.formats[0].duration.unwrap();
    assert!((first / played.duration - 1.0).abs() < 0.1, "{first} of {}", played.duration);
    assert!((played.duration - 177_455.0 / 44_100.0).abs() < 1e-6);
}

#[test]
fn what_comes_before_the_first_frame_is_stepped_over_up_to_a_bound() {
    let part = file("twice.mp3");
    let mut behind = Track::new(Family::Mp3, 0.0, HostDecoders::default()).unwrap();
    let bytes = [vec![0; 2_000_000], part.clone()].concat();
    behind.set_total_bytes(bytes.len() as u64);
    assert_eq!(feed(&mut behind, &bytes, 65_536, usize::MAX).unwrap().total(), 354_960);
    let mut never = Track::new(Family::Mp3, 0.0, HostDecoders::default()).unwrap();
    let bytes = [vec![0; 3 << 20], part].concat();
    assert_eq!(feed(&mut never, &bytes, 65_536, usize::MAX).err(), Some(TrackError::Unsupported));
    assert!(never.end_offset() < (2 << 20) + 70_000, "{} bytes were read", never.end_offset());
}

#[test]
fn noise_between_frames_costs_no_more_than_its_bytes() {
    let part = file("mono-then-stereo.mp3");
    let (first, second) = part.split_at(part.len() / 4);
    let noise: Vec<u8> = (0..3000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let played = play_bytes(&[first, noise.as_slice(), second].concat()).unwrap();
    let packets = 3000.0 / 209.0;
    let more = played.total() as f64 - 357_120.0;
    assert!(more > -2.0 * PACKET as f64 && more < (packets + 2.0) * PACKET as f64, "{more}");
}

/// Without an index: within a tenth at once where the first frames are like the others, right once the end is
/// in memory, and no seek changes it.
#[test]
fn lengths_without_an_index() {
    for (name, frames, rate) in [
        ("mono-then-stereo.mp3", 357_120.0, 44_100.0),
        ("he.aac", 88_064.0, 22_050.0),
        ("hev2.aac", 88_064.0, 22_050.0),
        ("lc.aac", 176_128.0, 44_100.0),
    ] {
        let played = play(name);
        let first = played.formats[0].duration.unwrap();
        assert!((first / (frames / rate) - 1.0).abs() < 0.1, "{name}: {first}");
        assert!((played.duration - frames / rate).abs() < 1e-6, "{name}: {}", played.duration);
    }
    // The quarter that is nearly silent is at its end.
    let bytes = file("vbr-no-index.mp3");
    let mut track = open(&bytes, true).unwrap();
    track.push(&bytes);
    track.finish();
    let _ = track.advance(1);
    assert_eq!(track.stated_duration(), Some(354_816.0 / 44_100.0));
    let mut track = open(&bytes, true).unwrap();
    let played = feed(&mut track, &bytes, 20_000, 50_000).unwrap();
    let published = played.formats[0].duration.unwrap();
    for behind in [1.0, 30.0, 1e6] {
        track.seek(published + behind);
        let rest = feed(&mut track, &bytes, 20_000, usize::MAX).unwrap();
        assert!((rest.duration - published).abs() < 0.1, "{behind} after {published}: {}", rest.duration);
    }
    track.seek(0.0);
    assert_eq!(feed(&mut track, &bytes, 20_000, usize::MAX).unwrap().total(), 354_816);
}

#[test]
fn layers_one_and_two_and_mp3_in_wave_are_refused() {
    assert_eq!(refused(&file("mp3-in-wav.wav")), Some(TrackError::Unsupported));
}
