//! Attributes (`KeyValue`: key = 1, value = 2), written as they are set.

use super::wire::{Field, Reader, Writer};

/// A value (`AnyValue`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Text: field 1.
    Text(&'a str),
    /// Yes or no: field 2.
    Flag(bool),
    /// A whole number: field 3.
    Int(i64),
    /// A number: field 4.
    Float(f64),
    /// A list, a map, or another value that is encoded already: the bytes of an `AnyValue`.
    Encoded(&'a [u8]),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl<'a> Value<'a> {
    /// The value of that key among encoded attributes; an empty text where it is not there.
    #[inline(never)]
    pub fn of(attributes: &'a [u8], key: &str) -> Self {
        let mut fields = Reader(attributes);
        while let Some((_, value)) = fields.field() {
            if let Field::Bytes(attribute) = value
                && let mut pair = Reader(attribute)
                && let (Some((1, Field::Bytes(known))), Some((2, Field::Bytes(value)))) =
                    (pair.field(), pair.field())
                && known == key.as_bytes()
            {
                return Value::Encoded(value);
            }
        }
        Value::Text("")
    }
}

/// The key of an encoded attribute.
fn key_of(attribute: &[u8]) -> &[u8] {
    match Reader(attribute).field() {
        Some((1, Field::Bytes(key))) => key,
        _ => &[],
    }
}

/// Whether a message has an attribute of that key among its fields of that number.
pub fn has_key(message: &[u8], field: u32, key: &[u8]) -> bool {
    let mut rest = Reader(message);
    while let Some((number, value)) = rest.field() {
        if let Field::Bytes(attribute) = value
            && number == field
            && key_of(attribute) == key
        {
            return true;
        }
    }
    false
}

impl Writer {
    /// Adds attributes, encoded as fields of any number, as fields of that number. The message begins at
    /// `from`: a key that it has already keeps its value, since the attributes of a record are unique.
    #[inline(never)]
    pub fn add_attributes(&mut self, from: usize, field: u32, attributes: &[u8]) {
        let mut rest = Reader(attributes);
        while let Some((_, value)) = rest.field() {
            if let Field::Bytes(attribute) = value
                && !has_key(self.as_slice().get(from..).unwrap_or_default(), field, key_of(attribute))
            {
                self.bytes(field, attribute);
            }
        }
    }

    /// An attribute as field `field` of this message.
    #[inline(never)]
    pub fn attribute(&mut self, field: u32, key: &str, value: Value<'_>) {
        self.message(field, |out| {
            out.bytes(1, key.as_bytes());
            out.message(2, |out| match value {
                Value::Text(text) => out.bytes(1, text.as_bytes()),
                Value::Flag(flag) => out.varint(2, u64::from(flag)),
                Value::Int(number) => out.varint(3, number.cast_unsigned()),
                Value::Float(number) => out.fixed64(4, number.to_bits()),
                Value::Encoded(value) => out.raw(value),
            });
        });
    }

    /// Takes the attribute of that key out again, if it is there: the last value of a key wins.
    pub fn remove_attribute(&mut self, field: u32, key: &str) -> bool {
        let mut rest = Reader(self.as_slice());
        let mut from = 0;
        while let Some((number, value)) = rest.field() {
            let to = self.as_slice().len() - rest.0.len();
            if let Field::Bytes(attribute) = value
                && number == field
                && let Some((1, Field::Bytes(known))) = Reader(attribute).field()
                && known == key.as_bytes()
            {
                self.cut(from..to);
                return true;
            }
            from = to;
        }
        false
    }
}

/// Attributes alone, all of them one field of the message that they will be part of: 1 of a resource.
#[derive(Debug, Clone, Default)]
pub struct Attributes(Writer);

impl Attributes {
    /// The same, with another attribute of a resource.
    #[must_use]
    pub fn with<'a>(mut self, key: &str, value: impl Into<Value<'a>>) -> Self {
        self.0.attribute(1, key, value.into());
        self
    }

    /// Their bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0.finish()
    }
}
