//! FLAC: headers that state too much or too little, bytes behind the last frame, depths the decoder has no
//! room for.

use tonearm_formats::TrackError;
use tonearm_formats::demux::{Demux, Step};

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

/// A file with these blocks of metadata after STREAMINFO, in the place of its own.
fn with_blocks(bytes: &[u8], blocks: &[(u8, &[u8])]) -> Vec<u8> {
    let mut at = 4;
    while bytes[at] & 0x80 == 0 {
        at += 4 + u32::from_be_bytes([0, bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    }
    at += 4 + u32::from_be_bytes([0, bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    let mut with = bytes[..4 + 4 + 34].to_vec();
    for (kind, body) in blocks {
        with.push(*kind);
        with.extend(&(body.len() as u32).to_be_bytes()[1..]);
        with.extend(*body);
    }
    // An empty block of padding is the last one.
    with.extend([0x81, 0, 0, 0]);
    with.extend(&bytes[at..]);
    with
}

#[test]
fn comments_and_pictures_are_tags_of_the_track() {
    let comment = b"\0\0\0\0\x01\0\0\0\x09\0\0\0TITLE=One";
    let mut picture = b"\0\0\0\x03\0\0\0\x09image/png".to_vec();
    picture.extend([0; 20]);
    picture.extend(b"\0\0\0\x0a\x89PNG\r\n\x1a\n\0\0");
    let bytes = with_blocks(&file("id3v1.flac"), &[(4, comment), (6, &picture)]);
    let mut track = open(&bytes, true).unwrap();
    feed(&mut track, &bytes, 9000, 1000).unwrap();
    let tags = track.tags();
    assert_eq!(tags.text("title"), Some("One"));
    assert_eq!(tags.picture.as_ref().map(|picture| picture.bytes.len()), Some(10));
}

/// Bytes of a seek table count from the first frame, however much metadata is before that.
#[test]
fn a_seek_goes_where_the_table_says() {
    let points = [(88_200u64, 50_000u64), (132_300, 120_000)];
    let table: Vec<u8> = points
        .iter()
        .flat_map(|(at, byte)| [&at.to_be_bytes()[..], &byte.to_be_bytes(), &[16, 0]].concat())
        .collect();
    let bytes = with_blocks(&file("id3v1.flac"), &[(3, &table), (1, &vec![0; 1 << 20])]);
    let mut demuxer = tonearm_formats::flac::Demuxer::default();
    demuxer.set_total_bytes(Some(bytes.len() as u64));
    demuxer.window().push(&bytes);
    assert!(matches!(demuxer.step(), Ok(Step::Stream(_))));
    let start = demuxer.window().offset();
    for (at, byte) in points {
        demuxer.seek(at);
        assert_eq!(demuxer.window().offset(), start + byte, "{at}");
    }
}

/// A checksum of FLAC, of 8 bits by the polynomial 0x07 or of 16 by 0x8005.
fn checksum(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << (bits - 8), |crc, _| {
            (if crc >> (bits - 1) & 1 == 1 { crc << 1 ^ polynomial } else { crc << 1 }) & ((1 << bits) - 1)
        })
    })
}

/// The codes of a frame of 4,096 samples, one channel of 16 bits at 44.1 kHz.
const CODES: u16 = 0xc908;

/// The header of a frame; its number as UTF-8 writes it, which a number of any size can be.
fn frame_header(codes: u16, number: u64) -> Vec<u8> {
    let mut header = [[0xff, 0xf8], codes.to_be_bytes()].concat();
    if number < 0x80 {
        header.push(number as u8);
    } else {
        let more = (1..7).find(|more| number >> (6 * more + 6 - more) == 0).unwrap();
        let lead = (0xff80u16 >> more) as u8;
        header.push(lead | (number >> (6 * more)) as u8);
        header.extend((0..more).rev().map(|place| 0x80 | (number >> (6 * place) & 0x3f) as u8));
    }
    header.push(checksum(&header, 8, 0x07) as u8);
    header
}

fn frame_of(codes: u16, number: u64, subframe: &[u8]) -> Vec<u8> {
    let mut frame = [&frame_header(codes, number), subframe].concat();
    frame.extend((checksum(&frame, 16, 0x8005) as u16).to_be_bytes());
    frame
}

/// A frame with one subframe.
pub fn frame(number: u64, subframe: &[u8]) -> Vec<u8> {
    frame_of(CODES, number, subframe)
}

/// A file of such frames.
pub fn flac_of(frames: &[Vec<u8>]) -> Vec<u8> {
    let rate_layout_total = 44_100u64 << 44 | 15 << 36 | (frames.len() as u64 * 4096);
    let mut bytes = b"fLaC\x80\0\0\x22\x10\0\x10\0\0\0\0\0\0\0".to_vec();
    bytes.extend(rate_layout_total.to_be_bytes());
    bytes.extend([0; 16]);
    bytes.extend(frames.concat());
    bytes
}

/// Frames of silence have eleven bytes: the last one too, after which nothing follows.
#[test]
fn the_shortest_frames_are_heard_up_to_the_last() {
    let bytes = flac_of(&(0..5).map(|number| frame(number, &[0, 0, 0])).collect::<Vec<_>>());
    let played = play_bytes(&bytes).unwrap();
    assert_eq!((played.total(), played.failures), (5 * 4096, 0));
}

/// Samples that look like headers of frames: each is looked at, up to a bound, after which the frame is lost.
#[test]
fn headers_within_a_frame_have_a_bound() {
    let lost = |strays: usize| {
        let mut subframe = vec![2, 1, 1];
        subframe.extend(frame_header(CODES, 100).repeat(strays));
        subframe.resize(1 + 2 * 4096, 1);
        let plain = [vec![2], vec![1; 2 * 4096]].concat();
        let frames: Vec<_> =
            (0..5).map(|number| frame(number, if number == 2 { &subframe } else { &plain })).collect();
        let played = play_bytes(&flac_of(&frames)).unwrap();
        assert_eq!(played.total(), 5 * 4096, "{strays}");
        played.failures
    };
    assert_eq!((lost(31), lost(32)), (0, 1));
}

/// Where the frames of a file lie, by the packets that the demuxer gives.
fn places(frames: &[Vec<u8>]) -> Vec<u64> {
    let mut demuxer = tonearm_formats::flac::Demuxer::default();
    demuxer.window().push(&flac_of(frames));
    demuxer.window().finish();
    let mut places = Vec::new();
    loop {
        match demuxer.step().unwrap() {
            Step::Packet(packet) => places.push(packet.at.unwrap()),
            Step::End => return places,
            _ => {}
        }
    }
}

#[test]
fn numbers_of_frames_have_up_to_36_bits() {
    let mut numbers = vec![0];
    for bits in [7, 11, 16, 21, 26, 31, 36] {
        numbers.extend([(1u64 << bits) - 1 - (1 << (bits - 3)), (1 << bits) - 1, 1 << bits]);
    }
    numbers.pop();
    let frames: Vec<_> = numbers.iter().map(|&number| frame(number, &[0, 0, 0])).collect();
    let want: Vec<_> = numbers.iter().map(|number| number * 4096).collect();
    assert_eq!(places(&frames), want);
}

/// Values of a header that the standard reserves: of the block size, the rate, the channels, the depth, and a
/// bit.
#[test]
fn a_header_of_reserved_values_is_none() {
    let plain = |number| frame(number, &[0, 0, 0]);
    for codes in [0x0908, 0xcf08, 0xc9b8, 0xc906, 0xc909] {
        let frames = [plain(0), frame_of(codes, 1, &[0, 0, 0]), plain(2), plain(3)];
        assert_eq!(places(&frames), [0, 2 * 4096, 3 * 4096], "{codes:x}");
    }
}
