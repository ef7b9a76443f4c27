//! MP4: which of the lengths that a file states is taken, and what is made of one that states none.

use super::mp4::{insert, places};
use super::support::{feed, file, open, play, play_bytes};

fn boxed(kind: &[u8], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes(), kind, body].concat()
}

/// `stz2.m4a` with iTunes' comment on its ends: delay and length in frames.
fn with_gapless(delay: u32, length: u32) -> Vec<u8> {
    let text = format!(" 00000000 {delay:08X} 00000000 {length:016X} 00000000");
    let item = [
        boxed(b"mean", b"\0\0\0\0com.apple.iTunes"),
        boxed(b"name", b"\0\0\0\0iTunSMPB"),
        boxed(b"data", &[b"\0\0\0\x01\0\0\0\0", text.as_bytes()].concat()),
    ];
    let list = boxed(b"ilst", &boxed(b"----", &item.concat()));
    let data = boxed(b"udta", &boxed(b"meta", &[&[0; 4], list.as_slice()].concat()));
    insert(&file("stz2.m4a"), b"mvhd", &data, &[b"moov"])
}

#[test]
fn a_comment_of_itunes_cuts_both_ends_and_one_of_no_length_does_not() {
    let of = |delay, length| play_bytes(&with_gapless(delay, length)).unwrap();
    let whole = play("stz2.m4a");
    let cut = of(2112, 44_100);
    assert_eq!((cut.total(), cut.failures), (44_100, 0));
    // The edit list of the file begins at 1,024.
    assert!(cut.planes[0] == whole.planes[0][2112 - 1024..][..44_100]);
    assert_eq!(of(2112, 0).total(), whole.total());
}

/// What a film of fragments states may be too little: its length, less 80 ms that the codec adds, is an
/// estimate.
#[test]
fn a_stated_length_of_fragments_is_an_estimate() {
    let mut bytes = file("recorded.mp4");
    // Version 1: two times of eight bytes, the scale, the duration in milliseconds.
    let at = places(&bytes, b"mvhd")[0] + 4 + 4 + 16 + 4;
    bytes[at..at + 8].copy_from_slice(&3000u64.to_be_bytes());
    let played = play_bytes(&bytes).unwrap();
    assert_eq!((played.formats[0].duration, played.formats[0].estimated), (Some(140_160.0 / 48_000.0), true));
    assert_eq!(played.total(), 186_240);
}

/// `frag-plain.m4a` without the samples of `moov`, and without any length: by its bytes and the bit rate.
#[test]
fn fragments_without_a_length_are_estimated_by_their_bit_rate() {
    let mut bytes = file("frag-plain.m4a");
    for kind in [b"mvhd", b"mdhd"] {
        let at = places(&bytes, kind)[0] + 4 + 4 + 8 + 4;
        bytes[at..at + 4].fill(0);
    }
    let sizes = places(&bytes, b"stsz")[0] + 4 + 8;
    bytes[sizes..sizes + 4].fill(0);
    let played = play_bytes(&bytes).unwrap();
    assert!(played.total() > 150_000, "{}", played.total());
    let first = played.formats[0].duration.unwrap();
    assert!((first / played.duration - 1.0).abs() < 0.3, "{first} of {}", played.duration);
}

/// A bit rate gives the length of fragments alone: a table that states no time gives none.
#[test]
fn a_table_without_durations_has_no_length_by_its_bit_rate() {
    let mut bytes = file("stz2.m4a");
    let length = places(&bytes, b"mdhd")[0] + 4 + 4 + 8 + 4;
    bytes[length..length + 4].fill(0);
    // Each entry is a number of samples and their duration.
    let times = places(&bytes, b"stts")[0] + 4 + 4;
    bytes[times..times + 4].fill(0);
    let edits = places(&bytes, b"edts")[0];
    bytes[edits..edits + 4].copy_from_slice(b"free");
    let mut track = open(&bytes, true).unwrap();
    let played = feed(&mut track, &bytes, 30_000, 1).unwrap();
    assert_eq!(played.formats[0].duration, None);
}
