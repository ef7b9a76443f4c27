//! MPEG audio and ADTS at the border of their demuxer: which bytes are frames, what of a frame the decoder is
//! given, and which byte a seek goes to.

use tonearm_formats::demux::{Demux, Step};
use tonearm_formats::framed::FrameHeader;
use tonearm_formats::{adts, mp3};

/// Frames of PCM of a frame of MPEG-1 layer III.
const SAMPLES: u64 = 1152;

/// A stereo frame at 44.1 kHz, or one of a single channel. Index 5 is 64 kbit/s (208 bytes), 9 is 128 (417),
/// 14 is 320 (1,044).
fn mpeg_frame(rate_index: u8, mono: bool, fill: u8) -> Vec<u8> {
    let mut frame = vec![0xff, 0xfb, rate_index << 4, if mono { 0xc0 } else { 0 }];
    frame.resize(mp3::MpegHeader::parse(&frame).unwrap().frame_bytes, fill);
    frame
}

/// A frame of AAC at 44.1 kHz in stereo, `len` bytes with its header, with a checksum or without.
fn adts_frame(protected: bool, len: usize, fill: u8) -> Vec<u8> {
    let mut frame = vec![0xff, 0xf1 - u8::from(protected), 0x50, 0x80 | (len >> 11) as u8, (len >> 3) as u8];
    frame.extend([(len << 5) as u8 | 0x1f, 0xfc]);
    frame.resize(len, fill);
    frame
}

/// Takes all that the bytes so far hold: the packets, each with its place, and how many streams were
/// announced.
fn take_all(demuxer: &mut impl Demux) -> (Vec<(u64, Vec<u8>)>, usize) {
    let (mut packets, mut streams) = (Vec::new(), 0);
    for _ in 0..10_000 {
        match demuxer.step().unwrap() {
            Step::NeedBytes | Step::End => return (packets, streams),
            Step::Packet(packet) => packets.push((packet.at.unwrap(), packet.bytes.to_vec())),
            Step::Stream(_) => streams += 1,
            Step::Lost { frames, .. } => assert_eq!(frames, 0),
        }
    }
    panic!("the demuxer does not come to an end");
}

/// The first frames say 64 kbit/s, and the table of the index is of another file: a seek back goes to the
/// share of the bytes that were read.
#[test]
fn a_wrong_index_leaves_places_to_what_was_read() {
    let mut index = mpeg_frame(9, false, 0);
    index[36..40].copy_from_slice(b"Xing");
    // Frames, bytes and the table: ten frames of 4,000 bytes.
    index[40..52].copy_from_slice(b"\0\0\0\x07\0\0\0\x0a\0\0\x0f\xa0");
    let table: Vec<u8> = (0..100u32).map(|percent| (percent * 256 / 100) as u8).collect();
    index[52..152].copy_from_slice(&table);
    let tag = [b"ID3\x04\0\0\0\0\x20\0".as_slice(), &[0; 4096]].concat();
    let start = (tag.len() + index.len()) as u64;
    let (small, large) = (mpeg_frame(5, false, 1), mpeg_frame(14, false, 1));
    let mut demuxer = mp3::Demuxer::default();
    demuxer.window().push(&[tag, index, small.repeat(20)].concat());
    take_all(&mut demuxer);
    demuxer.window().push(&[small.repeat(44), large.repeat(64)].concat());
    demuxer.window().finish();
    let (packets, _) = take_all(&mut demuxer);
    assert_eq!(packets.last().unwrap().0, 127 * SAMPLES);
    // Two packets run up to the one that is sought.
    demuxer.seek(102 * SAMPLES);
    assert_eq!(demuxer.window().offset(), start + 64 * (208 + 1044) * 100 / 128);
}

/// A header in noise, at whose end stands what could be the header of a frame of another layout: frames that
/// begin before that end are heard, and the noise is not.
#[test]
fn a_header_in_noise_is_borne_out_by_a_run_alone() {
    let frames: Vec<_> = (1..9).map(|fill| mpeg_frame(9, false, fill)).collect();
    let mut noise = mpeg_frame(9, false, 0x55);
    noise.truncate(50);
    let mut disguised = frames.clone();
    disguised[4][417 - 50..][..4].copy_from_slice(&mpeg_frame(9, true, 0)[..4]);
    let bytes = [disguised[..4].concat(), noise, disguised[4..].concat()].concat();
    let mut demuxer = mp3::Demuxer::default();
    demuxer.window().push(&bytes);
    demuxer.window().finish();
    let (packets, streams) = take_all(&mut demuxer);
    let want: Vec<_> = (0..).map(|number| number * SAMPLES).zip(disguised).collect();
    assert!(packets == want && streams == 1, "{} packets of {streams} streams", packets.len());
}

/// One stream for each layout, and a frame that readies the second one's decoder.
#[test]
fn a_change_of_layout_is_announced_once() {
    let (mono, stereo) = (mpeg_frame(9, true, 1), mpeg_frame(9, false, 1));
    let mut demuxer = mp3::Demuxer::default();
    demuxer.window().push(&[mono.repeat(6), stereo.repeat(6)].concat());
    demuxer.window().finish();
    let (packets, streams) = take_all(&mut demuxer);
    let places: Vec<_> = packets.iter().map(|(at, _)| at / SAMPLES).collect();
    assert_eq!((places, streams), (vec![0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11], 2));
}

#[test]
fn a_checksum_of_adts_is_not_given_to_the_decoder() {
    for (protected, header) in [(false, 7), (true, 9)] {
        let mut demuxer = adts::Demuxer::default();
        demuxer.window().push(&adts_frame(protected, 100, 1).repeat(5));
        demuxer.window().finish();
        let (packets, _) = take_all(&mut demuxer);
        let lengths: Vec<_> = packets.iter().map(|(_, bytes)| bytes.len()).collect();
        assert_eq!(lengths, [100 - header; 5], "{protected}");
    }
}

#[test]
fn a_frame_of_adts_is_longer_than_its_header() {
    for (protected, header) in [(false, 7), (true, 9)] {
        let parse = |len| adts::AdtsHeader::parse(&adts_frame(protected, len, 0)[..7]);
        assert_eq!(parse(header), None, "{protected}");
        assert_eq!(parse(header + 1).map(|found| found.frame_bytes()), Some(header + 1), "{protected}");
    }
}
