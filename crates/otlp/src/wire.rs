//! Protobuf's wire format: varints, fixed 32 and 64 bits, and fields behind a length.

/// A message that is being written.
#[derive(Debug, Clone, Default)]
pub struct Writer(Vec<u8>);

/// Bytes that are copied in a few steps.
const CHUNK: usize = 32;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;

/// What stands before a value: all fields that are written so have numbers below 16.
fn tag(field: u32, kind: u32) -> u8 {
    debug_assert!(field < 16, "of two bytes: {field}");
    (field << 3 | kind) as u8
}

impl From<Vec<u8>> for Writer {
    fn from(fields: Vec<u8>) -> Self {
        Self(fields)
    }
}

impl Writer {
    /// The bytes so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Makes room for so many bytes more.
    pub fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    /// An empty message, in the same room.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Appends fields that are encoded already.
    pub fn raw(&mut self, fields: &[u8]) {
        self.0.extend_from_slice(fields);
    }

    /// Takes bytes out again.
    pub fn cut(&mut self, range: std::ops::Range<usize>) {
        self.0.drain(range);
    }

    /// A number of varying length without a field, as packed ones are.
    #[inline(never)]
    pub fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A number of varying length.
    #[inline(never)]
    pub fn varint(&mut self, field: u32, value: u64) {
        self.short(tag(field, VARINT), value);
    }

    /// A signed number of varying length (`sint32`); zero is what is not there.
    pub fn zigzag(&mut self, field: u32, value: i32) {
        if value != 0 {
            self.varint(field, u64::from((value << 1 ^ value >> 31).cast_unsigned()));
        }
    }

    /// A number of eight bytes.
    #[inline(never)]
    pub fn fixed64(&mut self, field: u32, value: u64) {
        let mut block = [tag(field, FIXED64); 9];
        block[1..].copy_from_slice(&value.to_le_bytes());
        self.raw(&block);
    }

    /// A number of four bytes.
    pub fn fixed32(&mut self, field: u32, value: u32) {
        let mut block = [tag(field, FIXED32); 5];
        block[1..].copy_from_slice(&value.to_le_bytes());
        self.raw(&block);
    }

    /// Bytes, or text.
    #[inline(never)]
    pub fn bytes(&mut self, field: u32, value: &[u8]) {
        self.head(field, value.len());
        self.raw(value);
    }

    /// The same, of so many bytes at the front of others: a short one is written with what stands behind it,
    /// which is cut off. That is done in four steps; a copy of some length takes longer than all else of an
    /// attribute.
    pub(super) fn front(&mut self, field: u32, (text, length): (&[u8], usize)) {
        self.head(field, length);
        self.chunk(text, length);
    }

    /// `value` = 2 that is a text (1), both shorter than 128 bytes.
    pub(super) fn text_value(&mut self, (text, length): (&[u8], usize)) {
        self.raw(&[0x12, length as u8 + 2, 0x0a, length as u8]);
        self.chunk(text, length);
    }

    #[inline]
    fn chunk(&mut self, text: &[u8], length: usize) {
        let end = self.0.len() + length;
        match text.first_chunk::<CHUNK>() {
            Some(chunk) if length <= CHUNK => {
                self.raw(chunk);
                self.0.truncate(end);
            }
            _ => self.raw(text.get(..length).unwrap_or_default()),
        }
    }

    /// What stands before a length's bytes.
    pub fn head(&mut self, field: u32, length: usize) {
        self.short(tag(field, LENGTH), length as u64);
    }

    /// A tag and a number: two bytes nearly always.
    #[inline]
    fn short(&mut self, tag: u8, number: u64) {
        if number < 0x80 {
            self.raw(&[tag, number as u8]);
        } else {
            self.0.push(tag);
            self.raw_varint(number);
        }
    }

    /// A message within this one.
    pub fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        let at = self.begin(field);
        write(self);
        self.end(at);
    }

    /// Its length is not known before it is written: one byte is held free for it, which suits nearly all of
    /// ours.
    #[inline]
    fn begin(&mut self, field: u32) -> usize {
        self.raw(&[tag(field, LENGTH), 0]);
        self.0.len()
    }

    fn end(&mut self, begin: usize) {
        let len = self.0.len() - begin;
        if len < 0x80 {
            self.0[begin - 1] = len as u8;
        } else {
            self.end_long(begin, len);
        }
    }

    /// Begins a message whose length nearly always takes two bytes, from 128 bytes to 16 KiB: where it
    /// begins. What is written up to [`Writer::end_record`] is in it.
    pub fn begin_record(&mut self, field: u32) -> usize {
        let at = self.0.len();
        self.raw(&[tag(field, LENGTH), 0, 0]);
        at
    }

    /// Ends what began there.
    pub fn end_record(&mut self, at: usize) {
        let begin = at + 3;
        let len = self.0.len() - begin;
        if (0x80..0x4000).contains(&len) {
            self.0[begin - 2] = len as u8 | 0x80;
            self.0[begin - 1] = (len >> 7) as u8;
        } else {
            self.0.remove(begin - 1);
            self.end_long(begin - 1, len);
        }
    }

    /// A longer one is moved.
    #[cold]
    #[inline(never)]
    fn end_long(&mut self, begin: usize, mut len: usize) {
        let mut at = begin - 1;
        while len >= 0x80 {
            self.0[at] = len as u8 | 0x80;
            len >>= 7;
            at += 1;
            self.0.insert(at, 0);
        }
        self.0[at] = len as u8;
    }
}

/// A message that is being read. Ends at the first thing that is not protobuf.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

/// A field's value.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// A number of varying length.
    Varint(u64),
    /// Bytes, text, or a message.
    Bytes(&'a [u8]),
    /// The bytes of a number of four or eight bytes, the lowest first.
    Fixed(&'a [u8]),
}

impl<'a> Reader<'a> {
    /// The next bytes, without a field, as packed numbers are.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    /// The next number of varying length, without a field.
    #[inline(never)]
    pub fn raw_varint(&mut self) -> Option<u64> {
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

    /// The next field's number and value.
    #[inline(never)]
    pub fn field(&mut self) -> Option<(u32, Field<'a>)> {
        let tag = self.raw_varint()? as u32;
        let value = match tag & 7 {
            VARINT => Field::Varint(self.raw_varint()?),
            FIXED64 => Field::Fixed(self.take(8)?),
            FIXED32 => Field::Fixed(self.take(4)?),
            LENGTH => {
                let len = usize::try_from(self.raw_varint()?).ok()?;
                Field::Bytes(self.take(len)?)
            }
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}
