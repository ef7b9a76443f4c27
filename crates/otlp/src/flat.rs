//! What a host in JavaScript tells beside numbers (`core/flat.ts`): words of four bytes, and texts in UTF-8,
//! each in words of its own, of which the last is filled up. Becomes OTLP here; field numbers stand beside
//! their names.

use super::attributes::has_key;
use super::{LOG_ATTRIBUTES, Writer};

/// Bytes of a word.
const WORD: usize = 4;
/// From here on a value is a text.
const TEXT: usize = 8;
/// The largest number of which JavaScript knows its neighbours. It has one kind of number: a whole one is
/// sent as an integer, as OpenTelemetry's own JavaScript does.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// In the head of a log record's row: it has a body.
const HAS_BODY: u32 = 8;

/// What a row of a log record says beside the record's own fields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRow {
    /// When it was recorded: page time in milliseconds.
    pub millis: f64,
    /// `SeverityNumber`.
    pub severity: u32,
}

/// A text, and all that stands behind it.
pub(super) type Front<'a> = (&'a [u8], usize);

/// Words and texts that are read from their front. Past the end all is zero and empty.
#[derive(Debug)]
pub struct Flat<'a> {
    rest: &'a [u8],
    /// Keys, in the order in which they came: later ones may be told by their place.
    keys: Vec<Front<'a>>,
}

impl<'a> Flat<'a> {
    /// At the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Flat { rest: bytes, keys: Vec::new() }
    }

    /// Whether there is no further word.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next word.
    #[inline(never)]
    pub fn word(&mut self) -> u32 {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            self.rest = &[];
            return 0;
        };
        self.rest = rest;
        u32::from_le_bytes(*head)
    }

    /// The same, as a length or a count.
    pub fn length(&mut self) -> usize {
        self.word() as usize
    }

    /// The next two, in one step, as one.
    fn two(&mut self) -> u64 {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            self.rest = &[];
            return 0;
        };
        self.rest = rest;
        u64::from_le_bytes(*head)
    }

    /// A number, in two words.
    pub fn number(&mut self) -> f64 {
        f64::from_bits(self.two())
    }

    /// A time in Unix nanoseconds: milliseconds after `origin`, or before it where negative.
    pub(super) fn time(&mut self, origin: u64) -> u64 {
        origin.saturating_add_signed((self.number() * 1e6) as i64)
    }

    /// How many keys have been read as text.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// Whether one of them is a key of these encoded attributes, fields of that number.
    pub fn has_key_of(&self, field: u32, attributes: &[u8]) -> bool {
        self.keys
            .iter()
            .any(|(text, length)| has_key(attributes, field, text.get(..*length).unwrap_or_default()))
    }

    /// Writes the log record behind a row's head: body = 5, attributes = 6, `dropped_attributes_count` = 7,
    /// `event_name` = 12, and its context.
    pub fn log(&mut self, head: u32, out: &mut Writer) -> LogRow {
        let (millis, severity) = (self.number(), self.word());
        let context = self.context();
        let event = self.word() as usize;
        out.front(12, self.key(event));
        if head & HAS_BODY > 0 {
            out.message(5, |out| self.value(out));
        }
        let dropped = self.attributes(LOG_ATTRIBUTES, out);
        if dropped > 0 {
            out.varint(7, dropped.into());
        }
        if let Some((context, _)) = context {
            out.context_of_log(&context);
        }
        LogRow { millis, severity }
    }

    /// A text of so many bytes.
    pub(super) fn text(&mut self, length: usize) -> &'a [u8] {
        let (text, length) = self.front(length);
        text.get(..length).unwrap_or_default()
    }

    /// The same, with what stands behind it.
    fn front(&mut self, length: usize) -> Front<'a> {
        let text = self.rest;
        let length = length.min(text.len());
        self.rest = text.get(length.next_multiple_of(WORD)..).unwrap_or_default();
        (text, length)
    }

    /// A text, behind its length.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = self.length();
        self.text(length)
    }

    /// Twice its length, and its text; or twice its place and one.
    fn key(&mut self, word: usize) -> Front<'a> {
        if word & 1 > 0 {
            return self.keys.get(word / 2).copied().unwrap_or_default();
        }
        let key = self.front(word / 2);
        self.keys.push(key);
        key
    }

    /// The ids of a trace and of a span.
    pub(super) fn ids(&mut self) -> ([u8; 16], [u8; 8]) {
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        if let Some((head, rest)) = self.rest.split_at_checked(trace.len() + span.len()) {
            let (of_trace, of_span) = head.split_at(trace.len());
            trace.copy_from_slice(of_trace);
            span.copy_from_slice(of_span);
            self.rest = rest;
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
                if let Some(length) = text.checked_sub(TEXT) {
                    out.front(1, self.front(length));
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
            let kind = (head >> 32) as usize;
            out.message(field, |out| {
                out.front(1, self.key(head as u32 as usize));
                // What nearly all are is written in one go.
                match kind.checked_sub(TEXT) {
                    Some(length) if length < 0x7e => out.text_value(self.front(length)),
                    _ => out.message(2, |out| self.value_of(kind, out)),
                }
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
