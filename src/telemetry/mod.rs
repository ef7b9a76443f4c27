//! The OpenTelemetry core: spans in, OTLP bodies out, and an account of every record.
//!
//! Owns ids, spans, propagation, batching, retry and loss accounting. Knows no audio, no players and no browser: time,
//! randomness and the outcome of a request are inputs. The vocabulary is the `opentelemetry` crate's.

mod batch;
mod config;
mod context;
mod export;
mod otlp;
mod retry;
mod span;
mod traceparent;

pub use batch::{Account, DropReason};
pub(crate) use config::authority_of;
pub use config::{Batch, Config};
pub use context::SpanContext;
pub use export::{Export, Outcome, Reply};
pub use otlp::{encode_spans, parse_partial_success};
pub use span::{Parent, Span, SpanEvent, SpanOptions};
pub use traceparent::{ParseTraceparentError, format_traceparent, parse_traceparent};

use opentelemetry::trace::{SpanId, Status, TraceFlags, TraceId};
use opentelemetry::{KeyValue, Value};

use crate::random::Random;
use crate::small_map::SmallMap;
use crate::time::{ClockAnchor, Instant};
use export::Pipeline;

/// Names a span that has started and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpanKey([u8; 8]);

/// Attributes that one span keeps; what is set beyond them is counted in the span (OpenTelemetry's default limit).
const MAX_ATTRIBUTES: usize = 128;
/// Events that one span keeps.
const MAX_EVENTS: usize = 128;
/// Spans that may be open at once: an app that never ends its own must not fill the page's memory.
const MAX_LIVE: usize = 4096;

/// One telemetry pipeline: its tracer, its queue and its exporter.
#[derive(Debug)]
pub struct Telemetry {
    config: Config,
    clock: ClockAnchor,
    random: Random,
    live: SmallMap<SpanKey, Span>,
    pipeline: Pipeline,
}

impl Telemetry {
    /// A pipeline with its own random numbers.
    pub fn new(config: Config, clock: ClockAnchor, mut random: Random) -> Self {
        let jitter = Random::seeded([random.next_u64(), random.next_u64()]);
        let pipeline = Pipeline::new(&config, jitter);
        Self { config, clock, random, live: SmallMap::default(), pipeline }
    }

    /// What the pipeline was told.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Notes both clocks; see [`ClockAnchor::observe`].
    pub fn observe_clock(&mut self, now: Instant, wall_millis: f64) {
        self.clock.observe(now, wall_millis);
    }

    /// Starts a span at `at`. `None` where too many are open; that is counted.
    pub fn start_span(&mut self, at: Instant, options: SpanOptions) -> Option<SpanKey> {
        self.pipeline.account_mut().started += 1;
        if self.live.len() >= MAX_LIVE {
            self.pipeline.account_mut().drop_records(DropReason::TooManyOpen, 1);
            return None;
        }
        let (trace_id, parent, flags) = match &options.parent {
            Some(Parent::Local(key)) => match self.live.get(*key) {
                Some(Span { context, .. }) => (context.trace_id, Some(context.span_id), context.flags),
                None => self.new_trace(),
            },
            Some(Parent::Context(context)) => (context.trace_id, Some(context.span_id), context.flags),
            None => self.new_trace(),
        };
        let span_id = options.span_id.unwrap_or_else(|| SpanId::from_bytes((self.random.next_u64() | 1).to_be_bytes()));
        let trace_id = options.trace_id.unwrap_or(trace_id);
        let context = SpanContext { trace_id, span_id, flags, is_remote: false };
        let key = SpanKey(span_id.to_bytes());
        let span = Span::new(context, parent, options, self.clock.unix_nanos(at));
        self.live.insert(key, span);
        Some(key)
    }

    fn new_trace(&mut self) -> (TraceId, Option<SpanId>, TraceFlags) {
        let high = u128::from(self.random.next_u64()) << 64;
        let id = TraceId::from_bytes((high | u128::from(self.random.next_u64()) | 1).to_be_bytes());
        // Sampled, and the random flag of Trace Context Level 2: all bits of our ids are random but the last one.
        (id, None, TraceFlags::new(0x03))
    }

    /// The context of an open span.
    pub fn span_context(&self, key: SpanKey) -> Option<SpanContext> {
        self.live.get(key).map(|span| span.context)
    }

    /// The `traceparent` value that hands an open span on.
    pub fn traceparent(&self, key: SpanKey) -> Option<String> {
        self.span_context(key).map(|context| format_traceparent(&context))
    }

    /// Sets an attribute of an open span; the last value of a key wins.
    pub fn set_attribute(&mut self, key: SpanKey, name: &'static str, value: Value) {
        self.set_key_value(key, KeyValue::new(name, value));
    }

    /// Sets an attribute whose key comes from the app.
    pub fn set_key_value(&mut self, key: SpanKey, attribute: KeyValue) {
        if let Some(span) = self.live.get_mut(key) {
            span.set(attribute, MAX_ATTRIBUTES);
        }
    }

    /// Adds an event to an open span.
    pub fn add_event(&mut self, key: SpanKey, at: Instant, name: &'static str, attributes: Vec<KeyValue>) {
        let time = self.clock.unix_nanos(at);
        if let Some(span) = self.live.get_mut(key) {
            span.add_event(SpanEvent { name: name.into(), time, attributes }, MAX_EVENTS);
        }
    }

    /// Marks an open span as failed.
    pub fn set_error(&mut self, key: SpanKey, description: String) {
        if let Some(span) = self.live.get_mut(key) {
            span.status = Status::error(description);
        }
    }

    /// Ends a span at `at` and queues it. A second end does nothing.
    pub fn end_span(&mut self, now: Instant, key: SpanKey, at: Instant) {
        if let Some(mut span) = self.live.remove(key) {
            span.end = self.clock.unix_nanos(at).max(span.start);
            self.pipeline.enqueue(now, span);
        }
    }

    /// The next request to send, if one is due.
    pub fn poll_export(&mut self, now: Instant) -> Option<Export> {
        self.pipeline.poll(now, &self.config)
    }

    /// When [`Telemetry::poll_export`] should be asked again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.pipeline.next_due()
    }

    /// Sends everything that is queued as soon as it can be.
    pub fn flush(&mut self, now: Instant) {
        self.pipeline.flush(now);
    }

    /// The page is being left: everything that fits into the shared budget of requests that outlive a page.
    pub fn leave(&mut self, now: Instant) -> Vec<Export> {
        self.pipeline.leave(now, &self.config)
    }

    /// What came of a request.
    pub fn handle_reply(&mut self, now: Instant, export: u32, reply: &Reply) {
        self.pipeline.handle_reply(now, export, reply);
    }

    /// Where every record is: `started = exported + pending + dropped`.
    pub fn account(&self) -> Account {
        let mut account = self.pipeline.account();
        account.pending += self.live.len() as u64;
        account
    }
}
