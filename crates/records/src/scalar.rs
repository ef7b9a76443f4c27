//! Scalar types of protobuf, and how OTLP writes them in JSON: identifiers in hexadecimal, other bytes in
//! base64, integers of 64 bits as decimal strings, and the doubles that JSON lacks by their names.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use tonearm_otlp::{Field, Reader};

use crate::read::{Decode, Member};

/// `string`. Bytes that are no UTF-8 become U+FFFD.
pub(crate) type Text<'a> = Cow<'a, str>;

impl<'a> Decode<'a> for Text<'a> {
    fn decode(&mut self, field: Field<'a>, _: u32) -> Option<()> {
        *self = String::from_utf8_lossy(bytes_of(field)?);
        Some(())
    }
}

fn bytes_of(field: Field<'_>) -> Option<&[u8]> {
    if let Field::Bytes(bytes) = field { Some(bytes) } else { None }
}

/// An integer of 32 or 64 bits, of varying length or not.
fn integer_of(field: Field<'_>) -> Option<u64> {
    match field {
        Field::Varint(number) => Some(number),
        Field::Fixed(bytes) => {
            Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        Field::Bytes(_) => None,
    }
}

impl Decode<'_> for bool {
    fn decode(&mut self, field: Field<'_>, _: u32) -> Option<()> {
        *self = integer_of(field)? != 0;
        Some(())
    }
}

/// `uint32`, `fixed32` and enums.
impl Decode<'_> for u32 {
    fn decode(&mut self, field: Field<'_>, _: u32) -> Option<()> {
        *self = integer_of(field)? as Self;
        Some(())
    }
}

/// `uint64` and `fixed64`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsigned(pub u64);

impl Decode<'_> for Unsigned {
    fn decode(&mut self, field: Field<'_>, _: u32) -> Option<()> {
        self.0 = integer_of(field)?;
        Some(())
    }
}

impl Serialize for Unsigned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal(false, self.0, serializer)
    }
}

/// `int64` and `sfixed64`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signed(pub i64);

impl Decode<'_> for Signed {
    fn decode(&mut self, field: Field<'_>, _: u32) -> Option<()> {
        self.0 = integer_of(field)?.cast_signed();
        Some(())
    }
}

impl Serialize for Signed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal(self.0 < 0, self.0.unsigned_abs(), serializer)
    }
}

/// Writes a number's decimal digits; the standard library's formatter is larger.
fn decimal<S: Serializer>(negative: bool, mut number: u64, serializer: S) -> Result<S::Ok, S::Error> {
    let mut digits = [0; 21];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if negative {
        at -= 1;
        digits[at] = b'-';
    }
    serializer.serialize_str(str::from_utf8(digits.get(at..).unwrap_or_default()).unwrap_or_default())
}

/// `sint32`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Zigzag(pub i32);

impl Decode<'_> for Zigzag {
    fn decode(&mut self, field: Field<'_>, _: u32) -> Option<()> {
        let number = integer_of(field)? as u32;
        self.0 = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        Some(())
    }
}

/// `double`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Double(pub f64);

impl Decode<'_> for Double {
    fn decode(&mut self, field: Field<'_>, _: u32) -> Option<()> {
        let Field::Fixed(bytes) = field else { return None };
        self.0 = f64::from_le_bytes(bytes.try_into().ok()?);
        Some(())
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else if self.0.is_nan() {
            serializer.serialize_str("NaN")
        } else {
            serializer.serialize_str(if self.0 > 0.0 { "Infinity" } else { "-Infinity" })
        }
    }
}

/// `bytes` of an identifier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for Hex<'a> {
    fn decode(&mut self, field: Field<'a>, _: u32) -> Option<()> {
        self.0 = bytes_of(field)?;
        Some(())
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' - 10 + value });
        let text: String = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        serializer.serialize_str(&text)
    }
}

/// `bytes` of an attribute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Base64<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for Base64<'a> {
    fn decode(&mut self, field: Field<'a>, _: u32) -> Option<()> {
        self.0 = bytes_of(field)?;
        Some(())
    }
}

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in self.0.chunks(3) {
            let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(*three.get(at).unwrap_or(&0)));
            for at in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
                text.push(if at <= three.len() { char::from(digit) } else { '=' });
            }
        }
        serializer.serialize_str(&text)
    }
}

/// Repeated numbers, packed in one field or each in its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Packed<T>(pub Vec<T>);

/// A number that may be packed.
pub(crate) trait Element<'a>: Decode<'a> {
    /// Takes the next number of a packed field.
    fn next(rest: &mut Reader<'a>) -> Option<Field<'a>>;
}

impl<'a> Element<'a> for Double {
    fn next(rest: &mut Reader<'a>) -> Option<Field<'a>> {
        rest.take(8).map(Field::Fixed)
    }
}

/// `fixed64` where it may be packed: eight bytes each, which packed `uint64` are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fixed64(pub Unsigned);

impl Decode<'_> for Fixed64 {
    fn decode(&mut self, field: Field<'_>, depth: u32) -> Option<()> {
        self.0.decode(field, depth)
    }
}

impl<'a> Element<'a> for Fixed64 {
    fn next(rest: &mut Reader<'a>) -> Option<Field<'a>> {
        Double::next(rest)
    }
}

impl<'a> Element<'a> for Unsigned {
    fn next(rest: &mut Reader<'a>) -> Option<Field<'a>> {
        rest.raw_varint().map(Field::Varint)
    }
}

impl<'a, T: Element<'a>> Member<'a> for Packed<T> {
    fn read(&mut self, field: Field<'a>, depth: u32) -> Option<()> {
        let Field::Bytes(packed) = field else { return self.0.read(field, depth) };
        let mut rest = Reader(packed);
        while !rest.0.is_empty() {
            self.0.read(T::next(&mut rest)?, depth)?;
        }
        Some(())
    }

    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
}
