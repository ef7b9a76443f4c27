//! From the queue to the endpoint: when a request goes out, what its answer means, when it is tried again.
//!
//! A request keeps its encoded body until it is answered, so that a retry sends the same bytes.

use tonearm_gzip::gzip;

use super::batch::{Account, DropReason, Queue};
use super::config::Config;
use super::diagnostic::{Diagnostic, Problem, has_message};
use super::late::mark_late;
use super::request::encode_request;
use super::response::parse_partial_success;
use super::retry;
use super::split::{count_records, split_request};
use tonearm_base::random::Random;
use tonearm_base::time::{Duration, Instant};

/// Bytes of keepalive requests that a page may have in flight: the Fetch standard's 64 KiB (section 4.6,
/// "inflight keepalive bytes"), less room for what the app itself sends.
pub(super) const LEAVE_BUDGET: usize = 60 << 10;
/// By how much gzip makes records smaller, at best.
const BEST: usize = 20;
/// Bytes below which gzip saves nothing worth its time.
const SMALL: usize = 1024;
/// The longest that a log record waits here. The host gathers records for up to half a second: together that
/// is OpenTelemetry's default, a second.
const LOG_DELAY: Duration = Duration::from_millis(500);
/// Time after which a request of an offline page is sent whatever `navigator.onLine` says: it is wrong at
/// times.
const OFFLINE: Duration = Duration::from_secs(60);
/// Time beyond its timeout after which a request without an answer counts as lost.
const GRACE: Duration = Duration::from_secs(5);

/// What a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics' points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];
}

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Names the request in its reply.
    pub id: u32,
    /// What it carries: the host knows where that goes.
    pub signal: Signal,
    /// The request of that signal in protobuf.
    pub body: Vec<u8>,
    /// Whether that is compressed (`content-encoding: gzip`).
    pub gzipped: bool,
    /// Whether it must outlive the page.
    pub keepalive: bool,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether it is sent although the browser says that it is offline.
    pub even_offline: bool,
}

/// Single records in a row after which no larger one is sent.
const MAX_TOO_LARGE: u32 = 8;
/// What a request that is not even sent would be answered: a smaller one was.
const TOO_LARGE: Reply = Reply::Response { status: 413, retry_after: None, body: Vec::new() };

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A response.
    Response {
        /// Its status code.
        status: u16,
        /// `Retry-After`, already a duration.
        retry_after: Option<Duration>,
        /// Its body.
        body: Vec<u8>,
    },
    /// No response: the network failed, or the time was over.
    Failed,
    /// Nothing was sent: there is no network.
    Unsent,
    /// Nothing was sent: a page that is being left had no room or no time for it, and it may be tried soon.
    Deferred,
    /// A redirect, which is not followed: records go where the app sends them and nowhere else.
    Redirected,
}

/// What a reply means (OTLP/HTTP, section "Response").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All records were accepted.
    Accepted,
    /// So many records were rejected; they must not be sent again.
    Partial(u64),
    /// The same request may succeed later.
    Retryable(Option<Duration>),
    /// It never will.
    Rejected,
    /// Its parts may (413).
    TooLarge,
}

impl Reply {
    /// What the reply means.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Response { status: 200..=299, body, .. } => match parse_partial_success(body) {
                Some(rejected) if rejected > 0 => Outcome::Partial(rejected),
                _ => Outcome::Accepted,
            },
            Self::Response { status: 429 | 502 | 503 | 504, retry_after, .. } => {
                Outcome::Retryable(*retry_after)
            }
            Self::Response { status: 413, .. } => Outcome::TooLarge,
            Self::Response { .. } | Self::Redirected => Outcome::Rejected,
            Self::Failed | Self::Unsent | Self::Deferred => Outcome::Retryable(None),
        }
    }
}

#[derive(Debug)]
struct Flight {
    id: u32,
    signal: Signal,
    /// As it was encoded.
    body: Vec<u8>,
    /// Bytes that are leaving with the page.
    leaving: usize,
    records: u64,
    retries: u32,
    /// When to send it again, or when to give up waiting for its reply.
    due: Instant,
    waiting: bool,
    /// It went out, and nobody said what became of it.
    uncertain: bool,
    /// It was not sent the last time: the browser said that it is offline.
    unsent: bool,
    /// When its records were closed, or taken over.
    closed: Instant,
    /// How old they were then.
    age: Duration,
    /// When it was sent last.
    sent: Instant,
    /// Its points say that they come late, or it has none.
    marked: bool,
}

impl Flight {
    fn new(id: u32, signal: Signal, body: Vec<u8>, records: u64, now: Instant, waiting: bool) -> Self {
        let marked = signal != Signal::Metrics;
        Self {
            id,
            signal,
            body,
            leaving: 0,
            records,
            retries: 0,
            due: now,
            waiting,
            uncertain: false,
            unsent: false,
            closed: now,
            age: Duration::ZERO,
            sent: now,
            marked,
        }
    }

    fn age_at(&self, now: Instant) -> Duration {
        self.age + now.since(self.closed)
    }

    fn mark(&mut self) {
        if !self.marked {
            self.marked = true;
            self.body = mark_late(&self.body);
        }
    }

    /// The request as it goes out now; nothing, and nothing changes, where that is more than the room there
    /// is for it.
    fn launch(&mut self, now: Instant, room: Option<usize>, config: &Config) -> Option<Export> {
        let interval = config.batch.metric_interval;
        if self.age_at(now) > interval + interval {
            self.mark();
        }
        // What can't fit is not compressed to see that: a page that is left has no time.
        if room.is_some_and(|room| self.body.len() / BEST > room) {
            return None;
        }
        let gzipped = config.gzip && self.body.len() >= SMALL;
        let body = if gzipped { gzip(&self.body) } else { self.body.clone() };
        if room.is_some_and(|room| body.len() > room) {
            return None;
        }
        self.sent = now;
        (self.waiting, self.uncertain) = (false, true);
        self.leaving = room.map_or(0, |_| body.len());
        let timeout = config.batch.timeout;
        self.due = now + timeout + GRACE;
        Some(Export {
            id: self.id,
            signal: self.signal,
            body,
            gzipped,
            keepalive: room.is_some(),
            timeout,
            even_offline: self.unsent,
        })
    }
}

/// Queue and requests of one signal.
#[derive(Debug)]
pub(super) struct SignalExporter {
    signal: Signal,
    random: Random,
    pub(super) queue: Queue,
    due: Option<Instant>,
    /// All that is queued is wanted out.
    flushing: bool,
    flights: Vec<Flight>,
    next_id: u32,
    pub(super) account: Account,
    pub(super) endpoint: Endpoint,
    /// Whether it has accepted records before.
    accepted: bool,
    /// The last request was given up: a dead endpoint is not asked more often for the next one.
    exhausted: bool,
    too_large: TooLarge,
    /// The last failed delivery, until the host is given it.
    pub(super) diagnostic: Option<Diagnostic>,
}

/// Single records in a row that an endpoint refused as too large, while parts of their request wait.
#[derive(Debug)]
struct TooLarge {
    count: u32,
    /// Bytes of the smallest one.
    bytes: usize,
}

impl Default for TooLarge {
    fn default() -> Self {
        Self { count: 0, bytes: usize::MAX }
    }
}

impl TooLarge {
    fn add(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes = self.bytes.min(bytes);
    }

    /// Whether a request of so many bytes need not be sent: an endpoint that refuses everything is not asked
    /// for each record.
    fn covers(&self, bytes: usize) -> bool {
        self.count >= MAX_TOO_LARGE && bytes >= self.bytes
    }
}

/// How an endpoint took the last request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// It accepted records, or was not asked yet.
    Well,
    /// It did not answer, or said that it is busy.
    Unavailable,
    /// It refused all of them.
    Rejecting,
}

impl SignalExporter {
    pub(super) fn new(signal: Signal, random: Random) -> Self {
        Self {
            signal,
            random,
            queue: Queue::default(),
            due: None,
            flushing: false,
            flights: Vec::new(),
            // Ids of different signals must differ.
            next_id: signal as u32,
            account: Account::default(),
            endpoint: Endpoint::Well,
            accepted: false,
            exhausted: false,
            too_large: TooLarge::default(),
            diagnostic: None,
        }
    }

    pub(super) fn account(&self) -> Account {
        let pending = self.queue.count() + self.flights.iter().map(|flight| flight.records).sum::<u64>();
        Account { pending, ..self.account }
    }

    /// Queues a record that counts for `count`; says whether something is due earlier now.
    pub(super) fn enqueue(&mut self, now: Instant, record: &[u8], count: u64, config: &Config) -> bool {
        let at = self.queue.begin();
        self.queue.records().raw(record);
        self.enqueued(now, at, count, config)
    }

    /// The same of one that was written into the queue, from there on.
    pub(super) fn enqueued(&mut self, now: Instant, at: usize, count: u64, config: &Config) -> bool {
        self.account.started += count;
        if self.queue.end(at, count, &config.batch) {
            let due = self.next_batch(now, config);
            let earlier = self.due.is_none_or(|known| due < known);
            if earlier {
                self.due = Some(due);
            }
            return earlier;
        }
        self.account.drop_records(DropReason::QueueFull, count);
        false
    }

    fn next_batch(&self, now: Instant, config: &Config) -> Instant {
        if self.queue.len() >= config.batch.size {
            return now;
        }
        now + match self.signal {
            Signal::Traces => config.batch.delay,
            // Points have waited for their collection already.
            Signal::Metrics => Duration::ZERO,
            Signal::Logs => config.batch.delay.min(LOG_DELAY),
        }
    }

    /// Takes a request over that an earlier visit made and had no answer to.
    /// What is older, or more than what may wait, is not kept.
    pub(super) fn recover(
        &mut self,
        now: Instant,
        records: u64,
        body: Vec<u8>,
        age: Duration,
        config: &Config,
    ) {
        self.account.recovered += records;
        let waiting: usize = self.flights.iter().map(|flight| flight.body.len()).sum();
        if waiting + body.len() > config.batch.queue_bytes {
            return self.account.drop_records(DropReason::QueueFull, records);
        }
        let mut flight = self.flight(body, records, now, true);
        flight.age = age;
        self.flights.push(flight);
    }

    /// Everything that no endpoint has answered for, as requests: each with its number (0 was never sent).
    pub(super) fn snapshot(
        &self,
        now: Instant,
        config: &Config,
        keep: &mut impl FnMut(u32, u64, Duration, &[u8]),
    ) {
        for flight in &self.flights {
            let id = if flight.uncertain { flight.id } else { 0 };
            keep(id, flight.records, flight.age_at(now), &flight.body);
        }
        for (records, count) in self.queue.pieces(config.batch.size) {
            keep(0, count, Duration::ZERO, &self.body(records, config));
        }
    }

    fn body(&self, records: &[u8], config: &Config) -> Vec<u8> {
        let more: &[u8] = if self.signal == Signal::Metrics { &[] } else { &config.client };
        encode_request(&[&config.resource, more], records)
    }

    fn flight(&mut self, body: Vec<u8>, records: u64, now: Instant, waiting: bool) -> Flight {
        self.next_id += Signal::ALL.len() as u32;
        Flight::new(self.next_id, self.signal, body, records, now, waiting)
    }

    pub(super) fn flush(&mut self, now: Instant) {
        if self.queue.len() > 0 {
            (self.due, self.flushing) = (Some(now), true);
        }
        for flight in self.flights.iter_mut().filter(|flight| flight.waiting) {
            flight.due = now;
        }
    }

    /// One request at a time: while one is on its way, all else waits for its reply.
    fn is_busy(&self) -> bool {
        self.flights.iter().any(|flight| !flight.waiting)
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        let queue = if self.flights.is_empty() { self.due } else { None };
        let busy = self.is_busy();
        let flights = self.flights.iter().filter(|flight| !busy || !flight.waiting);
        flights.map(|flight| flight.due).chain(queue).min()
    }

    pub(super) fn poll(&mut self, now: Instant, config: &Config) -> Option<Export> {
        while let Some(at) = self.flights.iter().position(|flight| !flight.waiting && now >= flight.due) {
            self.apply_reply(now, at, &Reply::Failed);
        }
        while !self.is_busy()
            && let Some(at) = self.flights.iter().position(|flight| now >= flight.due)
        {
            if !self.too_large.covers(self.flights[at].body.len()) {
                return self.flights[at].launch(now, None, config);
            }
            self.divide(now, at, &TOO_LARGE);
        }
        if !self.flights.is_empty() || self.due.is_none_or(|due| now < due) {
            return None;
        }
        self.due = None;
        let export = self.take(now, config, config.batch.size, None);
        if self.queue.len() > 0 {
            self.due = Some(if self.flushing { now } else { self.next_batch(now, config) });
        } else {
            self.flushing = false;
        }
        export
    }

    /// A request of up to `count` of the oldest records, if it has any and fits into the room for what leaves
    /// with the page.
    fn take(&mut self, now: Instant, config: &Config, count: usize, room: Option<usize>) -> Option<Export> {
        let count = count.min(self.queue.len());
        if count == 0 {
            return None;
        }
        let body = self.body(self.queue.first(count), config);
        let mut flight = self.flight(body, 0, now, false);
        let export = flight.launch(now, room, config)?;
        flight.records = self.queue.forget(count);
        self.flights.push(flight);
        Some(export)
    }

    /// Bytes that left with the page a moment ago, at another sign of leaving: they are still in flight and
    /// count.
    pub(super) fn leaving_bytes(&self) -> usize {
        self.flights.iter().filter(|flight| !flight.waiting).map(|flight| flight.leaving).sum()
    }

    /// Everything that fits into the budget, the requests that wait for a retry first.
    pub(super) fn leave(
        &mut self,
        now: Instant,
        config: &Config,
        room: &mut usize,
        exports: &mut Vec<Export>,
    ) {
        for flight in self.flights.iter_mut().filter(|flight| flight.waiting) {
            if let Some(export) = flight.launch(now, Some(*room), config) {
                *room -= export.body.len();
                exports.push(export);
            }
        }
        // A batch that turns out too large for what is left is halved.
        let mut size = config.batch.size;
        while size > 0 && self.queue.len() > 0 {
            match self.take(now, config, size, Some(*room)) {
                Some(export) => {
                    *room -= export.body.len();
                    exports.push(export);
                }
                None => size = size.min(self.queue.len()) / 2,
            }
        }
        if self.queue.len() == 0 {
            self.due = None;
        }
    }

    /// What came of a request; how long it took, if it was one of this signal.
    pub(super) fn handle_reply(&mut self, now: Instant, id: u32, reply: &Reply) -> Option<Duration> {
        let at = self.flights.iter().position(|flight| flight.id == id && !flight.waiting)?;
        let took = now.since(self.flights[at].sent);
        self.apply_reply(now, at, reply);
        Some(took)
    }

    /// Drops everything that waits, for a reason.
    pub(super) fn forget(&mut self, reason: DropReason) {
        let records =
            self.queue.forget(usize::MAX) + self.flights.drain(..).map(|flight| flight.records).sum::<u64>();
        self.account.drop_records(reason, records);
        (self.due, self.too_large) = (None, TooLarge::default());
    }

    /// Puts two requests in the place of one that is too large for the endpoint; a single record is dropped.
    fn divide(&mut self, now: Instant, at: usize, reply: &Reply) {
        let count = count_records(self.signal, &self.flights[at].body);
        let whole = self.flights.remove(at);
        if count < 2 {
            self.too_large.add(whole.body.len());
            self.endpoint = Endpoint::Rejecting;
            self.drop_request(&whole, Problem::TooLarge, DropReason::Rejected, reply);
            return;
        }
        let first = (count / 2).min(whole.records);
        let bodies = split_request(self.signal, &whole.body, count / 2);
        for (offset, (body, records)) in bodies.into_iter().zip([first, whole.records - first]).enumerate() {
            let mut part = self.flight(body, records, now, true);
            (part.closed, part.age, part.marked) = (whole.closed, whole.age, whole.marked);
            self.flights.insert(at + offset, part);
        }
    }

    /// Counts the records of a request that is over, and remembers why.
    fn drop_request(&mut self, flight: &Flight, problem: Problem, reason: DropReason, reply: &Reply) {
        self.account.drop_records(reason, flight.records);
        self.report(problem, reply, flight.records, true);
        if self.flights.is_empty() {
            self.too_large = TooLarge::default();
        }
    }

    #[inline(never)]
    fn report(&mut self, problem: Problem, reply: &Reply, records: u64, warns: bool) {
        self.diagnostic = Some(Diagnostic::new(self.signal, problem, reply, records, warns));
    }

    fn apply_reply(&mut self, now: Instant, at: usize, reply: &Reply) {
        let flight = &mut self.flights[at];
        let records = flight.records;
        match reply.outcome() {
            Outcome::Retryable(asked) => {
                let unsent = matches!(reply, Reply::Unsent);
                // One that was tried in spite of that may have been counted.
                flight.uncertain = matches!(reply, Reply::Failed) || (unsent && flight.unsent);
                flight.unsent = unsent;
                if unsent {
                    // Until there is a network: a flush says so.
                    (flight.waiting, flight.due) = (true, now + OFFLINE);
                    return;
                }
                let known = if self.exhausted { retry::STEADY } else { 0 };
                let wait = retry::wait(flight.retries, known, asked, &mut self.random);
                if let Some(wait) = wait {
                    flight.retries += 1;
                    flight.waiting = true;
                    flight.due = now + wait;
                }
                if matches!(reply, Reply::Deferred) && wait.is_some() {
                    return;
                }
                self.endpoint = Endpoint::Unavailable;
                let problem =
                    if matches!(reply, Reply::Failed) { Problem::Unreachable } else { Problem::Unavailable };
                if wait.is_some() {
                    // One that worked before may be back in a moment.
                    self.report(problem, reply, 0, !self.accepted);
                    return;
                }
                self.exhausted = true;
                let flight = self.flights.remove(at);
                self.drop_request(&flight, problem, DropReason::RetriesExhausted, reply);
            }
            Outcome::TooLarge => {
                self.exhausted = false;
                self.divide(now, at, reply);
            }
            Outcome::Rejected => {
                (self.exhausted, self.endpoint) = (false, Endpoint::Rejecting);
                let flight = self.flights.remove(at);
                let redirected = matches!(reply, Reply::Redirected);
                let problem = if redirected { Problem::Redirected } else { Problem::Rejected };
                self.drop_request(&flight, problem, DropReason::Rejected, reply);
            }
            outcome @ (Outcome::Accepted | Outcome::Partial(_)) => {
                let rejected =
                    if let Outcome::Partial(rejected) = outcome { rejected.min(records) } else { 0 };
                (self.exhausted, self.accepted) = (false, true);
                let nothing = rejected > 0 && rejected == records;
                self.endpoint = if nothing { Endpoint::Rejecting } else { Endpoint::Well };
                self.account.exported += records - rejected;
                self.account.drop_records(DropReason::Rejected, rejected);
                self.flights.remove(at);
                self.too_large = TooLarge::default();
                // A message without rejected records is a warning of the endpoint's (OTLP, "Partial
                // Success").
                if rejected > 0 || has_message(reply) {
                    self.report(Problem::PartialSuccess, reply, rejected, true);
                }
            }
        }
    }
}
