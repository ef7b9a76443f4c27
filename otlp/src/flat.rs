//! What a host in JavaScript tells beside numbers (`flat.js`): words of four bytes, of which the first says how many there are, and
//! behind them a text that they speak of by its UTF-16 units. Becomes OTLP here; field numbers stand beside their names.

use super::Writer;

/// Bytes of a word.
const WORD: usize = 4;
/// From here on a value is a text.
const TEXT: usize = 8;
/// The largest number of which JavaScript knows its neighbours. It has one kind of number: a whole one is sent as an integer, as
/// OpenTelemetry's own JavaScript does.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// Words and text that are read from their front. Past the end all is zero and empty.
#[derive(Debug)]
pub struct Flat<'a> {
    words: &'a [u8],
    text: &'a [u8],
    ascii: bool,
    /// Units of the next text that the last one has had: a half of a character at its end, which met the other half.
    taken: usize,
    /// Keys, in the order in which they came: later ones may be told by their place.
    keys: Vec<&'a [u8]>,
}

impl<'a> Flat<'a> {
    /// At the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut flat = Flat { words: bytes, text: &[], ascii: true, taken: 0, keys: Vec::new() };
        let head = flat.length();
        flat.ascii = head & 1 > 0;
        (flat.words, flat.text) = bytes.split_at((head / 2).saturating_mul(WORD).min(bytes.len()));
        flat.word();
        flat
    }

    /// Whether there is no further word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The next word.
    #[inline(never)]
    pub fn word(&mut self) -> u32 {
        let Some((head, rest)) = self.words.split_first_chunk() else {
            self.words = &[];
            return 0;
        };
        self.words = rest;
        u32::from_le_bytes(*head)
    }

    /// The same, as a length or a count.
    pub fn length(&mut self) -> usize {
        self.word() as usize
    }

    /// The next two, in one step, as one.
    fn two(&mut self) -> u64 {
        let Some((head, rest)) = self.words.split_first_chunk() else {
            self.words = &[];
            return 0;
        };
        self.words = rest;
        u64::from_le_bytes(*head)
    }

    /// A number, in two words.
    pub fn number(&mut self) -> f64 {
        f64::from_bits(self.two())
    }

    /// Bytes of the next so many UTF-16 units.
    pub(super) fn units(&mut self, units: usize) -> &'a [u8] {
        let length = if self.ascii { units } else { self.wide(units) };
        let (head, rest) = self.text.split_at(length.min(self.text.len()));
        self.text = rest;
        head
    }

    /// How many bytes those are where not all are ASCII.
    #[cold]
    #[inline(never)]
    fn wide(&mut self, units: usize) -> usize {
        let mut rest = units.saturating_sub(self.taken);
        self.taken -= units - rest;
        let mut length = 0;
        while rest > 0
            && let Some(first) = self.text.get(length)
        {
            let (bytes, units) = match first {
                0..0xc0 => (1, 1),
                0xc0..0xe0 => (2, 1),
                0xe0..0xf0 => (3, 1),
                _ => (4, 2),
            };
            length += bytes;
            self.taken += units - rest.min(units);
            rest = rest.saturating_sub(units);
        }
        length
    }

    /// A text, behind its length.
    pub fn bytes(&mut self) -> &'a [u8] {
        let units = self.length();
        self.units(units)
    }

    /// Twice its length, and its text; or twice its place and one.
    fn key(&mut self, word: usize) -> &'a [u8] {
        if word & 1 > 0 {
            return self.keys.get(word / 2).copied().unwrap_or_default();
        }
        let key = self.units(word / 2);
        self.keys.push(key);
        key
    }

    /// The ids of a trace and of a span.
    pub(super) fn ids(&mut self) -> ([u8; 16], [u8; 8]) {
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        if let Some((head, rest)) = self.words.split_at_checked(trace.len() + span.len()) {
            let (of_trace, of_span) = head.split_at(trace.len());
            trace.copy_from_slice(of_trace);
            span.copy_from_slice(of_span);
            self.words = rest;
        }
        (trace, span)
    }

    /// A value as the fields of an `AnyValue`.
    pub fn value(&mut self, out: &mut Writer) {
        let kind = self.length();
        self.value_of(kind, out);
    }

    fn value_of(&mut self, kind: usize, out: &mut Writer) {
        match kind {
            flag @ 0..2 => out.varint(2, flag as u64),
            2 => {
                let number = self.number();
                if number.fract() == 0.0 && number.abs() <= SAFE {
                    out.varint(3, (number as i64).cast_unsigned());
                } else {
                    out.fixed64(4, number.to_bits());
                }
            }
            3 => out.varint(3, i64::from(self.word().cast_signed()).cast_unsigned()),
            4 => out.message(5, |out| {
                for _ in 0..self.length() {
                    if self.is_empty() {
                        break;
                    }
                    out.message(1, |out| self.value(out));
                }
            }),
            5 => out.message(6, |out| _ = self.attributes(1, out)),
            text => {
                if let Some(units) = text.checked_sub(TEXT) {
                    out.bytes(1, self.units(units));
                }
            }
        }
    }

    /// Attributes as fields of that number (`KeyValue`: key = 1, value = 2); how many were left out.
    pub fn attributes(&mut self, field: u32, out: &mut Writer) -> u32 {
        let head = self.two();
        for _ in 0..head as u32 {
            if self.is_empty() {
                break;
            }
            let head = self.two();
            out.message(field, |out| {
                out.bytes(1, self.key(head as u32 as usize));
                out.message(2, |out| self.value_of((head >> 32) as usize, out));
            });
        }
        (head >> 32) as u32
    }

    /// The same alone.
    pub fn encoded(&mut self, field: u32) -> Vec<u8> {
        let mut out = Writer::default();
        self.attributes(field, &mut out);
        out.finish()
    }
}
