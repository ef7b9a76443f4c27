//! The `traceparent` header, in and out (W3C Trace Context Level 2, section 3.2).

use super::super::context::{RANDOM, SAMPLED, SpanContext};

/// Why a value is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseTraceparentError {
    /// Fields are missing, or have another length.
    Shape,
    /// A digit is no lower-case hexadecimal one.
    NotHex,
    /// Version `ff`, which is forbidden.
    Version,
    /// An id of zeros only.
    ZeroId,
}

/// The bytes that lower-case hexadecimal digits spell.
pub(super) fn hex<const N: usize>(text: &[u8]) -> Result<[u8; N], ParseTraceparentError> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(ParseTraceparentError::NotHex),
    };
    let mut out = [0; N];
    for (out, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *out = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(out)
}

/// Reads a `traceparent` value. Unknown versions are read as far as this one goes, as the specification asks.
pub fn parse_traceparent(value: &str) -> Result<SpanContext, ParseTraceparentError> {
    let bytes = value.as_bytes();
    let dashes = [2, 35, 52];
    if bytes.len() < 55 || dashes.iter().any(|&at| bytes[at] != b'-') {
        return Err(ParseTraceparentError::Shape);
    }
    let [version] = hex(&bytes[..2])?;
    if version == 0xff {
        return Err(ParseTraceparentError::Version);
    }
    // Version 00 is exactly this long; a later one may go on behind a dash.
    if bytes.len() > 55 && (version == 0 || bytes[55] != b'-') {
        return Err(ParseTraceparentError::Shape);
    }
    let trace_id = hex(&bytes[3..35])?;
    let span_id = hex(&bytes[36..52])?;
    let [flags] = hex(&bytes[53..55])?;
    if trace_id == [0; 16] || span_id == [0; 8] {
        return Err(ParseTraceparentError::ZeroId);
    }
    // Sampled and random are the two flags that are defined; others must not be passed on.
    Ok(SpanContext { trace_id, span_id, flags: flags & (SAMPLED | RANDOM), is_remote: true })
}

/// Bytes as lower-case hexadecimal digits, appended.
#[inline(never)]
pub(crate) fn write_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(digit + if digit < 10 { b'0' } else { b'a' - 10 }));
        }
    }
}

/// The value that hands `context` on.
pub fn format_traceparent(context: &SpanContext) -> String {
    let mut text = String::from("00");
    let parts: [&[u8]; 3] = [&context.trace_id, &context.span_id, &[context.flags]];
    for part in parts {
        text.push('-');
        write_hex(&mut text, part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

    #[test]
    fn goes_there_and_back() {
        let context = parse_traceparent(VALUE).unwrap();
        assert!(context.is_remote && context.flags & SAMPLED != 0);
        assert_eq!(format_traceparent(&context), VALUE);
    }

    #[test]
    fn refuses_what_the_grammar_refuses() {
        use ParseTraceparentError::{NotHex, Shape, Version, ZeroId};
        for (value, error) in [
            ("", Shape),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", Shape),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra", Shape),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.extra", Shape),
            ("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NotHex),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01", NotHex),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Version),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", ZeroId),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", ZeroId),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\u{e9}01", Shape),
        ] {
            assert_eq!(parse_traceparent(value).unwrap_err(), error, "{value}");
        }
    }

    #[test]
    fn later_versions_are_read_as_this_one() {
        assert!(
            parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes").is_ok()
        );
        let context = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff").unwrap();
        assert_eq!(context.flags, 0x03);
    }
}
