//! What the headers of a response say of the file, and of the place of the body in it (RFC 9110).

/// Longest opaque tag or date that is compared; a longer one counts as none.
const MAX_VALIDATOR_BYTES: usize = 1024;
/// Digits of the largest offset that is read: more than any file has bytes.
const MAX_DIGITS: usize = 15;
/// Names of content codings that servers append to a tag, and what stands before them.
const CODINGS: [&[u8]; 5] = [b"gzip", b"br", b"deflate", b"zstd", b"identity"];
const SEPARATORS: &[u8] = b"-;:+_";

/// Whether a status says that a signed URL has run out: not authorised any more, or not there any more.
pub fn is_expired(status: u16) -> bool {
    matches!(status, 401 | 403 | 404 | 410)
}

/// Header fields of a media response; an absent one is empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponseFields<'a> {
    /// `Content-Type`.
    pub content_type: &'a str,
    /// `Content-Range`.
    pub content_range: &'a str,
    /// `ETag`.
    pub etag: &'a str,
    /// `Last-Modified`.
    pub last_modified: &'a str,
    /// `Content-Length`.
    pub content_length: &'a str,
    /// `Accept-Ranges`.
    pub accept_ranges: &'a str,
    /// `Content-Encoding`.
    pub content_encoding: &'a str,
}

impl<'a> ResponseFields<'a> {
    /// Reads the fields from lines `name: value` with the names in lower case; others are ignored.
    pub fn from_lines(lines: &'a str) -> Self {
        let mut fields = Self::default();
        let mut rest = lines;
        while !rest.is_empty() {
            let (line, after) = split(rest, b'\n');
            let (name, value) = split(line, b':');
            let field = match name {
                "content-type" => &mut fields.content_type,
                "content-range" => &mut fields.content_range,
                "etag" => &mut fields.etag,
                "last-modified" => &mut fields.last_modified,
                "content-length" => &mut fields.content_length,
                "accept-ranges" => &mut fields.accept_ranges,
                "content-encoding" => &mut fields.content_encoding,
                _ => &mut "",
            };
            *field = value.trim_ascii();
            rest = after;
        }
        fields
    }

    /// `Content-Length` where it is the length of the file: not of a part, and not of a coded body.
    pub fn total_bytes(&self, status: u16) -> Option<u64> {
        let mut rest = self.content_length.as_bytes();
        let length = take_number(&mut rest).filter(|&length| length != ANY && rest.is_empty());
        length.filter(|_| status != 206 && self.content_encoding.is_empty())
    }

    /// Whether the server serves byte ranges by its own account (RFC 9110 section 14.3).
    pub fn accepts_ranges(&self) -> bool {
        self.accept_ranges == "bytes"
    }
}

/// What precedes and follows the first separator.
#[inline(never)]
fn split(text: &str, separator: u8) -> (&str, &str) {
    let end = text.bytes().position(|byte| byte == separator).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default())
}

/// `Content-Range` (RFC 9110 section 14.4), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContentRange {
    /// Offset of the body's first byte; none in a response of status 416.
    pub first: Option<u64>,
    /// Bytes of the whole file, where they are known.
    pub total: Option<u64>,
}

/// What stands for an asterisk: no number has as many digits.
const ANY: u64 = u64::MAX;

/// The number or the asterisk at the front of `bytes`, which is taken off.
#[inline(never)]
fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    if let [b'*', rest @ ..] = bytes {
        *bytes = rest;
        return Some(ANY);
    }
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = bytes.split_at_checked(digits)?;
    *bytes = rest;
    let fits = digits > 0 && digits <= MAX_DIGITS;
    fits.then(|| number.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

impl ContentRange {
    /// Parses a field value; `None` where it is not one of bytes.
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, mut rest) = value.as_bytes().split_at_checked(5)?;
        if !unit.eq_ignore_ascii_case(b"bytes") {
            return None;
        }
        while let [b' ', after @ ..] = rest {
            rest = after;
        }
        let first = take_number(&mut rest)?;
        let mut last = ANY;
        if let [b'-', after @ ..] = rest {
            rest = after;
            last = take_number(&mut rest)?;
        }
        let [b'/', after @ ..] = rest else { return None };
        rest = after;
        let total = take_number(&mut rest)?;
        // Of a refused range there is an asterisk alone.
        let valid = if first == ANY { last == ANY } else { first <= last && last < total };
        let known = |number: u64| (number != ANY).then_some(number);
        let whole = rest.trim_ascii().is_empty();
        (valid && whole).then_some(Self { first: known(first), total: known(total) })
    }
}

/// Whether a media type is one of several parts, each with a head of its own (section 14.6).
pub fn is_multipart(content_type: &str) -> bool {
    const PREFIX: &str = "multipart/";
    content_type.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// The fields by which two versions of a file are distinguished; one that is not known is empty.
#[derive(Debug, Clone, Default)]
pub struct Validators {
    /// The entity tag (section 8.8.3) without the name of a content coding.
    tag: Vec<u8>,
    weak: bool,
    last_modified: Vec<u8>,
    total: Option<u64>,
}

/// The opaque part of a tag, without what names its coding.
#[inline(never)]
fn opaque(mut tag: &[u8]) -> &[u8] {
    while let [b'"', rest @ ..] | [rest @ .., b'"'] = tag {
        tag = rest;
    }
    for coding in CODINGS {
        if let Some([rest @ .., separator]) = tag.strip_suffix(coding)
            && SEPARATORS.contains(separator)
        {
            tag = rest;
            while let [rest @ .., b'-'] = tag {
                tag = rest;
            }
            break;
        }
    }
    tag
}

/// A field's value; none where it is too long.
fn bounded(value: &str) -> &[u8] {
    if value.len() > MAX_VALIDATOR_BYTES { &[] } else { value.as_bytes() }
}

/// Whether two known values are unlike.
#[inline(never)]
fn unlike(own: &[u8], other: &[u8]) -> bool {
    !own.is_empty() && !other.is_empty() && own != other
}

impl Validators {
    /// The validators of a response for a file of `total` bytes, where that is known.
    pub fn of(fields: &ResponseFields<'_>, total: Option<u64>) -> Self {
        let tag = bounded(fields.etag).trim_ascii();
        let strong = tag.strip_prefix(b"W/").unwrap_or(tag);
        Self {
            tag: opaque(strong).to_vec(),
            weak: strong.len() < tag.len(),
            last_modified: bounded(fields.last_modified).to_vec(),
            total,
        }
    }

    /// Whether `other` is of another version of the file. Tags decide where both have one and they agree, or
    /// where both are strong; then the date of the last change and the length.
    pub fn differ(&self, other: &Self) -> bool {
        if !self.tag.is_empty() && self.tag == other.tag {
            return false;
        }
        (unlike(&self.tag, &other.tag) && !self.weak && !other.weak)
            || unlike(&self.last_modified, &other.last_modified)
            || matches!((self.total, other.total), (Some(own), Some(other)) if own != other)
    }

    /// The file is `total` bytes long, whatever was stated before.
    pub fn set_total(&mut self, total: u64) {
        self.total = Some(total);
    }

    /// Takes from `other` what is not known yet, and its length.
    pub fn complete(&mut self, other: Self) {
        if self.tag.is_empty() {
            (self.tag, self.weak) = (other.tag, other.weak);
        }
        if self.last_modified.is_empty() {
            self.last_modified = other.last_modified;
        }
        self.total = other.total.or(self.total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_those_of_the_standard() {
        let range = |first, total| Some(ContentRange { first, total });
        assert_eq!(ContentRange::parse("bytes 10-19/1000"), range(Some(10), Some(1000)));
        assert_eq!(ContentRange::parse("Bytes  0-0/*"), range(Some(0), None));
        assert_eq!(ContentRange::parse("bytes */700 "), range(None, Some(700)));
        for wrong in [
            "",
            "bytes",
            "bytes 10-19",
            "bytes 10/1000",
            "bytes 19-10/1000",
            "bytes 0-1000/1000",
            "bytes *-9/10",
            "bytes -5-9/10",
            "bytes 0-9/10x",
            "frames 0-1/2",
            "bytes 0-9999999999999999/*",
            "bytes a-b/c",
        ] {
            assert_eq!(ContentRange::parse(wrong), None, "{wrong}");
        }
    }

    fn of(etag: &str, last_modified: &str, total: u64) -> Validators {
        let fields = ResponseFields { etag, last_modified, ..Default::default() };
        Validators::of(&fields, (total > 0).then_some(total))
    }

    #[test]
    fn a_file_is_the_same_whatever_the_coding_or_the_weakness_of_its_tag() {
        for (one, other) in [
            (r#""x""#, r#"W/"x""#),
            (r#""x""#, r#""x-gzip""#),
            (r#""x""#, r#"W/"x--gzip""#),
            (r#""x;br""#, r#""x""#),
            (r#"W/"x""#, r#"W/"y""#),
            ("x", r#""x""#),
        ] {
            assert!(!of(one, "", 0).differ(&of(other, "", 0)), "{one} and {other}");
        }
        assert!(!of(r#""x""#, "Mon", 10).differ(&of(r#""x""#, "Tue", 20)), "the tag decides");
        assert!(!of("", "Mon", 10).differ(&of(r#""x""#, "", 0)), "nothing to compare");
    }

    #[test]
    fn a_file_has_changed_where_strong_tags_dates_or_lengths_differ() {
        assert!(of(r#""x""#, "", 0).differ(&of(r#""y""#, "", 0)));
        assert!(of(r#"W/"x""#, "Mon", 0).differ(&of(r#"W/"y""#, "Tue", 0)));
        assert!(of("", "Mon", 5).differ(&of("", "Tue", 5)));
        assert!(of("", "", 5).differ(&of("", "", 6)));
    }

    #[test]
    fn a_tag_longer_than_any_real_one_is_not_kept() {
        let long = "x".repeat(MAX_VALIDATOR_BYTES + 1);
        assert!(of(&long, "", 0).tag.is_empty() && of("", &long, 0).last_modified.is_empty());
        assert_eq!(of(&long[1..], "", 0).tag.len(), MAX_VALIDATOR_BYTES);
    }

    #[test]
    fn fields_are_read_by_name_and_absent_ones_are_empty() {
        let fields = ResponseFields::from_lines("content-type: audio/mpeg\nx-etag: 1\netag:\"x\"\n");
        assert_eq!((fields.content_type, fields.etag), ("audio/mpeg", "\"x\""));
        assert_eq!((fields.content_range, fields.last_modified), ("", ""));
        let fields = ResponseFields::from_lines("last-modified: Mon, 30 Nov 2026 10:20:30 GMT");
        assert_eq!(fields.last_modified, "Mon, 30 Nov 2026 10:20:30 GMT");
    }

    #[test]
    fn a_content_length_is_that_of_the_file_only_for_a_whole_body_without_a_coding() {
        let total = |status, lines: &str| ResponseFields::from_lines(lines).total_bytes(status);
        assert_eq!(total(200, "content-length: 123"), Some(123));
        assert_eq!(total(206, "content-length: 123"), None);
        assert_eq!(total(200, "content-length: 123\ncontent-encoding: gzip"), None);
        assert_eq!([total(200, ""), total(200, "content-length: 1, 1")], [None, None]);
        assert_eq!([total(200, "content-length: *"), total(200, "content-length: -1")], [None, None]);
    }

    #[test]
    fn ranges_are_served_where_the_server_says_bytes() {
        let serves = |lines: &str| ResponseFields::from_lines(lines).accepts_ranges();
        assert!(serves("accept-ranges: bytes"));
        assert!(!serves("accept-ranges: none") && !serves(""));
    }
}
