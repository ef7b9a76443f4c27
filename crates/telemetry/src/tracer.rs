//! Spans: their start, what is added while they are open, their end, and which of them are exported.

use super::policy::knows;
use super::propagation::{Baggage, Headers, Propagators, cmcd, extract, format_traceparent, inject};
use super::span::Span;
use super::{
    DropReason, MAX_LIVE, Parent, RANDOM, SAMPLED, Signal, SpanContext, SpanKey, SpanOptions, Telemetry,
    Value, Writer,
};
use tonearm_base::time::{Duration, Instant};
use tonearm_otlp::ATTRIBUTES;

/// Says of a span that it was exported because of how its play went.
const SAMPLED_BY: &str = "sampled.by";

impl Telemetry {
    /// Starts a span at `at`. `None` where too many are open; that is counted.
    pub fn start_span(&mut self, at: Instant, options: SpanOptions<'_>) -> Option<SpanKey> {
        if self.live.len() >= MAX_LIVE {
            self.drop_record(Signal::Traces, DropReason::TooManyOpen);
            return None;
        }
        let parent = match options.parent {
            Some(Parent::Local(key)) => self.span_context(key),
            Some(Parent::Context(context)) => Some(context),
            None => None,
        };
        let trace_id = parent.map_or_else(|| self.random.bytes(), |parent| parent.trace_id);
        let above = parent.map(|parent| (parent.flags, parent.is_remote));
        let sampled = self.config.policy().samples(options.name, &trace_id, above);
        // The random flag of Trace Context Level 2: the lower seven bytes of our ids are.
        let flags =
            parent.map_or(RANDOM, |parent| parent.flags & !SAMPLED) | if sampled { SAMPLED } else { 0 };
        let span_id = self.random.bytes();
        let context = SpanContext { trace_id, span_id, flags, is_remote: false };
        let key = SpanKey(span_id);
        let parent = parent.map(|parent| (parent.span_id, parent.is_remote));
        self.live.insert(key, Span::new(context, parent, &options, at, self.clock.unix_nanos(at)));
        Some(key)
    }

    /// The context of an open span.
    pub fn span_context(&self, key: SpanKey) -> Option<SpanContext> {
        self.live.get(key).map(|span| span.context)
    }

    /// The headers that hand an open span on, as lines; `state` is the `tracestate` of its trace.
    pub fn headers(&self, key: SpanKey, state: &str) -> Option<String> {
        Some(self.headers_of(Some(&self.span_context(key)?), state, ""))
    }

    /// The same of any context, or of the baggage alone where there is none; nothing before the user
    /// consents. The members of `baggage` came with the context: they take precedence over the pipeline's.
    pub fn headers_of(&self, context: Option<&SpanContext>, state: &str, baggage: &str) -> String {
        if !self.config.policy().may_export() {
            return String::new();
        }
        let (set, baggage) = (self.config.propagators, self.baggage_with(baggage));
        let Some(context) = context else {
            let mut headers = Headers::default();
            if set.has(Propagators::BAGGAGE) && !baggage.is_empty() {
                headers.push("baggage", &baggage);
            }
            return headers.into_lines();
        };
        inject(set, context, state, &baggage).into_lines()
    }

    /// The pipeline's baggage with further members.
    fn baggage_with(&self, more: &str) -> String {
        if !knows(Propagators::BAGGAGE) || more.is_empty() {
            return self.baggage.clone();
        }
        let more = Baggage::parse(more).unwrap_or_default();
        let mut all = Baggage::default();
        for entry in more.entries().iter().chain(Baggage::parse(&self.baggage).unwrap_or_default().entries())
        {
            // The first of a key counts; what is beyond the limit is left out.
            if all.entries().iter().all(|known| known.key != entry.key) {
                _ = all.set(entry.clone());
            }
        }
        all.header()
    }

    /// The context that lines of headers tell, in the formats that the pipeline speaks: a line each with a
    /// `traceparent`, a `tracestate` and a `baggage`, each of which may be empty; nothing where there
    /// is none of them.
    pub fn extract(&self, lines: &str) -> String {
        let get = |name: &str| lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let found = extract(self.config.propagators, get);
        let baggage = get("baggage").filter(|_| self.config.propagators.has(Propagators::BAGGAGE));
        // One that is malformed is none (W3C Baggage, section 3.3).
        let baggage = baggage.and_then(|header| Baggage::parse(header).ok()).unwrap_or_default().header();
        let Some((context, state)) = found else {
            return if baggage.is_empty() { baggage } else { ["\n\n", &baggage].concat() };
        };
        [&format_traceparent(&context), "\n", state.as_str(), "\n", &baggage].concat()
    }

    /// The line that tells an open span where no header may go, if the app wants that.
    pub fn query(&self, key: SpanKey) -> Option<String> {
        let context = self.span_context(key).filter(|_| self.config.policy().adds_cmcd())?;
        let mut headers = Headers::default();
        headers.push("CMCD", &cmcd(&context, &self.session_id()));
        Some(headers.into_lines())
    }

    /// Sets an attribute of an open span; the last value of a key wins.
    #[inline(never)]
    pub fn set(&mut self, key: SpanKey, name: &str, value: Value<'_>) {
        if let Some(span) = self.live.get_mut(key) {
            span.set(name, value);
        }
    }

    /// Takes attributes that the host has encoded.
    pub fn set_encoded(&mut self, key: SpanKey, attributes: &[u8]) {
        if let Some(span) = self.live.get_mut(key) {
            span.set_encoded(attributes);
        }
    }

    /// Adds an event to an open span.
    pub fn add_event(&mut self, key: SpanKey, at: Instant, name: &str, attributes: &[(&str, Value<'_>)]) {
        let time = self.clock.unix_nanos(at);
        if let Some(span) = self.live.get_mut(key) {
            span.add_event(time, name, attributes);
        }
    }

    /// The same with attributes that are encoded already, as fields 3.
    #[cfg(feature = "opentelemetry")]
    pub fn add_encoded_event(&mut self, key: SpanKey, at: Instant, name: &str, attributes: &[u8]) {
        let time = self.clock.unix_nanos(at);
        if let Some(span) = self.live.get_mut(key) {
            span.add_encoded_event(time, name, attributes);
        }
    }

    /// Adds a link to an open span; attributes are encoded, as fields 4.
    #[cfg(feature = "opentelemetry")]
    pub fn add_link(&mut self, key: SpanKey, context: &SpanContext, attributes: &[u8]) {
        if let Some(span) = self.live.get_mut(key) {
            span.link(context, attributes);
        }
    }

    /// Gives an open span another name.
    #[cfg(feature = "opentelemetry")]
    pub fn rename(&mut self, key: SpanKey, name: &str) {
        if let Some(span) = self.live.get_mut(key) {
            span.rename(name);
        }
    }

    /// The instant of a time in Unix nanoseconds.
    #[cfg(feature = "opentelemetry")]
    pub fn instant(&self, unix_nanos: u64) -> Instant {
        self.clock.instant_of_nanos(unix_nanos)
    }

    /// Marks an open span as failed.
    pub fn fail(&mut self, key: SpanKey, description: &str) {
        if let Some(span) = self.live.get_mut(key) {
            span.fail(description);
        }
    }

    /// Ends a span at `at` and queues it. A second end does nothing.
    #[inline(never)]
    pub fn end_span(&mut self, now: Instant, key: SpanKey, at: Instant) {
        let Some(span) = self.live.remove(key) else { return };
        let context = span.context;
        let start = self.clock.unix_nanos(span.start);
        let record = span.end(start, self.clock.unix_nanos(at));
        self.queue_span(now, &context, record);
    }

    /// Queues a span that has ended, or holds it; says whether something is due earlier now.
    pub(super) fn queue_span(&mut self, now: Instant, context: &SpanContext, record: Writer) -> bool {
        if context.flags & SAMPLED > 0 {
            return self.enqueue(now, Signal::Traces, record);
        }
        let is_held =
            self.config.policy().tail().is_some() && self.tail.push(&context.trace_id, record.as_slice());
        if !is_held {
            self.drop_record(Signal::Traces, DropReason::Unsampled);
        }
        false
    }

    /// Holds the spans of a trace that was not chosen, where the pipeline decides by how a play went.
    pub fn hold(&mut self, context: &SpanContext) {
        if context.flags & SAMPLED == 0
            && self.config.policy().tail().is_some()
            && self.config.policy().may_record()
        {
            self.tail.hold(context.trace_id);
        }
    }

    /// How slow a start is exported whatever was chosen.
    pub fn slow(&self) -> Option<Duration> {
        self.config.policy().tail()
    }

    /// A trace that was held is exported, and what comes of it from here on; says whether it was held.
    pub fn keep(&mut self, now: Instant, context: &SpanContext) -> bool {
        if self.config.policy().tail().is_none() {
            return false;
        }
        let Some(held) = self.tail.take(&context.trace_id) else { return false };
        let mut mark = Writer::default();
        mark.attribute(ATTRIBUTES, SAMPLED_BY, Value::Text("tail"));
        for record in held {
            let mut record = Writer::from(record);
            record.add_attributes(0, ATTRIBUTES, mark.as_slice());
            self.enqueue(now, Signal::Traces, record);
        }
        for (_, span) in self.live.iter_mut().filter(|(_, span)| span.context.trace_id == context.trace_id) {
            span.context.flags |= SAMPLED;
            span.set(SAMPLED_BY, Value::Text("tail"));
        }
        true
    }

    /// A trace that was held went well: its spans are not exported.
    pub fn let_go(&mut self, context: &SpanContext) {
        if self.config.policy().tail().is_none() {
            return;
        }
        let held = self.tail.take(&context.trace_id).unwrap_or_default();
        self.count_lost(Signal::Traces, DropReason::Unsampled, held.len() as u64);
    }
}
