//! Contexts in and out of carriers: W3C Trace Context Level 2, W3C Baggage, B3. Knows no HTTP: a carrier is a
//! function that gives a header's value by its lower-case name, and headers go out as lines.

mod b3;
mod baggage;
mod cmcd;
mod traceparent;
mod tracestate;

pub use b3::{ParseB3Error, format_b3, parse_b3, parse_b3_multi};
pub use baggage::{Baggage, BaggageEntry, ParseBaggageError};
pub use cmcd::cmcd;
pub(crate) use traceparent::write_hex;
pub use traceparent::{ParseTraceparentError, format_traceparent, parse_traceparent};
pub use tracestate::{ParseTraceStateError, TraceState};

use super::context::{SAMPLED, SpanContext};
use super::policy::knows;

/// Without the optional white space of HTTP headers around it (RFC 9110 section 5.6.3).
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The formats that a pipeline speaks, as a set of the flags here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagators(pub u8);

impl Propagators {
    /// `traceparent` and `tracestate`.
    pub const TRACE_CONTEXT: Self = Self(1);
    /// `baggage`.
    pub const BAGGAGE: Self = Self(2);
    /// `b3`.
    pub const B3: Self = Self(4);
    /// `x-b3-traceid` and those beside it.
    pub const B3_MULTI: Self = Self(8);

    pub(crate) fn has(self, other: Self) -> bool {
        knows(other) && self.0 & other.0 > 0
    }

    /// Whether it is W3C Trace Context alone.
    pub(crate) const fn is_trace_context(self) -> bool {
        self.0 == Self::TRACE_CONTEXT.0
    }
}

impl Default for Propagators {
    fn default() -> Self {
        Self::TRACE_CONTEXT
    }
}

/// What goes along with a request, header by header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(String);

impl Headers {
    /// Adds one, whose value holds no line break.
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        for part in [name, ": ", value, "\n"] {
            self.0.push_str(part);
        }
    }

    /// As lines, `name: value`.
    pub fn into_lines(self) -> String {
        self.0
    }
}

/// The headers that hand a context on.
pub fn inject(set: Propagators, context: &SpanContext, state: &str, baggage: &str) -> Headers {
    let mut headers = Headers::default();
    if set.has(Propagators::TRACE_CONTEXT) {
        headers.push("traceparent", &format_traceparent(context));
        if !state.is_empty() {
            headers.push("tracestate", state);
        }
    }
    if set.has(Propagators::BAGGAGE) && !baggage.is_empty() {
        headers.push("baggage", baggage);
    }
    if set.has(Propagators::B3) {
        headers.push("b3", &format_b3(context));
    }
    if set.has(Propagators::B3_MULTI) {
        let text = format_b3(context);
        headers.push("x-b3-traceid", &text[..32]);
        headers.push("x-b3-spanid", &text[33..49]);
        headers.push("x-b3-sampled", if context.flags & SAMPLED > 0 { "1" } else { "0" });
    }
    headers
}

/// The context of a carrier, and its `tracestate`: the first of the formats in the set that is there and
/// well-formed.
pub fn extract<'a>(
    set: Propagators,
    get: impl Fn(&str) -> Option<&'a str>,
) -> Option<(SpanContext, TraceState)> {
    let bare = |context| (context, TraceState::default());
    let trace_context = || {
        let context = parse_traceparent(trim(get("traceparent")?)).ok()?;
        // A state that is malformed is none; the context stands (section 3.3.1.1).
        let state = get("tracestate").and_then(|value| TraceState::parse(value).ok()).unwrap_or_default();
        Some((context, state))
    };
    let single = || parse_b3(get("b3")?).ok().map(bare);
    let multi = || {
        let ids = (get("x-b3-traceid")?, get("x-b3-spanid")?);
        parse_b3_multi(ids.0, ids.1, get("x-b3-sampled"), get("x-b3-flags")).ok().map(bare)
    };
    let wants = |format| set.has(format).then_some(());
    wants(Propagators::TRACE_CONTEXT)
        .and_then(|()| trace_context())
        .or_else(|| wants(Propagators::B3).and_then(|()| single()))
        .or_else(|| wants(Propagators::B3_MULTI).and_then(|()| multi()))
}
