//! The bytes of a file that are in memory and not consumed, and readers over them.

/// Bytes up to which a window grows by itself.
const SMALL_BYTES: usize = 128 << 10;
/// Bytes of room that it gets then: one and a half of what is read ahead.
const ROOM_BYTES: usize = 3 << 20;

/// A window of the file that moves forward as its front is consumed, and jumps when the demuxer wants other
/// bytes.
#[derive(Debug, Default)]
pub struct Window {
    bytes: Vec<u8>,
    head: usize,
    /// File offset of the first byte.
    offset: u64,
    finished: bool,
    source_seek: bool,
}

impl Window {
    /// Takes the file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        // What was consumed is given back where room is wanted and it is a quarter: each byte is moved three
        // times at most.
        let len = self.bytes.len() + bytes.len();
        if len > self.bytes.capacity() && self.head > self.bytes.len() / 4 {
            self.bytes.drain(..self.head);
            self.head = 0;
        }
        // Grown by doubling, a window would leave its own size in holes: past a little it gets its room at
        // once.
        if len > SMALL_BYTES && self.bytes.capacity() < ROOM_BYTES {
            self.bytes.reserve_exact(ROOM_BYTES - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Says that no more bytes will come.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Whether no more bytes will come.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// The bytes at hand.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// File offset of the first byte at hand.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// File offset of the next byte to push.
    pub fn end_offset(&self) -> u64 {
        self.offset + self.len() as u64
    }

    /// Steps over the first `len` bytes, as far as they are there; returns how many were.
    pub fn consume(&mut self, len: usize) -> usize {
        let len = len.min(self.len());
        self.head += len;
        self.offset += len as u64;
        len
    }

    /// The first `len` bytes, consumed.
    pub fn take(&mut self, len: usize) -> &[u8] {
        let start = self.head;
        let len = self.consume(len);
        &self.bytes[start..start + len]
    }

    /// Goes to a place in the file. Where its bytes are not at hand and are not the next to come, others are
    /// wanted: [`Window::take_source_seek`] says so.
    pub fn jump(&mut self, offset: u64) {
        if let Some(ahead) = offset.checked_sub(self.offset)
            && ahead <= self.len() as u64
        {
            self.consume(ahead as usize);
            return;
        }
        self.bytes.clear();
        (self.head, self.offset, self.finished, self.source_seek) = (0, offset, false, true);
    }

    /// Forgets all bytes and wants those from the first on.
    pub fn restart(&mut self) {
        *self = Self { source_seek: true, ..Self::default() };
    }

    /// Whether the bytes to push now are not those that follow the last ones: asked once for each jump.
    pub fn take_source_seek(&mut self) -> bool {
        std::mem::take(&mut self.source_seek)
    }
}

/// Reads numbers from the front of some bytes and never past their end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `len` bytes, or none of them.
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    /// A big-endian number of `len` bytes, eight at most.
    pub(crate) fn be(&mut self, len: usize) -> Option<u64> {
        Some(self.take(len)?.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    /// A little-endian number of `len` bytes, eight at most.
    pub(crate) fn le(&mut self, len: usize) -> Option<u64> {
        Some(self.take(len)?.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    /// A big-endian number of four bytes.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.be(4).map(|value| value as u32)
    }
}

/// Reads bits from the highest of each byte on; zeros past the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    /// At the first bit of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits, 32 at most.
    pub(crate) fn take(&mut self, count: usize) -> u32 {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_restarts_wants_the_first_bytes_once() {
        let mut window = Window::default();
        window.push(b"abc");
        window.finish();
        window.restart();
        assert!(window.take_source_seek() && !window.take_source_seek());
        assert!((window.offset(), window.len(), window.is_finished()) == (0, 0, false));
    }
}
