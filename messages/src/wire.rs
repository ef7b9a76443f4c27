//! How a message becomes bytes: fixed little-endian numbers, strings and lists behind a length. No message is kept,
//! so there are no optional or renumbered fields to care for.

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside a field.
    Truncated,
    /// The first byte names no message.
    UnknownKind,
    /// A string is not UTF-8.
    NotUtf8,
}

/// A value that is written into, and read from, a message.
pub trait Wire: Sized {
    /// Appends the value's bytes.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes the value from the front of `bytes`.
    fn read(bytes: &mut &[u8]) -> Result<Self, DecodeError>;

    /// The value alone, as bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// The value that `bytes` hold.
    fn from_bytes(mut bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(&mut bytes)
    }
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Result<&'a [u8], DecodeError> {
    let (head, tail) = bytes.split_at_checked(len).ok_or(DecodeError::Truncated)?;
    *bytes = tail;
    Ok(head)
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Wire for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
                let head = take(bytes, size_of::<$number>())?;
                head.try_into().map(<$number>::from_le_bytes).map_err(|_| DecodeError::Truncated)
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, f64);

impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }
    fn read(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(u8::read(bytes)? != 0)
    }
}

impl Wire for String {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn read(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let len = u32::read(bytes)? as usize;
        let text = take(bytes, len)?;
        str::from_utf8(text).map(Self::from).map_err(|_| DecodeError::NotUtf8)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn read(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        if bool::read(bytes)? { T::read(bytes).map(Some) } else { Ok(None) }
    }
}

/// Gives a struct the bytes of its fields, in their order.
macro_rules! wire_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)*
            }
            fn read(bytes: &mut &[u8]) -> Result<Self, $crate::DecodeError> {
                Ok(Self { $($field: $crate::Wire::read(bytes)?),* })
            }
        }
    };
}

/// Gives an enum one byte for its variant, then the bytes of the variant's fields.
macro_rules! wire_enum {
    ($name:ident { $($kind:literal => $variant:ident { $($field:ident),* }),* $(,)? }) => {
        impl $crate::Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $($field),* } => {
                        out.push($kind);
                        $($field.write(out);)*
                    })*
                }
            }
            fn read(bytes: &mut &[u8]) -> Result<Self, $crate::DecodeError> {
                match <u8 as $crate::Wire>::read(bytes)? {
                    $($kind => Ok(Self::$variant { $($field: $crate::Wire::read(bytes)?),* }),)*
                    _ => Err($crate::DecodeError::UnknownKind),
                }
            }
        }
    };
}

pub(crate) use {wire_enum, wire_struct};
