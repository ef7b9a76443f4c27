//! Damage in the middle of a file: what follows it is heard, up to a bound.

use tonearm_formats::framed::FrameHeader;
use tonearm_formats::mp3::MpegHeader;
use tonearm_formats::{Advance, Family, HostDecoders, Track, TrackError};

use super::support::{feed, file, longest_silence, open, play_bytes};

fn steady() -> Vec<u8> {
    file("../e2e/media/steady.mp3")
}

/// Bytes that are no frame of anything, and not all alike.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// 306 packets of noise in the place of as many frames: the length stays, and all that follows is heard.
#[test]
fn a_burst_of_noise_is_silence_of_its_length() {
    let bytes = steady();
    let whole = play_bytes(&bytes).unwrap();
    let mut damaged = bytes.clone();
    let middle = bytes.len() / 4..bytes.len() / 4 + (128 << 10);
    damaged[middle.clone()].copy_from_slice(&noise(middle.len()));
    let played = play_bytes(&damaged).unwrap();
    assert!(played.failures > 250, "{} packets were lost", played.failures);
    assert!(played.total().abs_diff(whole.total()) < 3 * 1152, "{} of {}", played.total(), whole.total());
    assert!(longest_silence(&played.planes) < 9 * 44_100);
    let tail = 2 * 44_100;
    let worst = |at: usize| {
        let (got, want) = (&played.planes[0], &whole.planes[0]);
        (0..tail)
            .map(|n| (got[got.len() - tail - at + n] - want[want.len() - tail + n]).abs())
            .fold(0.0, f32::max)
    };
    assert!((0..3 * 1152).any(|at| worst(at) < 1e-3), "what follows is not what was there");
}

/// Headers as they were, and noise between them.
#[test]
fn frames_whose_bodies_are_noise_do_not_end_a_track() {
    let mut bytes = steady();
    let (mut at, mut number) = (0, 0);
    while let Some(header) = MpegHeader::parse(&bytes[at..]) {
        if (100..450).contains(&number) {
            let body = at + 4..at + header.frame_bytes();
            bytes[body.clone()].copy_from_slice(&vec![0xfe; body.len()]);
        }
        (at, number) = (at + header.frame_bytes(), number + 1);
    }
    let played = play_bytes(&bytes).unwrap();
    assert!(played.failures > 300, "{} packets were lost", played.failures);
    assert_eq!(played.total(), play_bytes(&steady()).unwrap().total());
}

/// The bound is one of bytes, and no more than ten seconds of it are silence.
#[test]
fn damage_has_a_bound() {
    let bytes = steady();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let with = |len: usize| [first, noise(len).as_slice(), second].concat();
    let played = play_bytes(&with((2 << 20) - (128 << 10))).unwrap();
    assert!(played.total() > 700_000, "{} frames", played.total());
    assert!(longest_silence(&played.planes) < 11 * 44_100, "{}", longest_silence(&played.planes));
    let bytes = with(5 << 20);
    let mut track = open(&bytes, true).unwrap();
    assert_eq!(feed(&mut track, &bytes, 65_536, usize::MAX).err(), Some(TrackError::Undecodable));
    assert!(track.end_offset() < (first.len() + (2 << 20) + (300 << 10)) as u64, "{}", track.end_offset());
}

/// The same where the host decodes: what it has is given first.
#[test]
fn damage_has_a_bound_where_the_host_decodes() {
    // High-efficiency AAC is the host's to decode, at twice the rate.
    let bytes = file("he.aac");
    let bytes = [&bytes[..16_000], noise(5 << 20).as_slice(), &bytes[16_000..]].concat();
    let mut track = Track::new(Family::Adts, 0.0, HostDecoders { aac: true, others: true }).unwrap();
    track.set_total_bytes(bytes.len() as u64);
    let (mut packets, mut drains) = (0, 0);
    let error = loop {
        match track.advance(4096) {
            Advance::NeedBytes | Advance::SeekSource => {
                let at = usize::try_from(track.end_offset()).unwrap();
                if at == bytes.len() {
                    track.finish();
                }
                track.push(&bytes[at..bytes.len().min(at + 65_536)]);
            }
            Advance::Packet => {
                let at = track.packet_at().0;
                track.decoded(vec![vec![0.5; 2048]; 2], at, 44_100);
                packets += 1;
            }
            Advance::Drain => {
                track.drained();
                drains += 1;
            }
            Advance::Ready => drop(track.take(usize::MAX)),
            Advance::Failed(error) => break error,
            Advance::Format(_) => {}
            Advance::End => panic!("it ends without a reason"),
        }
    };
    assert_eq!((error, drains), (TrackError::Undecodable, 1), "{packets} {}", track.end_offset());
    assert!(packets > 30, "{packets}");
}

/// Before anything was decoded no such patience is due: nothing says that music follows.
#[test]
fn a_file_that_begins_with_what_can_not_be_decoded_is_given_up_soon() {
    let mut bytes = steady();
    let mut at = 0;
    while let Some(header) = MpegHeader::parse(&bytes[at..]) {
        let body = at + 4..at + header.frame_bytes();
        bytes[body.clone()].copy_from_slice(&vec![0xfe; body.len()]);
        at += header.frame_bytes();
    }
    let mut track = open(&bytes, true).unwrap();
    assert_eq!(feed(&mut track, &bytes, 9000, usize::MAX).err(), Some(TrackError::Undecodable));
    assert!(track.packets() <= 252, "{}", track.packets());
}
