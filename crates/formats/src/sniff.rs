//! Identifies a file's format by its first bytes; its name and its `Content-Type` count only where the bytes
//! do not identify it.
//!
//! After the order of WHATWG's MIME Sniffing section 6.2, with ADTS and MPEG audio distinguished by their
//! layer bits, and a tag of ID3v2 stepped over, which any of them may carry.

/// A family of formats that one module reads.
#[cfg_attr(all(target_arch = "wasm32", feature = "bindings"), wasm_bindgen::prelude::wasm_bindgen)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// MPEG audio, layer III.
    Mp3,
    /// AAC in ADTS.
    Adts,
    /// ISO base media: MP4, M4A.
    Mp4,
    /// FLAC in its own container.
    Flac,
    /// Ogg with Vorbis.
    OggVorbis,
    /// Ogg with Opus.
    OggOpus,
    /// Ogg with FLAC.
    OggFlac,
    /// WAVE.
    Wav,
}

impl Family {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Mp3,
        Self::Adts,
        Self::Mp4,
        Self::Flac,
        Self::OggVorbis,
        Self::OggOpus,
        Self::OggFlac,
        Self::Wav,
    ];

    /// The family that a MIME type or the end of a path names.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.as_bytes().split(|byte| b";?#".contains(byte)).next()?.trim_ascii();
        let last = name.rsplit(|byte| b"/.".contains(byte)).next()?;
        let last = last
            .split_at_checked(2)
            .filter(|(front, _)| front.eq_ignore_ascii_case(b"x-"))
            .map_or(last, |(_, last)| last);
        let is = |names: &str| {
            names.as_bytes().split(|&byte| byte == b' ').any(|known| last.eq_ignore_ascii_case(known))
        };
        NAMES.iter().find(|(names, _)| is(names)).map(|&(_, family)| family)
    }
}

/// Ends of paths and subtypes of MIME types, which may have an `x-` in front.
const NAMES: [(&str, Family); 7] = [
    ("mp3 mpeg mpga mpeg3 mpeg-3", Family::Mp3),
    ("aac aacp adts hx-aac-adts", Family::Adts),
    ("mp4 m4a m4b mp4a m4p", Family::Mp4),
    ("flac", Family::Flac),
    ("opus", Family::OggOpus),
    ("ogg oga vorbis", Family::OggVorbis),
    ("wav wave pn-wav", Family::Wav),
];

/// What the first bytes identify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// The format is recognised.
    Family(Family),
    /// There are too few.
    NeedBytes,
    /// A tag of that many bytes comes first: the bytes after it identify the format.
    Behind(u64),
    /// They are the beginning of nothing that is known.
    Unknown,
}

/// First pages of logical streams that are looked at for one of audio.
const MAX_OGG_STREAMS: usize = 16;

/// Bytes of the header of an ID3v2 tag.
pub const ID3_HEADER_BYTES: usize = 10;

/// Bytes of an ID3v2 tag, header and footer included (ID3v2.4 structure, sections 3.1 and 3.4): `None` where
/// there is none, 0 where there are too few bytes to see one.
pub fn id3_bytes(bytes: &[u8]) -> Option<u64> {
    let seen = bytes.len().min(3);
    if bytes[..seen] != b"ID3"[..seen] {
        return None;
    }
    let Some(header) = bytes.first_chunk::<ID3_HEADER_BYTES>() else { return Some(0) };
    let [_, _, _, major, revision, flags, size @ ..] = *header;
    // Each byte of the size has seven bits; a set high bit is no tag.
    if major == 0xff || revision == 0xff || size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let body = size.iter().fold(0u64, |sum, &byte| sum << 7 | u64::from(byte));
    let footer = if flags & 0x10 != 0 { ID3_HEADER_BYTES as u64 } else { 0 };
    Some(ID3_HEADER_BYTES as u64 + body + footer)
}

/// What `bytes`, the first of a file, are.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    if let Some(tag) = id3_bytes(bytes) {
        return if tag == 0 { Sniffed::NeedBytes } else { Sniffed::Behind(tag) };
    }
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    // Every magic number is within the first 12 bytes but that of a stream within Ogg.
    if bytes.len() < 12 {
        return Sniffed::NeedBytes;
    }
    let family = if starts(b"fLaC") {
        Family::Flac
    } else if (starts(b"RIFF") || starts(b"RF64") || starts(b"BW64") || starts(b"RIFX"))
        && &bytes[8..12] == b"WAVE"
    {
        Family::Wav
    } else if matches!(&bytes[4..8], b"ftyp" | b"moov" | b"styp" | b"moof" | b"sidx") {
        Family::Mp4
    } else if starts(b"OggS") {
        return ogg(bytes);
    } else if bytes[0] == 0xff && bytes[1] & 0xf6 == 0xf0 {
        Family::Adts
    } else if bytes[0] == 0xff && bytes[1] & 0xe6 == 0xe2 {
        Family::Mp3
    } else {
        return Sniffed::Unknown;
    };
    Sniffed::Family(family)
}

/// The first packet of a logical stream names its codec. The first pages of all streams come before any other
/// (RFC 3533 section 4): the first audio among them is played, whatever other streams there are.
fn ogg(bytes: &[u8]) -> Sniffed {
    let mut page = bytes;
    for _ in 0..MAX_OGG_STREAMS {
        let Some(&segments) = page.get(26) else { return Sniffed::NeedBytes };
        let at = 27 + usize::from(segments);
        let Some(lacing) = page.get(27..at) else { return Sniffed::NeedBytes };
        // The flag of a first page.
        if !page.starts_with(b"OggS") || page[5] & 2 == 0 {
            break;
        }
        let Some(packet) = page.get(at..at + 8) else { return Sniffed::NeedBytes };
        match packet {
            b"OpusHead" => return Sniffed::Family(Family::OggOpus),
            [0x01, b'v', b'o', b'r', b'b', b'i', b's', _] => return Sniffed::Family(Family::OggVorbis),
            [0x7f, b'F', b'L', b'A', b'C', ..] => return Sniffed::Family(Family::OggFlac),
            _ => {}
        }
        let body = lacing.iter().map(|&len| usize::from(len)).sum::<usize>();
        let Some(next) = page.get(at + body..) else { return Sniffed::NeedBytes };
        page = next;
    }
    Sniffed::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_seven_bits_a_byte() {
        assert_eq!(id3_bytes(b"ID3\x04\0\0\0\0\x02\x01rest"), Some(10 + 257));
        assert_eq!(id3_bytes(b"ID3\x04\0\x10\0\0\0\0"), Some(20));
        assert_eq!(id3_bytes(b"ID3\x04\0\0\x7f\x7f\x7f\x7f"), Some(10 + (1 << 28) - 1));
        assert_eq!(id3_bytes(b"ID3\x04\0"), Some(0));
        assert_eq!(id3_bytes(b"I"), Some(0));
        assert_eq!(id3_bytes(b"\xff\xfb\x90\x64"), None);
        assert_eq!(id3_bytes(b"ID3\x04\0\0\x80\0\0\0"), None);
    }

    #[test]
    fn layers_tell_adts_from_mp3() {
        let padded = |head: &[u8]| [head, &[0; 12]].concat();
        assert_eq!(sniff(&padded(&[0xff, 0xfb, 0x90])), Sniffed::Family(Family::Mp3));
        assert_eq!(sniff(&padded(&[0xff, 0xe3, 0x90])), Sniffed::Family(Family::Mp3));
        assert_eq!(sniff(&padded(&[0xff, 0xf1, 0x50])), Sniffed::Family(Family::Adts));
        assert_eq!(sniff(&padded(&[0xff, 0xf9, 0x50])), Sniffed::Family(Family::Adts));
        assert_eq!(sniff(b"<!doctype html>"), Sniffed::Unknown);
        assert_eq!(sniff(b"fLa"), Sniffed::NeedBytes);
    }

    #[test]
    fn names_are_heard() {
        assert_eq!(Family::named("audio/mpeg"), Some(Family::Mp3));
        assert_eq!(Family::named("audio/ogg; codecs=opus"), Some(Family::OggVorbis));
        assert_eq!(Family::named("https://a.example/b.M4A?x=1.mp3"), Some(Family::Mp4));
        assert_eq!(Family::named("audio/vnd.wave ; codec=1"), Some(Family::Wav));
        assert_eq!(Family::named("audio/x-hx-aac-adts"), Some(Family::Adts));
        assert_eq!(Family::named("AUDIO/X-WAV"), Some(Family::Wav));
        assert_eq!(Family::named("application/octet-stream"), None);
        assert_eq!(Family::named(""), None);
    }
}
