//! Protobuf's wire format: varints, fixed 64 bits, and fields behind a length.

/// A message that is being written.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, field: u32, kind: u32) {
        self.raw_varint(u64::from(field << 3 | kind));
    }

    pub(super) fn varint(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.raw_varint(value);
    }

    pub(super) fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, FIXED32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, LENGTH);
        self.raw_varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A message within this one. Its length is not known before it is written: one byte is held free for it, which
    /// suits nearly all of ours, and a longer one moves the message.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.tag(field, LENGTH);
        let at = self.0.len();
        self.0.push(0);
        write(self);
        let len = self.0.len() - at - 1;
        if len < 0x80 {
            self.0[at] = len as u8;
            return;
        }
        let mut prefix = Self::default();
        prefix.raw_varint(len as u64);
        let more = prefix.0.len() - 1;
        self.0.resize(self.0.len() + more, 0);
        self.0.copy_within(at + 1..at + 1 + len, at + 1 + more);
        self.0[at..=at + more].copy_from_slice(&prefix.0);
    }
}

/// A message that is being read. Ends at the first thing that is not protobuf.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// A field's value, as far as we read any.
pub(super) enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    fn raw_varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn field(&mut self) -> Option<(u32, Field<'a>)> {
        let tag = self.raw_varint()?;
        let field = u32::try_from(tag >> 3).ok()?;
        let value = match (tag & 7) as u32 {
            VARINT => Field::Varint(self.raw_varint()?),
            FIXED64 => self.take(8).map(|_| Field::Other)?,
            FIXED32 => self.take(4).map(|_| Field::Other)?,
            LENGTH => {
                let len = usize::try_from(self.raw_varint()?).ok()?;
                Field::Bytes(self.take(len)?)
            }
            _ => return None,
        };
        Some((field, value))
    }
}
