//! The OpenTelemetry core: spans in, OTLP bodies out, and an account of every record.
//!
//! Owns ids, spans, propagation, batching, retry and loss accounting. Knows no audio, no players and no
//! browser: time, randomness and the outcome of a request are inputs. The vocabulary is OpenTelemetry's.

mod ambient;
mod batch;
mod config;
mod context;
mod diagnostic;
mod export;
mod late;
mod log;
mod metric;
mod own;
mod policy;
mod propagation;
mod request;
mod response;
mod retry;
mod rows;
mod sampling;
mod sdk_instruments;
mod span;
mod split;
mod spool;
mod tracer;
mod url;

pub use ambient::{EarlierSession, SharedSession};
pub use batch::{Account, DropReason};
pub use config::{Batch, Config, Consent};
pub use context::{RANDOM, SAMPLED, SpanContext, SpanId, TraceId};
pub use diagnostic::{Diagnostic, Problem};
pub use export::{Endpoint, Export, Outcome, Reply, Signal};
pub use log::{DEBUG, ERROR, INFO, Log, Severity, WARN};
pub use metric::{Instrument, Kind, SeriesKey};
pub use policy::INSPECTS;
pub use propagation::{
    Baggage, BaggageEntry, Headers, ParseB3Error, ParseBaggageError, ParseTraceStateError,
    ParseTraceparentError, Propagators, TraceState, cmcd, extract, format_b3, format_traceparent, inject,
    parse_b3, parse_b3_multi, parse_traceparent,
};
pub use request::encode_request;
pub use response::parse_partial_success;
pub use retry::ResponseTimes;
pub use sampling::Sampler;
pub use span::{Parent, SpanKind, SpanOptions};
pub use spool::StoredLoss;
use tonearm_otlp::{ATTRIBUTES, LOG_ATTRIBUTES};
pub use tonearm_otlp::{Attributes, Flat, Value, Writer};
pub use url::{AllowedOrigin, HeaderPolicy, header_policy, redact};

use std::collections::VecDeque;

use ambient::Ambient;
use diagnostic::Warnings;
use export::{LEAVE_BUDGET, SignalExporter};
use log::Storms;
use metric::Meter;
use own::Own;
use sampling::Tail;
use span::Span;
use spool::Spool;
use tonearm_base::random::Random;
use tonearm_base::small_map::SmallMap;
use tonearm_base::time::{ClockAnchor, Duration, Instant};

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
    /// When metrics are collected next; none where nothing was recorded since the last time and nothing is
    /// observed.
    collection: Option<Instant>,
    /// Whether there is an instrument that is observed.
    observes: bool,
    storms: Storms,
    spool: Spool,
    exporters: [SignalExporter; Signal::ALL.len()],
    ambient: Ambient,
    tail: Tail,
    own: Own,
    /// Instruments of the pipeline's owner: they come first, and their series have the app's shared
    /// attributes.
    owned: u32,
    /// Records that the host has to see first.
    inspections: VecDeque<Inspection>,
    /// Those of them that it was given, by signal.
    inspected: [u64; Signal::ALL.len()],
    baggage: String,
    warnings: Warnings,
    /// The service whose session this is, where it has one in common with other pipelines.
    service: String,
    /// How far the endpoint's clock is ahead, in milliseconds. Noted, and not applied to records: whoever
    /// reads them has their arrival beside them.
    clock_skew: Option<f64>,
}

/// What becomes of a request of an earlier visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// It is sent again; its points say so if they closed long ago.
    Sent {
        /// How long ago.
        age: Duration,
    },
    /// It is not.
    Lost(DropReason),
}

/// A span or a log record that the host has to see before it is queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Which of the two it is.
    pub signal: Signal,
    /// Its message.
    pub record: Vec<u8>,
}

impl Telemetry {
    /// A pipeline with its own random numbers, and with instruments of its own, numbered in their order.
    pub fn new(
        config: Config,
        clock: ClockAnchor,
        mut random: Random,
        instruments: &[Instrument<'_>],
    ) -> Self {
        let mut exporter = |signal| SignalExporter::new(signal, random.fork());
        let exporters = [exporter(Signal::Traces), exporter(Signal::Metrics), exporter(Signal::Logs)];
        let mut telemetry = Self {
            config,
            clock,
            random,
            live: SmallMap::default(),
            meter: Meter::default(),
            collection: None,
            observes: false,
            storms: Storms::default(),
            spool: Spool::default(),
            exporters,
            ambient: Ambient::default(),
            tail: Tail::default(),
            own: Own::default(),
            owned: instruments.len() as u32,
            inspections: VecDeque::new(),
            inspected: [0; Signal::ALL.len()],
            baggage: String::new(),
            warnings: Warnings::default(),
            service: String::new(),
            clock_skew: None,
        };
        for instrument in instruments {
            telemetry.instrument(Instant::ORIGIN, instrument);
        }
        if telemetry.config.policy().records_itself() {
            telemetry.enable_sdk_metrics();
        }
        telemetry
    }

    /// The pipeline begins now: what is added up counts from here.
    pub fn begin(&mut self, now: Instant) {
        self.meter.begin(self.clock.unix_nanos(now));
    }

    /// Notes both clocks; see [`ClockAnchor::observe`].
    pub fn observe_clock(&mut self, now: Instant, wall_millis: f64) {
        self.clock.observe(now, wall_millis);
    }

    /// Takes what a response says of time, and returns the wait that it asks for.
    pub fn observe_response(&mut self, now: Instant, times: ResponseTimes) -> Option<Duration> {
        let wall_millis = self.clock.unix_nanos(now) as f64 / 1e6;
        if let Some(date) = times.date {
            self.clock_skew = Some(date - wall_millis);
        }
        times.wait(wall_millis, self.clock_skew.unwrap_or_default())
    }

    /// How far the endpoint's clock is ahead of the page's, in milliseconds, once a response has stated it.
    pub fn clock_skew(&self) -> Option<f64> {
        self.clock_skew
    }

    /// Queues a span or a log record with the common attributes, or hands it to the host to look at. Says
    /// whether something is due earlier.
    fn enqueue(&mut self, now: Instant, signal: Signal, mut record: Writer) -> bool {
        if !self.config.policy().may_record() {
            self.drop_record(signal, DropReason::Consent);
            return false;
        }
        let field = if signal == Signal::Logs { LOG_ATTRIBUTES } else { ATTRIBUTES };
        record.add_attributes(0, field, self.ambient.of(signal, now, &mut self.random));
        if self.config.policy().inspects() {
            self.inspections.push_back(Inspection { signal, record: record.finish() });
            self.inspected[signal as usize] += 1;
            return true;
        }
        let touched = self.spool.touch(now, &self.config);
        self.exporters[signal as usize].enqueue(now, record.as_slice(), 1, &self.config) || touched
    }

    /// The next record that the host has to look at; it answers with [`Telemetry::inspected`].
    pub fn poll_inspection(&mut self) -> Option<Inspection> {
        if INSPECTS { self.inspections.pop_front() } else { None }
    }

    /// The host has looked at a record: it is queued as it is now, or it is out.
    pub fn inspected(&mut self, now: Instant, signal: Signal, record: Option<&[u8]>) {
        if !INSPECTS {
            return;
        }
        let open = &mut self.inspected[signal as usize];
        // One that was forgotten meanwhile is accounted for.
        let Some(rest) = open.checked_sub(1) else { return };
        *open = rest;
        match record {
            Some(record) => {
                self.spool.touch(now, &self.config);
                self.exporters[signal as usize].enqueue(now, record, 1, &self.config);
            }
            None => self.drop_record(signal, DropReason::Redacted),
        }
    }

    /// Begins a session, or goes on with that of an earlier page, where it is not over.
    pub fn begin_session(&mut self, now: Instant, earlier: Option<EarlierSession>) {
        self.ambient.begin(now, earlier, &mut self.random);
    }

    /// The session, for another pipeline of the service of that name.
    pub fn session_of(&self, service: &str) -> Option<SharedSession> {
        (self.service == service).then(|| self.ambient.session())
    }

    /// Names the service whose session this is.
    pub fn set_service(&mut self, service: String) {
        self.service = service;
    }

    /// Has the session of another pipeline, which goes on in both.
    pub fn share_session(&mut self, session: SharedSession) {
        self.ambient.share(session);
    }

    /// Whether the session was told to have begun.
    pub fn session_counted(&self) -> bool {
        self.ambient.session_counted()
    }

    /// The session's id; empty where there is none.
    pub fn session_id(&self) -> String {
        self.ambient.session_id()
    }

    /// Whether a session has begun since this was asked last.
    pub fn take_new_session(&mut self, now: Instant) -> bool {
        self.ambient.take_new(now, &mut self.random)
    }

    /// What every span and log record says from here on: attributes as fields 1, the first `shared` bytes of
    /// which the owner's metrics say too.
    pub fn set_context(&mut self, attributes: &[u8], shared: usize) {
        self.ambient.give(attributes, shared);
    }

    /// What goes along in the `baggage` header: its value.
    pub fn set_baggage(&mut self, baggage: String) {
        self.baggage = baggage;
    }

    /// The listener has decided. A refusal takes what waited along.
    pub fn set_consent(&mut self, now: Instant, consent: Consent) {
        self.config.consent = consent;
        if consent == Consent::Denied {
            self.forget(now, DropReason::Consent);
        }
        // What was persisted before is no longer pending.
        self.spool.touch(now, &self.config);
    }

    /// Drops everything that waits.
    fn forget(&mut self, now: Instant, reason: DropReason) {
        for (exporter, inspected) in self.exporters.iter_mut().zip(&mut self.inspected) {
            exporter.forget(reason);
            let open = std::mem::take(inspected);
            exporter.account.started += open;
            exporter.account.drop_records(reason, open);
        }
        self.inspections.clear();
        let open = self.open_spans();
        self.count_lost(Signal::Traces, reason, open);
        (self.live, self.tail) = (SmallMap::default(), Tail::default());
        self.meter.reset(self.clock.unix_nanos(now));
        self.collection = None;
        if self.observes {
            self.schedule_collection(now);
        }
    }

    /// Collects metrics an interval from now, where no earlier collection is due.
    fn schedule_collection(&mut self, now: Instant) {
        self.collection.get_or_insert(now + self.config.batch.metric_interval);
    }

    /// Counts records that the host had to let go of.
    pub fn count_lost(&mut self, signal: Signal, reason: DropReason, records: u64) {
        let account = &mut self.exporters[signal as usize].account;
        account.started += records;
        account.drop_records(reason, records);
    }

    /// Counts a record that is not kept.
    fn drop_record(&mut self, signal: Signal, reason: DropReason) {
        self.count_lost(signal, reason, 1);
    }

    /// Writes a log record.
    #[inline(never)]
    pub fn log(&mut self, now: Instant, log: &Log<'_>) {
        self.log_encoded(now, now, log.severity, log.encode());
    }

    /// Writes a log record of `at`, of which the host has encoded all but its times, its severity and its id.
    /// Says whether something is due earlier.
    pub fn log_encoded(&mut self, now: Instant, at: Instant, severity: Severity, mut record: Writer) -> bool {
        let time = self.clock.unix_nanos(at);
        let event = log::event_of(record.as_slice());
        let reason = if severity < log::level_of(&self.config.levels, event) {
            DropReason::Level
        } else if self.storms.keeps(event, time) {
            log::complete(&mut record, severity, time, self.random.bytes());
            return self.enqueue(now, Signal::Logs, record);
        } else {
            DropReason::Sampled
        };
        self.drop_record(Signal::Logs, reason);
        false
    }

    /// Whether a record of that severity and event would be kept.
    #[cfg(feature = "opentelemetry")]
    pub fn wants(&self, severity: Severity, event: &str) -> bool {
        severity >= log::level_of(&self.config.levels, event.as_bytes())
    }

    /// Makes an instrument; its number. One that is observed makes the pipeline collect at each interval.
    pub fn instrument(&mut self, now: Instant, instrument: &Instrument<'_>) -> u32 {
        if instrument.observed {
            self.observes = true;
            self.schedule_collection(now);
        }
        self.meter.instrument(instrument, self.clock.unix_nanos(now))
    }

    /// The number of the field that attributes of an instrument's points are.
    pub fn points_field(&self, instrument: u32) -> u32 {
        self.meter.attributes_field(instrument)
    }

    /// A series of an instrument, its attributes encoded as fields of its points.
    pub fn series(&mut self, instrument: u32, attributes: Vec<u8>) -> SeriesKey {
        let shared = if instrument < self.owned { self.ambient.shared() } else { &[] };
        self.meter.series_with(instrument, attributes, shared)
    }

    /// Counts or measures with one of the pipeline's own instruments; attributes come in the order in which
    /// it declares them, and an empty text is none.
    #[inline(never)]
    pub fn measure(
        &mut self,
        now: Instant,
        instrument: u32,
        value: f64,
        attributes: &[Value<'_>],
        context: Option<SpanContext>,
    ) {
        let shared = if instrument < self.owned { self.ambient.shared() } else { &[] };
        let series = self.meter.series_in_order_with(instrument, attributes, shared);
        self.record(now, series, value, context);
    }

    /// A series of an instrument by the names of its attributes, whatever their order.
    pub fn series_of(&mut self, instrument: u32, attributes: &[(&str, Value<'_>)]) -> SeriesKey {
        self.meter.series_of(instrument, attributes)
    }

    /// Counts or measures; `context` is the span of the moment, to which an exemplar leads. Says whether it
    /// is the first since the last collection.
    #[inline(never)]
    pub fn record(
        &mut self,
        now: Instant,
        series: SeriesKey,
        value: f64,
        context: Option<SpanContext>,
    ) -> bool {
        if !self.config.policy().may_record() {
            return false;
        }
        let first = self.collection.is_none();
        self.schedule_collection(now);
        let touched = self.spool.touch(now, &self.config);
        self.meter.record(series, value, self.clock.unix_nanos(now), context);
        first || touched
    }

    /// Attributes of measurements that their instruments had not declared.
    pub fn undeclared_attributes(&self) -> u64 {
        self.meter.undeclared
    }

    /// Whether it is time to collect metrics: the host observes what it has to, and calls
    /// [`Telemetry::collect`].
    pub fn take_collection(&mut self, now: Instant) -> bool {
        self.collection.take_if(|due| *due <= now).is_some()
    }

    /// Makes points of what was recorded.
    pub fn collect(&mut self, now: Instant) {
        self.collection = None;
        let time = self.clock.unix_nanos(now);
        if self.config.policy().records_itself() {
            self.own.tell(&Signal::ALL.map(|signal| self.account(signal)), &mut self.meter, self.owned, time);
        }
        let exporter = &mut self.exporters[Signal::Metrics as usize];
        let mut collected = false;
        for table in &mut self.meter.tables {
            let (metric, points) = table.collect(time, self.config.cumulative, false);
            if points > 0 {
                exporter.enqueue(now, metric.as_slice(), points, &self.config);
                collected = true;
            }
        }
        // What is observed is observed at each interval, and a cumulative sum is exported at each, idle or
        // not.
        if self.observes || (self.config.cumulative && collected) {
            self.schedule_collection(now);
        }
    }

    /// Whether it is time to keep what is pending: the host asks for a [`Telemetry::snapshot`].
    pub fn take_spooling(&mut self, now: Instant) -> bool {
        self.config.policy().may_export() && self.spool.take(now)
    }

    /// Everything of a signal that no endpoint has answered for, metrics that are not collected yet included:
    /// the number of the request (0 was never sent), records, their age, and the body of a request.
    pub fn snapshot(
        &mut self,
        now: Instant,
        signal: Signal,
        mut keep: impl FnMut(u32, u64, Duration, &[u8]),
    ) {
        self.exporters[signal as usize].snapshot(now, &self.config, &mut keep);
        if signal != Signal::Metrics {
            return;
        }
        let (mut metrics, mut count) = (Writer::default(), 0);
        let time = self.clock.unix_nanos(now);
        for table in &mut self.meter.tables {
            let (metric, points) = table.collect(time, self.config.cumulative, true);
            if points > 0 {
                metrics.bytes(request::RECORD, metric.as_slice());
                count += points;
            }
        }
        if count > 0 {
            keep(0, count, Duration::ZERO, &encode_request(&[&self.config.resource], metrics.as_slice()));
        }
    }

    /// A request of an earlier visit: it is sent again, or its records are counted as lost.
    pub fn recover(&mut self, now: Instant, signal: Signal, records: u64, body: Vec<u8>, fate: Recovered) {
        let exporter = &mut self.exporters[signal as usize];
        match fate {
            Recovered::Sent { age } if self.config.policy().may_record() => {
                exporter.recover(now, records, body, age, &self.config);
            }
            fate => {
                // It was on its way here when the user refused.
                let reason = if let Recovered::Lost(reason) = fate { reason } else { DropReason::Consent };
                exporter.account.recovered += records;
                exporter.account.drop_records(reason, records);
            }
        }
    }

    /// The next request to send, if one is due.
    pub fn poll_export(&mut self, now: Instant) -> Option<Export> {
        if !self.config.policy().may_export() {
            return None;
        }
        self.exporters.iter_mut().find_map(|exporter| exporter.poll(now, &self.config))
    }

    /// When [`Telemetry::poll_export`] should be asked again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if INSPECTS && !self.inspections.is_empty() {
            return Some(Instant::ORIGIN);
        }
        let granted = self.config.policy().may_export();
        let others = self.collection.into_iter().chain(self.spool.due().filter(|_| granted));
        self.exporters.iter().filter(|_| granted).filter_map(SignalExporter::next_due).chain(others).min()
    }

    /// Sends everything that is queued as soon as it can be.
    pub fn flush(&mut self, now: Instant) {
        self.collect(now);
        for exporter in &mut self.exporters {
            exporter.flush(now);
        }
    }

    /// The page is being left: everything that fits into the shared budget of requests that outlive a page.
    pub fn leave(&mut self, now: Instant) -> Vec<Export> {
        self.collect(now);
        if !self.config.policy().may_export() {
            return Vec::new();
        }
        let mut room = LEAVE_BUDGET;
        for exporter in &self.exporters {
            room = room.saturating_sub(exporter.leaving_bytes());
        }
        let mut exports = Vec::new();
        // Points can't be sent twice: they go first, and traces last.
        for exporter in self.exporters.iter_mut().rev() {
            exporter.leave(now, &self.config, &mut room, &mut exports);
        }
        exports
    }

    /// What came of a request.
    pub fn handle_reply(&mut self, now: Instant, export: u32, reply: &Reply) {
        // What was acknowledged need not be kept.
        self.spool.touch(now, &self.config);
        let took = self.exporters.iter_mut().find_map(|exporter| exporter.handle_reply(now, export, reply));
        if let Some(took) = took
            && self.config.policy().records_itself()
        {
            let error = match reply.outcome() {
                Outcome::Accepted | Outcome::Partial(_) => "",
                Outcome::Rejected | Outcome::TooLarge => "rejected",
                Outcome::Retryable(_) => "unavailable",
            };
            let instrument = self.owned + sdk_instruments::EXPORT_DURATION;
            let series = self.meter.series_in_order(instrument, &[Value::Text(error)]);
            self.meter.record(series, took.as_secs_f64(), self.clock.unix_nanos(now), None);
        }
    }

    /// The next failed delivery that the host is to make known.
    pub fn poll_diagnostic(&mut self) -> Option<Diagnostic> {
        let diagnostic = self.exporters.iter_mut().find_map(|exporter| exporter.diagnostic.take())?;
        Some(self.warnings.limit(diagnostic))
    }

    /// How the endpoints took the last request of each signal: the worst of them.
    pub fn endpoint(&self) -> Endpoint {
        self.exporters.iter().map(|exporter| exporter.endpoint).max().unwrap_or(Endpoint::Well)
    }

    /// Whether each signal's endpoint accepted the last request.
    pub fn is_well(&self) -> bool {
        self.endpoint() == Endpoint::Well
    }

    /// Where every record of a signal is: `started + recovered = exported + pending + dropped`.
    pub fn account(&self, signal: Signal) -> Account {
        let mut account = self.exporters[signal as usize].account();
        let mut held = self.inspected[signal as usize];
        if signal == Signal::Traces {
            held += (self.live.len() + self.tail.len()) as u64;
        }
        account.started += held;
        account.pending += held;
        account
    }

    /// Spans that are open or held: what no flush brings out.
    pub fn open_spans(&self) -> u64 {
        (self.live.len() + self.tail.len()) as u64
    }
}
