//! A span while it is open: the bytes of its `Span` message (opentelemetry/proto/trace/v1/trace.proto), to
//! which every call adds. Field numbers stand beside their names.

use super::SpanKey;
use super::context::{SpanContext, SpanId};
use tonearm_base::time::Instant;
use tonearm_otlp::{ATTRIBUTES, Begin, Value, Writer};

/// Attributes that one span keeps; what is set beyond them is counted in the span (OpenTelemetry's default
/// limit).
const MAX_ATTRIBUTES: u32 = 128;
/// Events that one span keeps.
const MAX_EVENTS: u32 = 128;
/// Links that one span keeps.
const MAX_LINKS: u32 = 128;

/// What a span is a child of. A browser has no reliable async context, so there is no current span: parents
/// are said.
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
    /// Page time, and what that was in Unix nanoseconds when the span was written.
    pub(super) start: Instant,
    start_nanos: u64,
    out: Writer,
    attributes: u32,
    events: u32,
    links: u32,
}

impl Span {
    /// `parent` is the parent's id, and whether it is of another process.
    pub(super) fn new(
        context: SpanContext,
        parent: Option<(SpanId, bool)>,
        options: &SpanOptions<'_>,
        start: Instant,
        start_nanos: u64,
    ) -> Self {
        let mut out = Writer::default();
        let (name, kind, state) = (options.name, options.kind as u8, options.state);
        out.begin_span(&Begin { context, state, parent, name, kind, start: start_nanos });
        let mut span = Self { context, start, start_nanos, out, attributes: 0, events: 0, links: 0 };
        if let Some(link) = options.link {
            span.link(&link, &[]);
        }
        span
    }

    /// Refers to another span; attributes are encoded, as fields 4.
    pub(super) fn link(&mut self, context: &SpanContext, attributes: &[u8]) {
        self.links += 1;
        if self.links <= MAX_LINKS {
            self.out.link(context, attributes);
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

    /// Takes attributes that are encoded already, as fields 9; a key that is set keeps its value.
    pub(super) fn set_encoded(&mut self, attributes: &[u8]) {
        self.out.add_attributes(0, ATTRIBUTES, attributes);
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
        self.out.fail(description.as_bytes());
    }

    /// Its message, once it has ended. `start` is its start by the clock of now: where the wall clock was set
    /// meanwhile, the last start counts.
    pub(super) fn end(mut self, start: u64, at: u64) -> Writer {
        if start != self.start_nanos {
            self.out.fixed64(7, start);
        }
        let attributes = self.attributes.saturating_sub(MAX_ATTRIBUTES);
        let (events, links) = (self.events.saturating_sub(MAX_EVENTS), self.links.saturating_sub(MAX_LINKS));
        self.out.end_span(at.max(start), [attributes, events, links]);
        self.out
    }
}
