//! What the headers of a response say of the file, and of the place of the body in it (RFC 9110).

/// Longest opaque tag or date that is compared; a longer one counts as none.
const MAX_VALIDATOR_BYTES: usize = 1024;

/// Header fields of a media response that stay within the media plane.
#[derive(Debug, Clone, Default)]
pub struct ResponseFields {
    /// `Content-Type`.
    pub content_type: String,
    /// `Content-Range`.
    pub content_range: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl From<&str> for ResponseFields {
    /// Fields of a response that has a `Content-Type` alone.
    fn from(content_type: &str) -> Self {
        Self { content_type: content_type.into(), ..Self::default() }
    }
}

/// `Content-Range` (RFC 9110 section 14.4), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContentRange {
    /// Offset of the body's first byte; none in a response of status 416.
    pub first: Option<u64>,
    /// Bytes of the whole file, where they are known.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Parses a field value; `None` where it is not one of bytes.
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, rest) = value.trim().split_once(' ')?;
        let (range, total) = rest.trim().split_once('/')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        let range = range.trim();
        if range == "*" {
            return Some(Self { first: None, total });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let valid = first <= last && total.is_none_or(|total| last < total);
        valid.then_some(Self { first: Some(first), total })
    }
}

/// An entity tag (RFC 9110 section 8.8.3) without the name of a content coding, which servers append.
#[derive(Debug, Clone, PartialEq, Eq)]
struct EntityTag {
    opaque: String,
    weak: bool,
}

impl EntityTag {
    fn parse(value: &str) -> Option<Self> {
        if value.len() > MAX_VALIDATOR_BYTES {
            return None;
        }
        let value = value.trim();
        let strong = value.strip_prefix("W/").unwrap_or(value);
        let mut opaque = strong.trim_matches('"');
        for coding in ["gzip", "br", "deflate", "zstd", "identity"] {
            if let Some(rest) = opaque.strip_suffix(coding)
                && let Some(rest) = rest.strip_suffix(['-', ';', ':', '+', '_'])
            {
                opaque = rest.trim_end_matches('-');
                break;
            }
        }
        (!opaque.is_empty()).then(|| Self { opaque: opaque.into(), weak: strong.len() != value.len() })
    }
}

/// What tells two versions of a file apart.
#[derive(Debug, Clone, Default)]
pub struct Validators {
    tag: Option<EntityTag>,
    last_modified: Option<String>,
    total: Option<u64>,
}

impl Validators {
    /// The validators of a response for a file of `total` bytes, where that is known.
    pub fn of(fields: &ResponseFields, total: Option<u64>) -> Self {
        let date = fields.last_modified.as_ref().filter(|date| date.len() <= MAX_VALIDATOR_BYTES);
        Self {
            tag: fields.etag.as_deref().and_then(EntityTag::parse),
            last_modified: date.map(|date| date.trim().into()),
            total,
        }
    }

    /// Whether `other` is of another version of the file. Tags decide where both have one and they agree, or
    /// where both are strong; then the date of the last change and the length.
    pub fn differ(&self, other: &Self) -> bool {
        if let (Some(own), Some(other)) = (&self.tag, &other.tag) {
            if own.opaque == other.opaque {
                return false;
            }
            if !own.weak && !other.weak {
                return true;
            }
        }
        let unlike = |own: &Option<String>, other: &Option<String>| matches!((own, other), (Some(own), Some(other)) if own != other);
        unlike(&self.last_modified, &other.last_modified)
            || matches!((self.total, other.total), (Some(own), Some(other)) if own != other)
    }

    /// The file is `total` bytes long, whatever was stated before.
    pub fn set_total(&mut self, total: u64) {
        self.total = Some(total);
    }

    /// Takes from `other` what is not known yet, and its length.
    pub fn complete(&mut self, other: Self) {
        self.tag = self.tag.take().or(other.tag);
        self.last_modified = self.last_modified.take().or(other.last_modified);
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
        assert_eq!(ContentRange::parse("bytes */700"), range(None, Some(700)));
        for wrong in [
            "",
            "bytes",
            "bytes 10-19",
            "bytes 19-10/1000",
            "bytes 0-1000/1000",
            "bytes -5-9/10",
            "frames 0-1/2",
            "bytes 0-99999999999999999999/*",
            "bytes a-b/c",
        ] {
            assert_eq!(ContentRange::parse(wrong), None, "{wrong}");
        }
    }

    fn of(etag: &str, date: &str, total: u64) -> Validators {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_string());
        let fields = ResponseFields { etag: text(etag), last_modified: text(date), ..Default::default() };
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
        assert!(
            Validators::of(&ResponseFields { etag: Some(long.clone()), ..Default::default() }, None)
                .tag
                .is_none()
        );
        assert!(of("", &long, 0).last_modified.is_none());
    }
}
