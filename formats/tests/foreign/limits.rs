//! Bounds of what a header may repeat or claim: as much as the bound is read, one more is not.

use tonearm_formats::{Advance, Family, HostDecoders, Sniffed, Track, TrackError, sniff};

use super::support::{feed, file, open, play_bytes};

/// Chunks of nothing, and one of texts with `padding` bytes after them, behind `fmt `.
fn wave_with(chunks: usize, padding: usize) -> Vec<u8> {
    let bytes = file("espeak.wav");
    let at = bytes.windows(4).position(|id| id == b"data").unwrap();
    let (front, rest) = bytes.split_at(at);
    let mut list = b"INFOINAM\x04\0\0\0Name".to_vec();
    list.resize(list.len() + padding, 0);
    let size = (list.len() as u32).to_le_bytes();
    [front, &b"junk\0\0\0\0".repeat(chunks), b"LIST", &size, &list, rest].concat()
}

#[test]
fn chunks_of_wave() {
    // `fmt ` and `LIST` are two more.
    assert_eq!(play_bytes(&wave_with(998, 0)).map(|played| played.total()), Ok(57_056));
    assert_eq!(play_bytes(&wave_with(999, 0)).err(), Some(TrackError::Unsupported));
    let title = |padding| {
        let bytes = wave_with(0, padding);
        let mut track = open(&bytes, true).unwrap();
        assert_eq!(feed(&mut track, &bytes, 9000, usize::MAX).unwrap().total(), 57_056);
        track.tags().text("title").map(str::to_owned)
    };
    // Sixteen bytes are texts.
    assert_eq!(title((64 << 10) - 16).as_deref(), Some("Name"));
    assert_eq!(title((64 << 10) - 14), None);
}

#[test]
fn blocks_of_flac() {
    let bytes = file("id3v1.flac");
    let (front, rest) = bytes.split_at(4 + 4 + 34);
    let blocks = {
        let (mut at, mut count) = (0, 1);
        while rest[at] & 0x80 == 0 {
            at += 4 + u32::from_be_bytes([0, rest[at + 1], rest[at + 2], rest[at + 3]]) as usize;
            count += 1;
        }
        count + 1
    };
    let with = |padding: usize| play_bytes(&[front, &[1, 0, 0, 0].repeat(padding), rest].concat());
    assert_eq!(with(1000 - blocks).map(|played| played.total()), Ok(176_400));
    assert_eq!(with(1001 - blocks).err(), Some(TrackError::Unsupported));
}

#[test]
fn boxes_of_mp4() {
    let bytes = file("stz2.m4a");
    let at = bytes.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
    // `moov` behind them, whose offsets are those of a file without: it is recognised, and that is enough.
    let recognised = |boxes: usize| {
        let bytes = [&bytes[..at], &b"\0\0\0\x08free".repeat(boxes), &bytes[at..]].concat();
        let mut track = open(&bytes, true).unwrap();
        track.push(&bytes);
        track.finish();
        matches!(track.advance(1), Advance::Format(_))
    };
    let before = {
        let (mut place, mut count) = (0, 0);
        while place < at {
            place += u32::from_be_bytes(bytes[place..place + 4].try_into().unwrap()) as usize;
            count += 1;
        }
        count
    };
    assert!(recognised(10_000 - 1 - before));
    assert!(!recognised(10_000 - before));
}

/// A box that is read as a whole, by what its header claims: no more of it is waited for.
#[test]
fn the_largest_box_of_mp4() {
    let after = |size: u32| {
        let bytes =
            [b"\0\0\0\x10ftypM4A \0\0\0\0".as_slice(), &size.to_be_bytes(), b"moov", &[0; 64]].concat();
        let mut track = Track::new(Family::Mp4, 0.0, HostDecoders::default()).unwrap();
        track.push(&bytes);
        track.advance(1)
    };
    assert_eq!(after(48 << 20), Advance::NeedBytes);
    assert_eq!(after((48 << 20) + 1), Advance::Failed(TrackError::Unsupported));
}

/// First pages of other streams before one of audio.
#[test]
fn streams_of_ogg_that_are_looked_through() {
    let other = [b"OggS\0\x02".as_slice(), &[0; 20], &[1, 10], b"fishead\0\0\0"].concat();
    let audio = file("opus-fam1.opus");
    let with = |others: usize| sniff(&[other.repeat(others), audio.clone()].concat());
    assert_eq!(with(15), Sniffed::Family(Family::OggOpus));
    assert_eq!(with(16), Sniffed::Unknown);
}
