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
mod spool;
mod traceparent;

pub use batch::{Account, DropReason};
pub use config::{Batch, Config};
pub use context::{RANDOM, SAMPLED, SpanContext, SpanId, TraceId};
pub use export::{Export, Outcome, Reply, Signal};
pub use log::{DEBUG, ERROR, INFO, Log, Severity, WARN};
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
use spool::Spool;

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
    spool: Spool,
    pipelines: [Pipeline; Signal::ALL.len()],
}

impl Telemetry {
    /// A pipeline with its own random numbers, and with instruments of its own, numbered in their order.
    pub fn new(config: Config, clock: ClockAnchor, mut random: Random, instruments: &[Instrument<'_>]) -> Self {
        let pipelines = Signal::ALL.map(|signal| Pipeline::new(signal, random.fork()));
        let mut telemetry = Self {
            config,
            clock,
            random,
            live: SmallMap::default(),
            meter: Meter::default(),
            collection: None,
            storms: Storms::default(),
            spool: Spool::default(),
            pipelines,
        };
        for instrument in instruments {
            telemetry.instrument(Instant::ORIGIN, instrument);
        }
        telemetry
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
        // Sampled, and the random flag of Trace Context Level 2: the lower seven bytes of our ids are.
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
            self.enqueue(now, Signal::Traces, &[record.as_slice()], 1);
        }
    }

    fn enqueue(&mut self, now: Instant, signal: Signal, parts: &[&[u8]], count: u64) -> bool {
        let touched = self.spool.touch(now, &self.config);
        self.pipelines[signal as usize].enqueue(now, parts, count, &self.config) || touched
    }

    /// Counts a record that is not kept.
    fn drop_record(&mut self, signal: Signal, reason: DropReason) {
        let account = &mut self.pipelines[signal as usize].account;
        account.started += 1;
        account.drop_records(reason, 1);
    }

    /// Writes a log record.
    #[inline(never)]
    pub fn log(&mut self, now: Instant, log: &Log<'_>) {
        self.log_encoded(now, now, log.severity, log::hash(log.event), log.encode());
    }

    /// Writes a log record of `at`, of which the host has encoded all but its times, its severity and its id; `event` is a
    /// number for its event's name.
    pub fn log_encoded(&mut self, now: Instant, at: Instant, severity: Severity, event: u32, mut record: Writer) {
        let time = self.clock.unix_nanos(at);
        let reason = if severity < self.config.level {
            DropReason::Level
        } else if self.storms.keeps(event, time) {
            log::complete(&mut record, severity, time, self.random.bytes());
            self.enqueue(now, Signal::Logs, &[record.as_slice()], 1);
            return;
        } else {
            DropReason::Sampled
        };
        self.drop_record(Signal::Logs, reason);
    }

    /// Makes an instrument; its number.
    pub fn instrument(&mut self, now: Instant, instrument: &Instrument<'_>) -> u32 {
        self.meter.instrument(instrument, self.clock.unix_nanos(now))
    }

    /// Makes an instrument whose name and unit the host has encoded, and whose series it tells apart; its number.
    pub fn encoded_instrument(&mut self, now: Instant, kind: Kind, head: Vec<u8>, bounds: Vec<f64>) -> u32 {
        self.meter.add(head.into(), kind, Vec::new(), bounds, self.clock.unix_nanos(now))
    }

    /// A series of an instrument, its attributes encoded as fields of its points.
    pub fn series(&mut self, instrument: u32, attributes: Vec<u8>) -> SeriesKey {
        self.meter.series(instrument, attributes)
    }

    /// Counts or measures with one of the pipeline's own instruments; attributes come in the order in which it declares
    /// them, and an empty text is none.
    #[inline(never)]
    pub fn measure(
        &mut self,
        now: Instant,
        instrument: u32,
        value: f64,
        attributes: &[Value<'_>],
        context: Option<SpanContext>,
    ) {
        let series = self.meter.series_in_order(instrument, attributes);
        self.record(now, series, value, context);
    }

    /// A series of an instrument by the names of its attributes, whatever their order.
    pub fn series_of(&mut self, instrument: u32, attributes: &[(&str, Value<'_>)]) -> SeriesKey {
        self.meter.series_of(instrument, attributes)
    }

    /// Counts or measures; `context` is the span of the moment, to which an exemplar leads. Says whether it is the first
    /// since the last collection.
    #[inline(never)]
    pub fn record(&mut self, now: Instant, series: SeriesKey, value: f64, context: Option<SpanContext>) -> bool {
        let first = self.collection.is_none();
        self.collection.get_or_insert(now + self.config.batch.metric_interval);
        let touched = self.spool.touch(now, &self.config);
        self.meter.record(series, value, self.clock.unix_nanos(now), context);
        first || touched
    }

    /// Attributes of measurements that their instruments had not declared.
    pub fn undeclared_attributes(&self) -> u64 {
        self.meter.undeclared
    }

    /// Whether it is time to collect metrics: the host observes what it has to, and calls [`Telemetry::collect`].
    pub fn take_collection(&mut self, now: Instant) -> bool {
        self.collection.take_if(|due| *due <= now).is_some()
    }

    /// Makes points of what was recorded.
    pub fn collect(&mut self, now: Instant) {
        self.collection = None;
        let time = self.clock.unix_nanos(now);
        let pipeline = &mut self.pipelines[Signal::Metrics as usize];
        for table in &mut self.meter.tables {
            let (metric, points) = table.collect(time, self.config.cumulative, false);
            if points > 0 {
                pipeline.enqueue(now, &[metric.as_slice()], points, &self.config);
            }
        }
    }

    /// Takes over a span that has its whole life behind it, encoded but for its times. Says whether something is due earlier
    /// now.
    pub fn record_span(&mut self, now: Instant, start: Instant, end: Instant, fields: &[u8]) -> bool {
        let mut times = Writer::default();
        times.fixed64(7, self.clock.unix_nanos(start));
        times.fixed64(8, self.clock.unix_nanos(end.max(start)));
        self.enqueue(now, Signal::Traces, &[fields, times.as_slice()], 1)
    }

    /// Whether it is time to keep what is pending: the host asks for a [`Telemetry::snapshot`].
    pub fn take_spooling(&mut self, now: Instant) -> bool {
        self.spool.take(now)
    }

    /// Everything that no endpoint has answered for, metrics that are not collected yet included: signal, the number of the
    /// request (0 was never sent), records, and the body of a request.
    pub fn snapshot(&mut self, now: Instant, mut keep: impl FnMut(Signal, u32, u64, &[u8])) {
        for pipeline in &self.pipelines {
            pipeline.snapshot(&self.config, &mut keep);
        }
        let (mut metrics, mut count) = (Writer::default(), 0);
        let time = self.clock.unix_nanos(now);
        for table in &mut self.meter.tables {
            let (metric, points) = table.collect(time, self.config.cumulative, true);
            if points > 0 {
                metrics.bytes(otlp::RECORD, metric.as_slice());
                count += points;
            }
        }
        if count > 0 {
            keep(Signal::Metrics, 0, count, &encode_request(&[&self.config.resource], metrics.as_slice()));
        }
    }

    /// A request of an earlier visit: it is sent again, or its records are counted as lost.
    pub fn recover(&mut self, now: Instant, signal: Signal, records: u64, body: Vec<u8>, lost: Option<DropReason>) {
        let pipeline = &mut self.pipelines[signal as usize];
        match lost {
            None => pipeline.recover(now, records, body, &self.config),
            Some(reason) => {
                pipeline.account.recovered += records;
                pipeline.account.drop_records(reason, records);
            }
        }
    }

    /// The next request to send, if one is due.
    pub fn poll_export(&mut self, now: Instant) -> Option<Export> {
        self.pipelines.iter_mut().find_map(|pipeline| pipeline.poll(now, &self.config))
    }

    /// When [`Telemetry::poll_export`] should be asked again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let others = self.collection.into_iter().chain(self.spool.due());
        self.pipelines.iter().filter_map(Pipeline::next_due).chain(others).min()
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
        let mut room = LEAVE_BUDGET;
        for pipeline in &self.pipelines {
            room = room.saturating_sub(pipeline.leaving_bytes());
        }
        let mut exports = Vec::new();
        // Points can't be sent twice: they go first, and traces last.
        for pipeline in self.pipelines.iter_mut().rev() {
            pipeline.leave(now, &self.config, &mut room, &mut exports);
        }
        exports
    }

    /// What came of a request.
    pub fn handle_reply(&mut self, now: Instant, export: u32, reply: &Reply) {
        // What was acknowledged need not be kept.
        self.spool.touch(now, &self.config);
        for pipeline in &mut self.pipelines {
            pipeline.handle_reply(now, export, reply);
        }
    }

    /// Where every record of a signal is: `started + recovered = exported + pending + dropped`.
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
