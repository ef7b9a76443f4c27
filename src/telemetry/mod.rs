//! The OpenTelemetry core: spans in, OTLP bodies out, and an account of every record.
//!
//! Owns ids, spans, propagation, batching, retry and loss accounting. Knows no audio, no players and no browser: time,
//! randomness and the outcome of a request are inputs. The vocabulary is OpenTelemetry's.

mod batch;
mod config;
mod context;
mod export;
mod log;
mod metric;
mod otlp;
mod retry;
mod span;
mod traceparent;

pub use batch::{Account, DropReason};
pub use config::{Batch, Config};
pub use context::{RANDOM, SAMPLED, SpanContext, SpanId, TraceId};
pub use export::{Export, Outcome, Reply, Signal};
pub use log::{Log, Severity};
pub use metric::{Instrument, Kind, SeriesKey};
pub use otlp::{Attributes, Value, Writer, encode_request, parse_partial_success};
pub use span::{Parent, SpanKind, SpanOptions};
pub use traceparent::{ParseTraceparentError, format_traceparent, parse_traceparent};

use crate::random::Random;
use crate::small_map::SmallMap;
use crate::time::{ClockAnchor, Instant};
use export::{LEAVE_BUDGET, Pipeline};
use log::Storms;
use metric::Meter;
use span::Span;

/// Names a span that has started and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpanKey(SpanId);

/// Spans that may be open at once: an app that never ends its own must not fill the page's memory.
const MAX_LIVE: usize = 4096;

/// One telemetry pipeline: its tracer, its queues and its exporter.
#[derive(Debug)]
pub struct Telemetry {
    config: Config,
    clock: ClockAnchor,
    random: Random,
    live: SmallMap<SpanKey, Span>,
    meter: Meter,
    /// When metrics are collected next; none where nothing was recorded since the last time.
    collection: Option<Instant>,
    storms: Storms,
    pipelines: [Pipeline; Signal::ALL.len()],
}

impl Telemetry {
    /// A pipeline with its own random numbers.
    pub fn new(config: Config, clock: ClockAnchor, mut random: Random) -> Self {
        let pipelines = Signal::ALL.map(|signal| Pipeline::new(signal, random.fork()));
        Self {
            config,
            clock,
            random,
            live: SmallMap::default(),
            meter: Meter::default(),
            collection: None,
            storms: Storms::default(),
            pipelines,
        }
    }

    /// Notes both clocks; see [`ClockAnchor::observe`].
    pub fn observe_clock(&mut self, now: Instant, wall_millis: f64) {
        self.clock.observe(now, wall_millis);
    }

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
        // Sampled, and the random flag of Trace Context Level 2: all bits of our ids are random but the last one.
        let trace = (self.random.bytes(), SAMPLED | RANDOM);
        let (trace_id, flags) = parent.map_or(trace, |parent| (parent.trace_id, parent.flags));
        let span_id = self.random.bytes();
        let context = SpanContext { trace_id, span_id, flags, is_remote: false };
        let key = SpanKey(span_id);
        let parent = parent.map(|parent| (parent.span_id, parent.is_remote));
        self.live.insert(key, Span::new(context, parent, &options, self.clock.unix_nanos(at)));
        Some(key)
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

    /// Marks an open span as failed.
    pub fn fail(&mut self, key: SpanKey, description: &str) {
        if let Some(span) = self.live.get_mut(key) {
            span.fail(description);
        }
    }

    /// Ends a span at `at` and queues it. A second end does nothing.
    #[inline(never)]
    pub fn end_span(&mut self, now: Instant, key: SpanKey, at: Instant) {
        if let Some(span) = self.live.remove(key) {
            let record = span.end(self.clock.unix_nanos(at));
            self.pipelines[Signal::Traces as usize].enqueue(now, &record, 1, &self.config);
        }
    }

    /// Counts a record that is not kept.
    fn drop_record(&mut self, signal: Signal, reason: DropReason) {
        let account = &mut self.pipelines[signal as usize].account;
        account.started += 1;
        account.drop_records(reason, 1);
    }

    /// Writes a log record.
    pub fn log(&mut self, now: Instant, log: &Log<'_>) {
        let time = self.clock.unix_nanos(now);
        if self.config.level.is_some_and(|level| log.severity < level) {
            self.drop_record(Signal::Logs, DropReason::Level);
        } else if self.storms.keeps(log.event, time) {
            let record = log.encode(time, self.random.bytes());
            self.pipelines[Signal::Logs as usize].enqueue(now, &record, 1, &self.config);
        } else {
            self.drop_record(Signal::Logs, DropReason::Sampled);
        }
    }

    /// The series of an instrument with these attributes.
    pub fn series(&mut self, now: Instant, instrument: &Instrument, attributes: &[(&str, Value<'_>)]) -> SeriesKey {
        let instrument = self.meter.instrument(instrument, self.clock.unix_nanos(now));
        self.meter.series(instrument, attributes)
    }

    /// Counts or measures; `context` is the span of the moment, to which an exemplar leads.
    pub fn record(&mut self, now: Instant, series: SeriesKey, value: f64, context: Option<SpanContext>) {
        self.collection.get_or_insert(now + self.config.batch.metric_interval);
        self.meter.record(series, value, self.clock.unix_nanos(now), context);
    }

    /// Attributes of measurements that their instruments had not declared.
    pub fn undeclared_attributes(&self) -> u64 {
        self.meter.undeclared
    }

    /// Makes points of what was recorded.
    fn collect(&mut self, now: Instant) {
        self.collection = None;
        let time = self.clock.unix_nanos(now);
        for (metric, points) in self.meter.collect(time, self.config.cumulative) {
            self.pipelines[Signal::Metrics as usize].enqueue(now, &metric, points, &self.config);
        }
    }

    /// Takes over a span that has its whole life behind it, encoded but for its times, and ends now.
    pub fn record_span(&mut self, now: Instant, start: Instant, fields: Vec<u8>) {
        let mut record = Writer::from(fields);
        record.fixed64(7, self.clock.unix_nanos(start));
        record.fixed64(8, self.clock.unix_nanos(now));
        self.pipelines[Signal::Traces as usize].enqueue(now, &record, 1, &self.config);
    }

    /// The next request to send, if one is due.
    pub fn poll_export(&mut self, now: Instant) -> Option<Export> {
        if self.collection.is_some_and(|due| due <= now) {
            self.collect(now);
        }
        self.pipelines.iter_mut().find_map(|pipeline| pipeline.poll(now, &self.config))
    }

    /// When [`Telemetry::poll_export`] should be asked again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.pipelines.iter().filter_map(Pipeline::next_due).chain(self.collection).min()
    }

    /// Sends everything that is queued as soon as it can be.
    pub fn flush(&mut self, now: Instant) {
        self.collect(now);
        for pipeline in &mut self.pipelines {
            pipeline.flush(now);
        }
    }

    /// The page is being left: everything that fits into the shared budget of requests that outlive a page.
    pub fn leave(&mut self, now: Instant) -> Vec<Export> {
        self.collect(now);
        let flying: usize = self.pipelines.iter().map(Pipeline::leaving_bytes).sum();
        let mut room = LEAVE_BUDGET.saturating_sub(flying);
        let leave = |pipeline: &mut Pipeline| pipeline.leave(now, &self.config, &mut room);
        self.pipelines.iter_mut().flat_map(leave).collect()
    }

    /// What came of a request.
    pub fn handle_reply(&mut self, now: Instant, export: u32, reply: &Reply) {
        for pipeline in &mut self.pipelines {
            pipeline.handle_reply(now, export, reply);
        }
    }

    /// Where every record of a signal is: `started = exported + pending + dropped`.
    pub fn account(&self, signal: Signal) -> Account {
        let mut account = self.pipelines[signal as usize].account();
        if signal == Signal::Traces {
            let open = self.live.len() as u64;
            account.started += open;
            account.pending += open;
        }
        account
    }
}
