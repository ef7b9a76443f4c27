//! The `tracestate` header, in and out (W3C Trace Context Level 2, section 3.3): what other vendors hand on
//! with a trace.

use super::trim;

/// Members that a list may have (section 3.3.1.1).
const MAX_MEMBERS: usize = 32;
/// Characters of a key, and of a value.
const MAX_LENGTH: usize = 256;

/// Why a value is no `tracestate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseTraceStateError {
    /// A member is no `key=value`.
    Member,
    /// A key has characters that none may have, or too many.
    Key,
    /// A value has characters that none may have, or too many, or none.
    Value,
    /// There are more than 32 members.
    TooMany,
}

/// A well-formed list of members, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceState(String);

/// `key = ( lcalpha / DIGIT ) 0*255 ( lcalpha / DIGIT / "_" / "-" / "*" / "/" / "@" )`
fn is_key(key: &str) -> bool {
    let first = key.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    first && key.len() <= MAX_LENGTH && key.bytes().all(rest)
}

/// `value = 0*255(chr) nblk-chr`: printable ASCII without comma and equals sign, not ending with a space.
fn is_value(value: &str) -> bool {
    let chr = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b',' && byte != b'=';
    !value.is_empty() && value.len() <= MAX_LENGTH && !value.ends_with(' ') && value.bytes().all(chr)
}

impl TraceState {
    /// Reads a header's value; empty members are left out, as the grammar allows them.
    pub fn parse(value: &str) -> Result<Self, ParseTraceStateError> {
        let mut state = Self::default();
        let mut count = 0;
        for member in value.split(',').map(trim).filter(|member| !member.is_empty()) {
            count += 1;
            if count > MAX_MEMBERS {
                return Err(ParseTraceStateError::TooMany);
            }
            let (key, value) = member.split_once('=').ok_or(ParseTraceStateError::Member)?;
            if !is_key(key) {
                return Err(ParseTraceStateError::Key);
            }
            if !is_value(value) {
                return Err(ParseTraceStateError::Value);
            }
            // Of a key that comes twice the first, which is the newer one, stands.
            if state.get(key).is_none() {
                state.push(member);
            }
        }
        Ok(state)
    }

    fn push(&mut self, member: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(member);
    }

    fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.split(',').filter_map(|member| member.split_once('='))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.members().find_map(|(known, value)| (known == key).then_some(value))
    }

    /// The list with a member in front, in the place of an older one of its key; the oldest gives way where
    /// there is no room. What is no member changes nothing.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        if !is_key(key) || !is_value(value) || value.starts_with(' ') {
            return self.clone();
        }
        let mut state = Self([key, "=", value].concat());
        for (known, value) in self.members().filter(|(known, _)| *known != key).take(MAX_MEMBERS - 1) {
            state.push(&[known, "=", value].concat());
        }
        state
    }

    /// The header's value; empty where there is nothing to hand on.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
