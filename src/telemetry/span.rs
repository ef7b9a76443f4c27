//! A span while it is open, and as it is exported.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};

use super::SpanKey;
use super::context::SpanContext;

/// What a span is a child of. A browser has no reliable async context, so there is no current span: parents are said.
#[derive(Debug, Clone)]
pub enum Parent {
    /// An open span of this pipeline.
    Local(SpanKey),
    /// A span that may have ended, or that is elsewhere (its context then says `is_remote`).
    Context(SpanContext),
}

/// What a span starts with.
#[derive(Debug, Clone)]
pub struct SpanOptions {
    /// Low-cardinality name.
    pub name: Cow<'static, str>,
    /// Its kind.
    pub kind: SpanKind,
    /// Its parent; none begins a trace.
    pub parent: Option<Parent>,
    /// Attributes known at the start.
    pub attributes: Vec<KeyValue>,
    /// Spans that it refers to.
    pub links: Vec<SpanContext>,
    /// An id given before the core was there.
    pub span_id: Option<SpanId>,
    /// The trace that goes with it.
    pub trace_id: Option<TraceId>,
}

impl SpanOptions {
    /// An internal span without a parent.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            kind: SpanKind::Internal,
            parent: None,
            attributes: Vec::new(),
            links: Vec::new(),
            span_id: None,
            trace_id: None,
        }
    }

    /// The same, as a child.
    #[must_use]
    pub fn child_of(mut self, parent: Option<Parent>) -> Self {
        self.parent = parent;
        self
    }

    /// The same, of another kind.
    #[must_use]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent {
    /// Its name.
    pub name: Cow<'static, str>,
    /// When, in Unix nanoseconds.
    pub time: u64,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
}

/// One span.
#[derive(Debug, Clone)]
pub struct Span {
    /// Ids and flags.
    pub context: SpanContext,
    /// Its parent's id.
    pub parent: Option<SpanId>,
    /// Whether the parent belongs to another process.
    pub parent_is_remote: bool,
    /// Low-cardinality name.
    pub name: Cow<'static, str>,
    /// Its kind.
    pub kind: SpanKind,
    /// Start, in Unix nanoseconds.
    pub start: u64,
    /// End, in Unix nanoseconds.
    pub end: u64,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
    /// Its events.
    pub events: Vec<SpanEvent>,
    /// Events beyond the limit.
    pub dropped_events: u32,
    /// Spans that it refers to.
    pub links: Vec<SpanContext>,
    /// Unset, or an error.
    pub status: Status,
}

impl Span {
    pub(super) fn new(context: SpanContext, parent: Option<SpanId>, options: SpanOptions, start: u64) -> Self {
        let parent_is_remote = matches!(&options.parent, Some(Parent::Context(context)) if context.is_remote);
        Self {
            context,
            parent,
            parent_is_remote,
            name: options.name,
            kind: options.kind,
            start,
            end: start,
            attributes: options.attributes,
            dropped_attributes: 0,
            events: Vec::new(),
            dropped_events: 0,
            links: options.links,
            status: Status::Unset,
        }
    }

    pub(super) fn set(&mut self, attribute: KeyValue, limit: usize) {
        if let Some(known) = self.attributes.iter_mut().find(|known| known.key == attribute.key) {
            known.value = attribute.value;
        } else if self.attributes.len() < limit {
            self.attributes.push(attribute);
        } else {
            self.dropped_attributes += 1;
        }
    }

    pub(super) fn add_event(&mut self, event: SpanEvent, limit: usize) {
        if self.events.len() < limit {
            self.events.push(event);
        } else {
            self.dropped_events += 1;
        }
    }
}
