//! The `baggage` header, in and out (W3C Baggage): what an app hands on beside the trace.

use super::trim;

/// Members and bytes that are handed on (section 3.3.2: a platform must take at least these).
const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8192;

/// Why a value is no `baggage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseBaggageError {
    /// A member is no `key=value`, with properties behind it.
    Member,
    /// A key is no token (RFC 9110 section 5.6.2).
    Key,
    /// A value has characters that none may have, or escapes that are none.
    Value,
    /// There are more than 64 members, or more than 8192 bytes.
    TooLarge,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaggageEntry {
    /// Its key.
    pub key: String,
    /// Its value, decoded.
    pub value: String,
    /// What stands behind the value, as it came: `a=1;b`.
    pub properties: String,
}

/// A list of members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baggage(Vec<BaggageEntry>);

fn is_token(text: &str) -> bool {
    let tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(tchar)
}

/// `baggage-octet`: printable ASCII without quote, comma, semicolon and backslash.
fn is_octet(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !b"\",;\\".contains(&byte)
}

/// Percent-decoded; what is no UTF-8 becomes the replacement character (section 3.3.1.3).
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            out.push((digit()? << 4 | digit()?) as u8);
        } else if is_octet(byte) {
            out.push(byte);
        } else {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if is_octet(byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(digit + if digit < 10 { b'0' } else { b'A' - 10 }));
            }
            out.insert(out.len() - 2, '%');
        }
    }
}

/// A property: a key, or a key and a value (section 3.3.1.4).
fn is_property(text: &str) -> bool {
    let (key, value) = text.split_once('=').map_or((text, ""), |(key, value)| (trim(key), trim(value)));
    is_token(key) && value.bytes().all(is_octet)
}

impl Baggage {
    /// Reads a header's value; empty members are left out.
    pub fn parse(header: &str) -> Result<Self, ParseBaggageError> {
        if header.len() > MAX_BYTES {
            return Err(ParseBaggageError::TooLarge);
        }
        let mut baggage = Self::default();
        for member in header.split(',').map(trim).filter(|member| !member.is_empty()) {
            let (pair, properties) = member.split_once(';').map_or((member, ""), |(pair, rest)| (pair, rest));
            let (key, value) = pair.split_once('=').ok_or(ParseBaggageError::Member)?;
            let (key, value) = (trim(key), trim(value));
            if !is_token(key) {
                return Err(ParseBaggageError::Key);
            }
            let value = decode(value).ok_or(ParseBaggageError::Value)?;
            let properties: Vec<_> =
                properties.split(';').map(trim).filter(|text| !text.is_empty()).collect();
            if !properties.iter().all(|text| is_property(text)) {
                return Err(ParseBaggageError::Member);
            }
            baggage.set(BaggageEntry { key: key.into(), value, properties: properties.join(";") })?;
        }
        Ok(baggage)
    }

    /// Adds a member, or puts it in the place of the one of its key.
    pub fn set(&mut self, entry: BaggageEntry) -> Result<(), ParseBaggageError> {
        if !is_token(&entry.key) {
            return Err(ParseBaggageError::Key);
        }
        if let Some(known) = self.0.iter_mut().find(|known| known.key == entry.key) {
            *known = entry;
        } else if self.0.len() < MAX_MEMBERS {
            self.0.push(entry);
        } else {
            return Err(ParseBaggageError::TooLarge);
        }
        Ok(())
    }

    /// The members, in their order.
    pub fn entries(&self) -> &[BaggageEntry] {
        &self.0
    }

    /// The header's value: the members that fit into its 8192 bytes.
    pub fn header(&self) -> String {
        let mut header = String::new();
        for entry in &self.0 {
            let mut member = [&entry.key, "="].concat();
            encode(&entry.value, &mut member);
            if !entry.properties.is_empty() {
                member.push(';');
                member.push_str(&entry.properties);
            }
            if header.len() + member.len() + 1 > MAX_BYTES {
                break;
            }
            if !header.is_empty() {
                header.push(',');
            }
            header.push_str(&member);
        }
        header
    }
}
