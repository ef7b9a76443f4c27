//! A span while it is open: the bytes of its `Span` message (opentelemetry/proto/trace/v1/trace.proto), to which every
//! call adds. Field numbers stand beside their names.

use super::SpanKey;
use super::context::{SpanContext, SpanId};
use tonearm_otlp::{Value, Writer};

/// Attributes that one span keeps; what is set beyond them is counted in the span (OpenTelemetry's default limit).
const MAX_ATTRIBUTES: u32 = 128;
/// Events that one span keeps.
const MAX_EVENTS: u32 = 128;
/// Links that one span keeps.
const MAX_LINKS: u32 = 128;

/// The field of attributes.
pub(super) const ATTRIBUTES: u32 = 9;

/// What a span is a child of. A browser has no reliable async context, so there is no current span: parents are said.
#[derive(Debug, Clone, Copy)]
pub enum Parent {
    /// An open span of this pipeline.
    Local(SpanKey),
    /// A span that may have ended, or that is elsewhere (its context then says `is_remote`).
    Context(SpanContext),
}

/// What a span is about (`SpanKind`), by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Something within the page.
    Internal = 1,
    /// A request that was served.
    Server = 2,
    /// A request that was made.
    Client = 3,
    /// A message that was sent.
    Producer = 4,
    /// A message that was taken.
    Consumer = 5,
}

/// What a span starts with.
#[derive(Debug, Clone, Copy)]
pub struct SpanOptions<'a> {
    /// Low-cardinality name.
    pub name: &'a [u8],
    /// Its kind.
    pub kind: SpanKind,
    /// Its parent; none begins a trace.
    pub parent: Option<Parent>,
    /// A span that it refers to.
    pub link: Option<SpanContext>,
    /// The `tracestate` of its trace.
    pub state: &'a [u8],
}

impl<'a> SpanOptions<'a> {
    /// An internal span without a parent.
    pub fn new(name: &'a str) -> Self {
        Self { name: name.as_bytes(), kind: SpanKind::Internal, parent: None, link: None, state: &[] }
    }

    /// The same, as a child.
    #[must_use]
    pub fn child_of(self, parent: Option<Parent>) -> Self {
        Self { parent, ..self }
    }

    /// The same, of another kind.
    #[must_use]
    pub fn kind(self, kind: SpanKind) -> Self {
        Self { kind, ..self }
    }
}

/// One open span.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) context: SpanContext,
    start: u64,
    out: Writer,
    attributes: u32,
    events: u32,
    links: u32,
}

/// The flags of W3C, and in bits 8 and 9 that it is known whether the parent or the linked span is remote.
fn flags(context: &SpanContext, is_remote: bool) -> u32 {
    u32::from(context.flags) | 0x100 | u32::from(is_remote) << 9
}

/// What a span begins with; `parent` is the parent's id, and whether it is of another process.
pub(super) fn begin(
    out: &mut Writer,
    context: &SpanContext,
    parent: Option<(SpanId, bool)>,
    options: &SpanOptions<'_>,
    start: u64,
) {
    out.bytes(1, &context.trace_id);
    out.bytes(2, &context.span_id);
    if !options.state.is_empty() {
        out.bytes(3, options.state);
    }
    if let Some((parent, _)) = &parent {
        out.bytes(4, parent);
    }
    out.bytes(5, options.name);
    out.varint(6, options.kind as u64);
    out.fixed64(7, start);
    out.fixed32(16, flags(context, parent.is_some_and(|(_, remote)| remote)));
}

/// A span that it refers to; attributes are encoded, as fields 4.
pub(super) fn link(out: &mut Writer, context: &SpanContext, attributes: &[u8]) {
    out.message(13, |out| {
        out.bytes(1, &context.trace_id);
        out.bytes(2, &context.span_id);
        out.raw(attributes);
        out.fixed32(6, flags(context, context.is_remote));
    });
}

/// That it failed (`Status`: message = 2, code = 3).
pub(super) fn fail(out: &mut Writer, description: &[u8]) {
    out.message(15, |out| {
        if !description.is_empty() {
            out.bytes(2, description);
        }
        out.varint(3, 2);
    });
}

/// When it ended, and how many attributes, events and links there was no room for.
pub(super) fn end(out: &mut Writer, at: u64, dropped: [u32; 3]) {
    out.fixed64(8, at);
    // dropped_attributes_count = 10, dropped_events_count = 12, dropped_links_count = 14
    let mut field = 10;
    for count in &dropped {
        if *count > 0 {
            out.varint(field, u64::from(*count));
        }
        field += 2;
    }
}

impl Span {
    /// `parent` is the parent's id, and whether it is of another process.
    pub(super) fn new(
        context: SpanContext,
        parent: Option<(SpanId, bool)>,
        options: &SpanOptions<'_>,
        start: u64,
    ) -> Self {
        let mut out = Writer::default();
        begin(&mut out, &context, parent, options, start);
        let mut span = Self { context, start, out, attributes: 0, events: 0, links: 0 };
        if let Some(link) = options.link {
            span.link(&link, &[]);
        }
        span
    }

    /// Refers to another span; attributes are encoded, as fields 4.
    pub(super) fn link(&mut self, context: &SpanContext, attributes: &[u8]) {
        self.links += 1;
        if self.links <= MAX_LINKS {
            link(&mut self.out, context, attributes);
        }
    }

    /// Gives it another name: of a field that comes twice the last stands.
    #[cfg(feature = "opentelemetry")]
    pub(super) fn rename(&mut self, name: &str) {
        self.out.bytes(5, name.as_bytes());
    }

    /// Sets an attribute; the last value of a key wins.
    pub(super) fn set(&mut self, key: &str, value: Value<'_>) {
        let known = self.out.remove_attribute(ATTRIBUTES, key);
        self.attributes += u32::from(!known);
        if known || self.attributes <= MAX_ATTRIBUTES {
            self.out.attribute(ATTRIBUTES, key, value);
        }
    }

    /// Takes attributes that are encoded already, as fields 9.
    pub(super) fn set_encoded(&mut self, attributes: &[u8]) {
        self.out.raw(attributes);
    }

    /// Notes that something happened.
    pub(super) fn add_event(&mut self, time: u64, name: &str, attributes: &[(&str, Value<'_>)]) {
        let mut encoded = Writer::default();
        for (key, value) in attributes {
            encoded.attribute(3, key, *value);
        }
        self.add_encoded_event(time, name, encoded.as_slice());
    }

    /// The same with attributes as fields 3.
    pub(super) fn add_encoded_event(&mut self, time: u64, name: &str, attributes: &[u8]) {
        self.events += 1;
        if self.events > MAX_EVENTS {
            return;
        }
        self.out.message(11, |out| {
            out.fixed64(1, time);
            out.bytes(2, name.as_bytes());
            out.raw(attributes);
        });
    }

    /// Marks it as failed; the last description stands.
    pub(super) fn fail(&mut self, description: &str) {
        fail(&mut self.out, description.as_bytes());
    }

    /// Its message, once it has ended.
    pub(super) fn end(mut self, at: u64) -> Writer {
        let attributes = self.attributes.saturating_sub(MAX_ATTRIBUTES);
        let (events, links) = (self.events.saturating_sub(MAX_EVENTS), self.links.saturating_sub(MAX_LINKS));
        end(&mut self.out, at.max(self.start), [attributes, events, links]);
        self.out
    }
}
