//! What identifies a span, as small as it can be: it is copied into every child, link and header.

use opentelemetry::trace::{SpanId, TraceFlags, TraceId};

/// Ids and flags of a span (W3C Trace Context).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Sampled (1) and random (2).
    pub flags: TraceFlags,
    /// Whether it came from elsewhere.
    pub is_remote: bool,
}
