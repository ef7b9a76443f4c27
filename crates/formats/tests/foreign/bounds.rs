//! One bound for rates, channels and packets, whatever the format; bounds of tags.

use tonearm_formats::tags::{Tags, vorbis_comment};
use tonearm_formats::{Advance, TrackError};

use super::ogg::mend_first_page;
use super::support::{feed, file, open, refused};

fn refuses(what: &str, bytes: &[u8]) {
    assert_eq!(refused(bytes), Some(TrackError::Unsupported), "{what}");
}

/// STREAMINFO's 20 bits of the rate, 3 of the channels.
fn flac_at(rate: u32) -> Vec<u8> {
    let mut bytes = file("id3v1.flac");
    let packed = (rate << 4) | u32::from(bytes[20] & 15);
    bytes[18..21].copy_from_slice(&packed.to_be_bytes()[1..]);
    bytes
}

#[test]
fn flac() {
    refuses("1 Hz", &flac_at(1));
    refuses("999 Hz", &flac_at(999));
    refuses("800 kHz", &flac_at(800_000));
    let bytes = flac_at(1000);
    let mut track = open(&bytes, true).unwrap();
    assert!(feed(&mut track, &bytes, 9000, 1000).is_ok());
}

fn vorbis_with(at: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = file("chain-small.ogg");
    let head = bytes.windows(7).position(|mark| mark == b"\x01vorbis").unwrap();
    bytes[head + at..head + at + value.len()].copy_from_slice(value);
    mend_first_page(&mut bytes);
    bytes
}

#[test]
fn vorbis() {
    refuses("1 Hz", &vorbis_with(12, &1u32.to_le_bytes()));
    refuses("4 GHz", &vorbis_with(12, &4_000_000_000u32.to_le_bytes()));
    refuses("33 channels", &vorbis_with(11, &[33]));
    refuses("255 channels", &vorbis_with(11, &[255]));
}

/// An `AudioSpecificConfig` with a rate of its own, of 24 bits, in the place of one of five bytes.
fn aac_at(rate: u32) -> Vec<u8> {
    let mut bytes = file("stz2.m4a");
    let at = bytes.windows(5).position(|config| config == b"\x12\x10\x56\xe5\x00").unwrap();
    // Two channels follow the rate.
    let bits = 2u64 << 35 | 15 << 31 | u64::from(rate) << 7 | 2 << 3;
    bytes[at..at + 5].copy_from_slice(&bits.to_be_bytes()[3..]);
    bytes
}

#[test]
fn mp4() {
    refuses("1 Hz", &aac_at(1));
    refuses("16 MHz", &aac_at(0xff_ffff));
    let bytes = aac_at(44_100);
    let mut track = open(&bytes, true).unwrap();
    assert!(feed(&mut track, &bytes, 9000, 1000).is_ok());
}

/// Of a hole in the time line no more is filled than its bound, however many channels there are.
#[test]
fn a_hole_is_silence_of_bounded_length() {
    let original = file("frag-plain.m4a");
    let decode_time = original.windows(4).position(|kind| kind == b"tfdt").unwrap();
    for (seconds, most) in [(8u32, 12 * 44_100), (3600, 5 * 44_100), (90_000, 5 * 44_100)] {
        let mut bytes = original.clone();
        let at = decode_time + if bytes[decode_time + 4] == 1 { 12 } else { 8 };
        bytes[at..at + 4].copy_from_slice(&(seconds * 44_100).to_be_bytes());
        let mut track = open(&bytes, true).unwrap();
        if let Ok(played) = feed(&mut track, &bytes, 9000, usize::MAX) {
            assert!(played.total() < most, "{seconds}: {}", played.total());
        }
    }
}

#[test]
fn texts_of_a_tag() {
    let mut tags = Tags::default();
    for n in 0..100 {
        tags.note(&format!("name{n}"), &"ä".repeat(5000));
    }
    assert_eq!(tags.texts.len(), 64);
    assert!(tags.texts.iter().all(|(_, value)| value.chars().count() == 2048));
    // Those of a comment header likewise.
    let mut bytes = b"\0\0\0\0\xff\xff\xff\x7f".to_vec();
    for n in 0..200u32 {
        let text = format!("NAME{n}=x");
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    let mut tags = Tags::default();
    vorbis_comment::read(&bytes, &mut tags);
    assert_eq!(tags.texts.len(), 64);
}

/// Of a tag longer than its bound the front is kept: a title in it is read, a cover behind it is left out.
#[test]
fn a_tag_is_kept_up_to_a_bound() {
    let size = |len: usize| [len >> 21, len >> 14, len >> 7, len].map(|part| part as u8 & 0x7f);
    let text = b"TIT2\0\0\0\x04\0\0\0One";
    for (padding, read) in [((8 << 20) - 100, true), (8 << 20, false)] {
        let frame = [b"PRIV".as_slice(), &size(padding), &[0, 0], &vec![1; padding]].concat();
        let late = b"TALB\0\0\0\x04\0\0\0Two";
        let body = [text.as_slice(), &frame, late].concat();
        let bytes = [b"ID3\x04\0\0".as_slice(), &size(body.len()), &body, &file("twice.mp3")].concat();
        let mut track = open(&bytes, true).unwrap();
        for piece in bytes.chunks(1 << 20) {
            track.push(piece);
            if matches!(track.advance(1), Advance::Format(_)) {
                break;
            }
        }
        let tags = track.tags();
        assert_eq!((tags.text("title"), tags.text("album").is_some()), (Some("One"), read));
    }
}

/// A page may open a cover as a document of its own origin.
#[test]
fn a_cover_is_a_raster_image_by_its_type_and_its_bytes() {
    let of = |stated: &str, bytes: &[u8]| {
        let mut tags = Tags::default();
        tags.note_picture(3, stated, bytes);
        tags.picture.map(|picture| picture.mime)
    };
    let png = b"\x89PNG\r\n\x1a\n\0\0".as_slice();
    for (bytes, mime) in [
        (b"\xff\xd8\xff\xe0\0".as_slice(), "image/jpeg"),
        (png, "image/png"),
        (b"GIF89a\0", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\0\0\0\0", "image/bmp"),
        (b"\0\0\0\x1cftypavif\0", "image/avif"),
    ] {
        for stated in [mime, "", "image/", "image/jpg", "IMAGE/PNG", "PNG", "image/x-png"] {
            assert_eq!(of(stated, bytes).as_deref(), Some(mime), "{stated}");
        }
        for stated in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "-->",
            "image/tiff",
            "text/html\0image/png",
        ] {
            assert_eq!(of(stated, bytes), None, "{stated}");
        }
    }
    for bytes in [
        b"<!doctype html><script>alert(1)</script>".as_slice(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"https://example.com/cover.png",
        b"",
        b"\x89PNG",
    ] {
        assert_eq!(of("image/png", bytes), None);
    }
}
