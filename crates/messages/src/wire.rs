//! How a message becomes bytes: fixed little-endian numbers, strings and lists behind a length. No message is
//! kept, so there are no optional or renumbered fields to care for.

use tonearm_base::text::latin1;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside a field.
    Truncated,
    /// The first byte names no message.
    UnknownKind,
}

/// Bytes that are read from their front. Past the end everything is zero and empty, and the fault is kept:
/// one question at the end weighs less than one at each field.
#[derive(Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    fault: Option<DecodeError>,
}

impl<'a> Cursor<'a> {
    /// At the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, fault: None }
    }

    /// The next `len` bytes.
    #[inline(never)]
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let Some((head, tail)) = self.bytes.split_at_checked(len) else {
            self.fault.get_or_insert(DecodeError::Truncated);
            self.bytes = &[];
            return &[];
        };
        self.bytes = tail;
        head
    }

    /// Whether there is nothing more.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A little-endian number of `len` bytes.
    #[inline(never)]
    pub fn number(&mut self, len: usize) -> u64 {
        self.take(len).iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    /// The first byte of an enum; the first variant's where there is none.
    #[doc(hidden)]
    pub fn kind(&mut self) -> u64 {
        self.number(1)
    }

    /// Notes a kind that no variant has.
    #[doc(hidden)]
    pub fn unknown(&mut self) {
        self.fault.get_or_insert(DecodeError::UnknownKind);
    }
}

/// A value that is written into, and read from, a message.
pub trait Wire: Sized {
    /// Appends the value's bytes.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes the value from the front.
    fn read(bytes: &mut Cursor<'_>) -> Self;

    /// The value alone, as bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// The value that `bytes` hold.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let value = Self::read(&mut cursor);
        cursor.fault.map_or(Ok(value), Err)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Wire for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &mut Cursor<'_>) -> Self {
                bytes.number(size_of::<$number>()) as $number
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64);

impl Wire for f64 {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bits().write(out);
    }
    fn read(bytes: &mut Cursor<'_>) -> Self {
        Self::from_bits(u64::read(bytes))
    }
}

impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }
    fn read(bytes: &mut Cursor<'_>) -> Self {
        bytes.number(1) != 0
    }
}

/// Text of a message is ASCII: URLs, versions, names of servers. What is not comes out as Latin-1 has it.
impl Wire for String {
    #[inline(never)]
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        out.extend_from_slice(self.as_bytes());
    }
    #[inline(never)]
    fn read(bytes: &mut Cursor<'_>) -> Self {
        let len = u32::read(bytes) as usize;
        latin1(bytes.take(len))
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn read(bytes: &mut Cursor<'_>) -> Self {
        bool::read(bytes).then(|| T::read(bytes))
    }
}

/// Gives a struct the bytes of its fields, in their order.
macro_rules! wire_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)*
            }
            fn read(bytes: &mut $crate::Cursor<'_>) -> Self {
                Self { $($field: $crate::Wire::read(bytes)),* }
            }
        }
    };
}

/// Gives an enum one byte for its variant, then the bytes of the variant's fields. The last variant stands
/// for an unknown kind too, which is a fault.
macro_rules! wire_enum {
    (
        $name:ident { $($kind:literal => $variant:ident { $($field:ident),* }),* $(,)? }
        else $last_kind:literal => $last:ident { $($last_field:ident),* }
    ) => {
        impl $crate::Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $($field),* } => {
                        out.push($kind);
                        $($field.write(out);)*
                    })*
                    Self::$last { $($last_field),* } => {
                        out.push($last_kind);
                        $($last_field.write(out);)*
                    }
                }
            }
            fn read(bytes: &mut $crate::Cursor<'_>) -> Self {
                let kind = bytes.kind();
                match kind {
                    $($kind => Self::$variant { $($field: $crate::Wire::read(bytes)),* },)*
                    _ => {
                        if kind != $last_kind {
                            bytes.unknown();
                        }
                        Self::$last { $($last_field: $crate::Wire::read(bytes)),* }
                    }
                }
            }
        }
    };
}

pub(crate) use {wire_enum, wire_struct};
