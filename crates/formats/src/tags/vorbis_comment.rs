//! Vorbis comments (the "comment header" of the Vorbis I specification, section 5.2.2), and FLAC's picture
//! block (RFC 9639 section 8.8), which comments carry too, in Base64.

use super::Tags;
use crate::bytes::Reader;

/// Reads comments: a vendor, a count, and as many `NAME=value`.
pub fn read(bytes: &[u8], tags: &mut Tags) {
    let mut rest = Reader(bytes);
    let Some(vendor) = rest.le(4) else { return };
    if rest.take(vendor as usize).is_none() {
        return;
    }
    for _ in 0..rest.le(4).unwrap_or(0) {
        let Some(comment) = rest.le(4).and_then(|len| rest.take(len as usize)) else { return };
        let Some(at) = comment.iter().position(|&byte| byte == b'=') else { continue };
        let name = String::from_utf8_lossy(&comment[..at]);
        let value = &comment[at + 1..];
        if name.eq_ignore_ascii_case("metadata_block_picture") {
            read_picture(&base64(value), tags);
        } else {
            tags.note(&name, &String::from_utf8_lossy(value));
        }
    }
}

/// Reads a picture block.
pub fn read_picture(bytes: &[u8], tags: &mut Tags) {
    let mut rest = Reader(bytes);
    let picture = || {
        let kind = rest.u32()?;
        let len = rest.u32()?;
        let mime = String::from_utf8_lossy(rest.take(len as usize)?).into_owned();
        let len = rest.u32()?;
        rest.take(len as usize)?; // description
        rest.take(16)?; // width, height, depth, colours
        let len = rest.u32()?;
        Some((kind, mime, rest.take(len as usize)?))
    };
    if let Some((kind, mime, image)) = { picture }() {
        tags.note_picture(kind, &mime, image);
    }
}

/// RFC 4648 section 4; what is no digit is stepped over.
fn base64(text: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut count) = (Vec::with_capacity(text.len() / 4 * 3), 0u32, 0);
    for &byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comments(list: &[&str]) -> Vec<u8> {
        let mut bytes = b"\x02\0\0\0me".to_vec();
        bytes.extend((list.len() as u32).to_le_bytes());
        for comment in list {
            bytes.extend((comment.len() as u32).to_le_bytes());
            bytes.extend(comment.as_bytes());
        }
        bytes
    }

    #[test]
    fn texts_and_loudness() {
        let mut tags = Tags::default();
        read(&comments(&["TITLE=Ça", "R128_TRACK_GAIN=-512", "noequals", "Artist=A=B"]), &mut tags);
        assert_eq!((tags.text("title"), tags.text("artist")), (Some("Ça"), Some("A=B")));
        assert_eq!(tags.loudness.track_gain, Some(3.0));
    }

    #[test]
    fn a_count_that_lies_ends_at_the_bytes() {
        let mut bytes = comments(&["TITLE=x"]);
        bytes[6] = 0xff;
        bytes[9] = 0xff;
        let mut tags = Tags::default();
        read(&bytes, &mut tags);
        assert_eq!(tags.texts.len(), 1);
    }

    #[test]
    fn digits_of_base64() {
        assert_eq!(base64(b"Zm9vYmE="), b"fooba");
    }
}
