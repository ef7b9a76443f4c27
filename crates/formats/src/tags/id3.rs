//! ID3v2.2, 2.3 and 2.4 in front of a stream or between its frames (ID3v2.4.0 structure and frames).
//!
//! The first tag is read, up to a bound; further ones are stepped over.

use super::{MOST_BYTES, Tags, latin1, text_of};
use crate::bytes::{Reader, Window};
use crate::sniff::{ID3_HEADER_BYTES, id3_bytes};

/// Texts that are worth their bytes: the identifiers of 2.3 and 2.4, that of 2.2, and the name that Vorbis
/// comments have.
const TEXTS: [(&[u8; 4], &[u8; 3], &str); 12] = [
    (b"TIT2", b"TT2", "title"),
    (b"TPE1", b"TP1", "artist"),
    (b"TALB", b"TAL", "album"),
    (b"TPE2", b"TP2", "albumartist"),
    (b"TRCK", b"TRK", "tracknumber"),
    (b"TPOS", b"TPA", "discnumber"),
    (b"TDRC", b"TDA", "date"),
    (b"TYER", b"TYE", "date"),
    (b"TCON", b"TCO", "genre"),
    (b"TCOM", b"TCM", "composer"),
    (b"TSRC", b"TRC", "isrc"),
    (b"TCOP", b"TCR", "copyright"),
];

/// The tags of one stream.
#[derive(Debug, Default)]
pub struct Id3 {
    tags: Tags,
    /// Bytes of the tag under way that have not come.
    left: u64,
    /// The first tag, as far as it came.
    body: Option<Vec<u8>>,
    read: bool,
}

impl Id3 {
    /// What was read.
    pub fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    /// Takes a tag from the front of the window; says whether it waits for more bytes.
    pub fn step(&mut self, window: &mut Window) -> bool {
        loop {
            if self.left > 0 {
                let len = self.left.min(window.len() as u64) as usize;
                let bytes = window.take(len);
                if let Some(body) = &mut self.body {
                    let room = MOST_BYTES.saturating_sub(body.len());
                    body.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
                self.left -= len as u64;
                if self.left > 0 && !window.is_finished() {
                    return true;
                }
                self.left = 0;
                if let Some(body) = self.body.take() {
                    read(&body, &mut self.tags);
                }
            }
            match id3_bytes(window.rest()) {
                None => return false,
                Some(0) => return !window.is_finished(),
                Some(len) => {
                    self.left = len;
                    self.body = (!std::mem::replace(&mut self.read, true)).then(Vec::new);
                }
            }
        }
    }
}

/// Undoes the unsynchronisation scheme: 0xff 0x00 stands for 0xff.
fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let mut last = 0;
    let keep = |&byte: &u8| {
        let keep = !(last == 0xff && byte == 0);
        last = byte;
        keep
    };
    bytes.iter().copied().filter(keep).collect()
}

fn seven_bits(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, &byte| sum << 7 | usize::from(byte & 0x7f))
}

fn read(tag: &[u8], tags: &mut Tags) {
    let [_, _, _, major, _, flags, ..] = *tag else { return };
    let Some(body) = tag.get(ID3_HEADER_BYTES..) else { return };
    // Before 2.4 the scheme is applied to the whole tag, since then to each frame.
    let whole = flags & 0x80 != 0 && major < 4;
    let body = if whole { synchronised(body) } else { body.to_vec() };
    let mut rest = Reader(&body);
    if flags & 0x40 != 0 && major > 2 {
        let Some(size) = rest.take(4) else { return };
        let size = if major == 3 {
            Reader(size).u32().unwrap_or(0) as usize
        } else {
            seven_bits(size).saturating_sub(4)
        };
        if rest.take(size).is_none() {
            return;
        }
    }
    while let Some(frame) = frame(&mut rest, major) {
        let (id, mut body) = frame;
        let text = TEXTS.iter().find(|(long, short, _)| id == *long || id == *short);
        if let Some((.., name)) = text {
            tags.note(name, &texts(&mut body));
        } else if id == b"TXXX" || id == b"TXX" {
            let encoding = body.first().copied().unwrap_or(0);
            let (name, value) = terminated(encoding, body.get(1..).unwrap_or_default());
            tags.note(&decoded(encoding, name), &decoded(encoding, value));
        } else if id == b"APIC" || id == b"PIC" {
            picture(&body, id.len() == 3, tags);
        }
    }
}

/// The next frame: its identifier and its bytes.
fn frame<'a>(rest: &mut Reader<'a>, major: u8) -> Option<(&'a [u8], Vec<u8>)> {
    let id = rest.take(if major == 2 { 3 } else { 4 })?;
    if !id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return None;
    }
    let size = match major {
        2 => rest.be(3)? as usize,
        3 => rest.u32()? as usize,
        _ => seven_bits(rest.take(4)?),
    };
    let flags = if major == 2 { 0 } else { rest.be(2)? };
    let mut body = rest.take(size)?;
    if major == 4 && flags & 0x01 != 0 {
        body = body.get(4..)?;
    }
    // Compressed or encrypted frames are no text that a player shows.
    let closed = if major == 4 { 0x0c } else { 0xc0 };
    if major > 2 && flags & closed != 0 {
        return Some((b"", Vec::new()));
    }
    let body = if major == 4 && flags & 0x02 != 0 { synchronised(body) } else { body.to_vec() };
    Some((id, body))
}

/// A text frame's values, the first of them.
fn texts(body: &mut [u8]) -> String {
    let Some((&mut encoding, text)) = body.split_first_mut() else { return String::new() };
    decoded(encoding, terminated(encoding, text).0)
}

/// Text up to its terminator, and what follows that.
fn terminated(encoding: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
    let wide = matches!(encoding, 1 | 2);
    let end = if wide {
        bytes.chunks_exact(2).position(|pair| pair == [0, 0]).map(|at| (at * 2, 2))
    } else {
        bytes.iter().position(|&byte| byte == 0).map(|at| (at, 1))
    };
    let Some((at, len)) = end else { return (bytes, &[]) };
    (&bytes[..at], &bytes[at + len..])
}

fn decoded(encoding: u8, bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], little: bool| {
        let units = bytes.chunks_exact(2).map(|pair| {
            let pair = [pair[0], pair[1]];
            if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
        });
        let mut units = char::decode_utf16(units);
        text_of(&mut || units.next().map(|unit| unit.unwrap_or('\u{fffd}')))
    };
    match (encoding, bytes) {
        (1, [0xfe, 0xff, rest @ ..]) => wide(rest, false),
        (1, [0xff, 0xfe, rest @ ..]) => wide(rest, true),
        (1, _) => wide(bytes, true),
        (2, _) => wide(bytes, false),
        (3, _) => String::from_utf8_lossy(bytes).into_owned(),
        _ => latin1(bytes),
    }
}

fn picture(body: &[u8], short: bool, tags: &mut Tags) {
    let Some((&encoding, rest)) = body.split_first() else { return };
    let (mime, rest) = if short {
        let Some((format, rest)) = rest.split_at_checked(3) else { return };
        let name =
            if format.eq_ignore_ascii_case(b"JPG") { "jpeg" } else { &latin1(format).to_ascii_lowercase() };
        (["image/", name].concat(), rest)
    } else {
        let (mime, rest) = terminated(0, rest);
        (latin1(mime), rest)
    };
    let Some((&kind, rest)) = rest.split_first() else { return };
    let (_description, image) = terminated(encoding, rest);
    tags.note_picture(kind.into(), &mime, image);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(major: u8, flags: u8, frames: &[u8]) -> Vec<u8> {
        let size = [frames.len() >> 21, frames.len() >> 14, frames.len() >> 7, frames.len()]
            .map(|part| part as u8 & 0x7f);
        [b"ID3".as_slice(), &[major, 0, flags], &size, frames].concat()
    }

    fn tags_of(bytes: &[u8], piece: usize) -> Tags {
        let (mut window, mut id3) = (Window::default(), Id3::default());
        for piece in bytes.chunks(piece) {
            window.push(piece);
            let _ = id3.step(&mut window);
        }
        id3.tags
    }

    #[test]
    fn every_version_and_encoding() {
        let two = tag(2, 0, b"TT2\0\0\x06\0Ol\xe9 !");
        assert_eq!(tags_of(&two, 3).text("title"), Some("Olé !"));
        let three =
            tag(3, 0, b"TPE1\0\0\0\x07\0\0\x01\xff\xfe\x42\0\x71\0TALB\0\0\0\x05\0\0\x01\xfe\xff\x04\x16");
        let tags = tags_of(&three, 7);
        assert_eq!((tags.text("artist"), tags.text("album")), (Some("Bq"), Some("Ж")));
        let four = tag(
            4,
            0,
            b"TIT2\0\0\0\x05\0\0\x03\xe2\x82\xac\0TXXX\0\0\0\x1e\0\0\x03replaygain_track_gain\0-6.5 dB",
        );
        let tags = tags_of(&four, 1000);
        assert_eq!((tags.text("title"), tags.loudness.track_gain), (Some("€"), Some(-6.5)));
    }

    #[test]
    fn a_cover_survives_unsynchronisation() {
        let body = b"APIC\0\0\0\x12\0\x02\0image/png\0\x03\0\xff\x00\xd8\xff\x00";
        let tags = tags_of(&tag(4, 0, body), 5);
        let picture = tags.picture.unwrap();
        assert_eq!(
            (picture.mime.as_str(), picture.bytes.as_slice()),
            ("image/jpeg", [0xff, 0xd8, 0xff].as_slice())
        );
    }

    #[test]
    fn lies_about_sizes_end_it() {
        for body in [b"TIT2\x7f\x7f\x7f\x7f\0\0\x03abc".as_slice(), b"TIT2\0\0", b"\0\0\0\0\0\0\0\0\0\0\0\0"]
        {
            assert_eq!(tags_of(&tag(4, 0, body), 4).texts, []);
        }
    }
}
