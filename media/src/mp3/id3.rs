//! ID3v2 tags, to know how many bytes to step over (ID3v2.4 structure, sections 3.1 and 3.4).

/// Bytes of a tag's header, and of its footer.
pub(super) const HEADER_BYTES: usize = 10;

/// What the front of some bytes says about a tag there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// There is none.
    Absent,
    /// The bytes are too few to tell.
    Unknown,
    /// There is one, of so many bytes, header and footer included.
    Present(u64),
}

/// Looks for a tag at the front of `bytes`.
pub(super) fn tag(bytes: &[u8]) -> Tag {
    let seen = bytes.len().min(3);
    if bytes[..seen] != b"ID3"[..seen] {
        return Tag::Absent;
    }
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Tag::Unknown };
    let [_, _, _, major, revision, flags, size @ ..] = *header;
    // Each byte of the size has seven bits; a set high bit is no tag.
    if major == 0xff || revision == 0xff || size.iter().any(|byte| byte & 0x80 != 0) {
        return Tag::Absent;
    }
    let body = size.iter().fold(0u64, |sum, &byte| sum << 7 | u64::from(byte));
    let footer = if flags & 0x10 != 0 { HEADER_BYTES as u64 } else { 0 };
    Tag::Present(HEADER_BYTES as u64 + body + footer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_seven_bits_a_byte() {
        assert_eq!(tag(b"ID3\x04\0\0\0\0\x02\x01rest"), Tag::Present(10 + 257));
        assert_eq!(tag(b"ID3\x04\0\x10\0\0\0\0"), Tag::Present(20));
        assert_eq!(tag(b"ID3\x04\0\0\x7f\x7f\x7f\x7f"), Tag::Present(10 + (1 << 28) - 1));
    }

    #[test]
    fn tells_absent_from_unknown() {
        assert_eq!(tag(b"ID3\x04\0"), Tag::Unknown);
        assert_eq!(tag(b"I"), Tag::Unknown);
        assert_eq!(tag(b""), Tag::Unknown);
        assert_eq!(tag(b"\xff\xfb\x90\x64"), Tag::Absent);
        assert_eq!(tag(b"ID3\x04\0\0\x80\0\0\0"), Tag::Absent);
    }
}
