//! FLAC: headers that state too much or too little, bytes behind the last frame, depths the decoder has no room for.

use tonearm_formats::TrackError;

use super::support::{feed, file, open, play, play_bytes, refused};

/// `ffmpeg -i FILE -f f32le -`: 176,400 frames of both.
#[test]
fn all_frames_are_heard_whatever_the_header_states() {
    for name in ["total-less.flac", "id3v1.flac"] {
        let played = play(name);
        assert_eq!((played.total(), played.failures), (176_400, 0), "{name}");
        assert!((played.duration - 4.0).abs() < 1e-9, "{name}");
    }
    // A quarter more than there is, as a file that was cut has it.
    let mut bytes = file("id3v1.flac");
    let total: u32 = 220_500;
    bytes[22..26].copy_from_slice(&total.to_be_bytes());
    let played = play_bytes(&bytes).unwrap();
    assert_eq!((played.total(), played.duration), (176_400, 4.0));
    // Where the connection may have ended early, that is said.
    let mut track = open(&bytes, false).unwrap();
    assert_eq!(feed(&mut track, &bytes, 9000, usize::MAX).err(), Some(TrackError::Truncated));
}

#[test]
fn what_follows_the_last_frame_is_no_part_of_it() {
    let bytes = file("total-less.flac");
    for (what, tail) in [
        ("an APEv2 tag", [b"APETAGEX".as_slice(), &[0xff; 500]].concat()),
        ("an ID3v2 tag", [b"ID3\x04\0".as_slice(), &[0; 300]].concat()),
        ("zeros", vec![0; 4000]),
        ("a page", b"<!doctype html><title>404</title>".repeat(20)),
    ] {
        let played = play_bytes(&[bytes.as_slice(), &tail].concat()).unwrap();
        assert_eq!((played.total(), played.failures), (176_400, 0), "{what}");
    }
}

#[test]
fn seeks_reach_what_the_header_does_not_state() {
    let bytes = file("total-less.flac");
    let mut track = open(&bytes, true).unwrap();
    let whole = feed(&mut track, &bytes, 9000, usize::MAX).unwrap();
    for seconds in [3.5, 0.5, 2.5] {
        track.seek(seconds);
        let rest = feed(&mut track, &bytes, 9000, usize::MAX).unwrap();
        let from = (seconds * 44_100.0) as usize;
        assert!(rest.planes[0] == whole.planes[0][from..], "{seconds}");
    }
}

/// The difference of two channels of 32 bits has 33: not noise near full scale.
#[test]
fn two_channels_of_32_bits_are_refused() {
    assert_eq!(refused(&file("f32short.flac")), Some(TrackError::Unsupported));
}

/// A comment stands for WAVE's mask of channels.
#[test]
fn a_comment_says_where_channels_are_heard() {
    let bytes = file("id3v1.flac");
    for (text, mask) in [("0x60F", 0x60f), ("0X0003", 3), ("3", 0), ("0x", 0), ("0x1ffffffff", 0)] {
        let text = format!("WAVEFORMATEXTENSIBLE_CHANNEL_MASK={text}");
        let mut block = vec![0, 0, 0, 0, 1, 0, 0, 0];
        block.extend((text.len() as u32).to_le_bytes());
        block.extend(text.as_bytes());
        let header = [4, 0, 0, block.len() as u8];
        let (front, rest) = bytes.split_at(4 + 4 + 34);
        assert_eq!(front[4], 0, "more blocks follow STREAMINFO");
        let bytes = [front, header.as_slice(), &block, rest].concat();
        let mut track = open(&bytes, true).unwrap();
        assert_eq!(feed(&mut track, &bytes, 9000, usize::MAX).unwrap().total(), 176_400, "{text}");
        assert_eq!(track.channel_mask(), mask, "{text}");
    }
}
