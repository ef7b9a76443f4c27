//! Reads messages of OTLP. Each message is a table of its fields, from which [`messages`] makes a struct, its
//! reader and its serializer. Members are absent where the message has no such field: what is at its default
//! is left out in JSON as it is in protobuf.

use tonearm_otlp::{Field, Reader};

/// How many messages may lie within one another. The deepest value of an app lies within thirty: eight levels
/// of maps take three each. The bound keeps a damaged body from overflowing the stack.
pub const MAX_DEPTH: u32 = 64;

/// A value that one field holds.
pub trait Decode<'a>: Default {
    /// Takes the field in; `depth` is how many messages may still lie within one another. Returns `None`
    /// where the field has another wire type, or where its bytes are no such message.
    fn decode(&mut self, field: Field<'a>, depth: u32) -> Option<()>;
}

/// A member of a message: what its fields of one number become.
pub(crate) trait Member<'a> {
    /// Takes a field in; `None` as of [`Decode::decode`].
    fn read(&mut self, field: Field<'a>, depth: u32) -> Option<()>;

    /// Whether the message has no such field.
    fn is_absent(&self) -> bool;
}

impl<'a, T: Decode<'a>> Member<'a> for Option<T> {
    fn read(&mut self, field: Field<'a>, depth: u32) -> Option<()> {
        self.insert(T::default()).decode(field, depth)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<'a, T: Decode<'a>> Member<'a> for Vec<T> {
    fn read(&mut self, field: Field<'a>, depth: u32) -> Option<()> {
        self.push(T::default());
        self.last_mut()?.decode(field, depth)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// A message of OTLP.
pub(crate) trait Message<'a> {
    /// The member for the fields of a number, if the message has one.
    fn member(&mut self, number: u32) -> Option<&mut dyn Member<'a>>;
}

/// Takes in a message that is a field; `None` as of [`Decode::decode`].
pub(crate) fn read_message<'a>(message: &mut dyn Message<'a>, field: Field<'a>, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let Field::Bytes(bytes) = field else { return None };
    read_fields(bytes, |number, field, _| match message.member(number) {
        Some(member) => member.read(field, depth),
        None => Some(()),
    })
}

/// Calls `take` with the number, the value and the bytes of each field. Returns `None` where the bytes are no
/// whole message, or where `take` does.
pub(crate) fn read_fields<'a>(
    message: &'a [u8],
    mut take: impl FnMut(u32, Field<'a>, &'a [u8]) -> Option<()>,
) -> Option<()> {
    let mut rest = Reader(message);
    while !rest.0.is_empty() {
        let from = rest.0;
        let (number, field) = rest.field()?;
        take(number, field, from.get(..from.len() - rest.0.len())?)?;
    }
    Some(())
}

/// Decodes a whole message.
pub fn decode<'a, T: Decode<'a>>(message: &'a [u8]) -> Option<T> {
    let mut decoded = T::default();
    decoded.decode(Field::Bytes(message), MAX_DEPTH)?;
    Some(decoded)
}

/// Declares messages: `number => member: type` for each field.
macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? { $($number:literal => $member:ident: $type:ty,)* }
    )*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
        #[allow(clippy::struct_field_names, reason = "names of the specification")]
        #[serde(rename_all = "camelCase")]
        pub struct $name $(<$life>)? {
            $(
                #[doc = concat!("Field ", $number, ".")]
                #[serde(skip_serializing_if = "crate::read::Member::is_absent")]
                pub $member: $type,
            )*
        }

        impl<'a> crate::read::Message<'a> for $name $(<$life>)? {
            fn member(&mut self, number: u32) -> Option<&mut dyn crate::read::Member<'a>> {
                match number {
                    $($number => Some(&mut self.$member),)*
                    _ => None,
                }
            }
        }

        impl<'a> crate::read::Decode<'a> for $name $(<$life>)? {
            fn decode(&mut self, field: tonearm_otlp::Field<'a>, depth: u32) -> Option<()> {
                crate::read::read_message(self, field, depth)
            }
        }
    )* };
}
pub(crate) use messages;
