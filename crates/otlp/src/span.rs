//! A `Span` message (opentelemetry/proto/trace/v1/trace.proto): what every span has, and those that a host
//! tells when they are over. Field numbers stand beside their names.

use super::Flat;
use super::wire::Writer;

/// The field of a span's attributes.
pub const ATTRIBUTES: u32 = 9;
/// The field of a log record's.
pub const LOG_ATTRIBUTES: u32 = 6;
/// Added to the flags of a context that is another process's.
const REMOTE: usize = 256;
/// Says that there is no context.
const NONE: usize = u32::MAX as usize;

/// Ids and flags of a span (W3C Trace Context).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpanContext {
    /// The trace's id: not all zero.
    pub trace_id: [u8; 16],
    /// The span's: not all zero.
    pub span_id: [u8; 8],
    /// Sampled (1) and random (2): Trace Context Level 2, section 3.2.2.5.
    pub flags: u8,
    /// Whether it came from elsewhere.
    pub is_remote: bool,
}

/// What a span begins with.
#[derive(Debug)]
pub struct Begin<'a> {
    /// Its own ids and flags.
    pub context: SpanContext,
    /// The `tracestate` of its trace.
    pub state: &'a [u8],
    /// Its parent's id, and whether that is of another process.
    pub parent: Option<([u8; 8], bool)>,
    /// Low-cardinality name.
    pub name: &'a [u8],
    /// `SpanKind`, from 1 to 5.
    pub kind: u8,
    /// In Unix nanoseconds.
    pub start: u64,
}

/// The flags of W3C, and in bits 8 and 9 that it is known whether the parent or the linked span is remote.
fn flags(context: &SpanContext, is_remote: bool) -> u32 {
    u32::from(context.flags) | 0x100 | u32::from(is_remote) << 9
}

impl Writer {
    /// `trace_id` = 1, `span_id` = 2.
    #[inline(never)]
    fn ids(&mut self, context: &SpanContext) {
        let mut block = [0; 28];
        block[0] = 0x0a;
        block[1] = 16;
        block[2..18].copy_from_slice(&context.trace_id);
        block[18] = 0x12;
        block[19] = 8;
        block[20..].copy_from_slice(&context.span_id);
        self.raw(&block);
    }

    /// `trace_state` = 3, `parent_span_id` = 4, name = 5, kind = 6, `start_time_unix_nano` = 7, flags = 16:
    /// what is of one size goes in one step.
    pub fn begin_span(&mut self, begin: &Begin<'_>) {
        self.ids(&begin.context);
        if !begin.state.is_empty() {
            self.bytes(3, begin.state);
        }
        if let Some((parent, _)) = &begin.parent {
            self.bytes(4, parent);
        }
        self.bytes(5, begin.name);
        let mut block = [0; 17];
        block[0] = 6 << 3;
        block[1] = begin.kind;
        block[2] = 7 << 3 | 1;
        block[3..11].copy_from_slice(&begin.start.to_le_bytes());
        block[11] = 0x85;
        block[12] = 1;
        block[13..].copy_from_slice(
            &flags(&begin.context, begin.parent.is_some_and(|(_, is_remote)| is_remote)).to_le_bytes(),
        );
        self.raw(&block);
    }

    /// A span that it refers to; attributes are encoded, as fields 4.
    #[inline(never)]
    pub fn link(&mut self, context: &SpanContext, attributes: &[u8]) {
        self.message(13, |out| {
            out.ids(context);
            out.raw(attributes);
            out.fixed32(6, flags(context, context.is_remote));
        });
    }

    /// What a log record has of its span: flags = 8, `trace_id` = 9, `span_id` = 10.
    #[inline(never)]
    pub fn context_of_log(&mut self, context: &SpanContext) {
        if context.flags > 0 {
            self.fixed32(8, context.flags.into());
        }
        self.bytes(9, &context.trace_id);
        self.bytes(10, &context.span_id);
    }

    /// That it failed (`Status`: message = 2, code = 3).
    #[inline(never)]
    pub fn fail(&mut self, description: &[u8]) {
        self.message(15, |out| {
            if !description.is_empty() {
                out.bytes(2, description);
            }
            out.varint(3, 2);
        });
    }

    /// When it ended, and how many attributes, events and links there was no room for.
    #[inline(never)]
    pub fn end_span(&mut self, at: u64, dropped: [u32; 3]) {
        self.fixed64(8, at);
        // dropped_attributes_count = 10, dropped_events_count = 12, dropped_links_count = 14
        let mut field = 10;
        for count in &dropped {
            if *count > 0 {
                self.varint(field, u64::from(*count));
            }
            field += 2;
        }
    }
}

/// The bits of a row's head (`core/flat.ts` has the same names) that hold a span's kind; 0 is a log record.
pub const KIND_MASK: u32 = 7;
/// In the head of a span's row: it has an error's text.
const HAS_ERROR: u32 = 1 << 3;
/// Where its numbers of links and of events begin, and how many bits they have.
const LINKS_SHIFT: u32 = 4;
const EVENTS_SHIFT: u32 = 12;
const COUNT_MASK: u32 = 0xff;
/// Some of either were dropped.
const HAS_DROPPED: u32 = 1 << 20;

impl<'a> Flat<'a> {
    /// A span's context and its `tracestate`, where there is one.
    pub fn context(&mut self) -> Option<(SpanContext, &'a [u8])> {
        let head = self.length();
        if head == NONE {
            return None;
        }
        let (trace_id, span_id) = self.ids();
        let context = SpanContext { trace_id, span_id, flags: head as u8, is_remote: head & REMOTE > 0 };
        Some((context, self.text(head >> 16)))
    }

    /// Writes the span behind a row's head; its context. Its times are milliseconds since `origin`, in Unix
    /// nanoseconds.
    pub fn span(&mut self, head: u32, origin: u64, out: &mut Writer) -> SpanContext {
        let (start, end) = (self.time(origin), self.time(origin));
        let kind = (head & KIND_MASK).clamp(1, 5) as u8;
        let (context, state) = self.context().unwrap_or_default();
        let name = self.bytes();
        let parent = self.context().map(|(parent, _)| (parent.span_id, parent.is_remote));
        out.begin_span(&Begin { context, state, parent, name, kind, start });
        let dropped = self.attributes(ATTRIBUTES, out);
        for _ in 0..head >> LINKS_SHIFT & COUNT_MASK {
            let Some((context, _)) = self.context().filter(|_| !self.is_empty()) else { break };
            out.link(&context, &self.encoded(4));
        }
        for _ in 0..head >> EVENTS_SHIFT & COUNT_MASK {
            if self.is_empty() {
                break;
            }
            self.event(origin, out);
        }
        if head & HAS_ERROR > 0 {
            out.fail(self.bytes());
        }
        let (links, events) = if head & HAS_DROPPED > 0 { (self.word(), self.word()) } else { (0, 0) };
        out.end_span(end.max(start), [dropped, events, links]);
        context
    }

    /// `Event`: `time_unix_nano` = 1, name = 2, attributes = 3, `dropped_attributes_count` = 4.
    #[inline(never)]
    fn event(&mut self, origin: u64, out: &mut Writer) {
        let (time, name) = (self.time(origin), self.bytes());
        out.message(11, |out| {
            out.fixed64(1, time);
            out.bytes(2, name);
            let dropped = self.attributes(3, out);
            if dropped > 0 {
                out.varint(4, dropped.into());
            }
        });
    }
}
