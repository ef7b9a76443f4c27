//! From the queue to the endpoint: when a request goes out, what its answer means, when it is tried again.
//!
//! A request keeps its encoded body until it is answered, so that a retry sends the same bytes.

use std::time::Duration;

use super::batch::{Account, DropReason, Queue};
use super::config::{Batch, Config};
use super::otlp;
use super::retry;
use super::span::Span;
use crate::random::Random;
use crate::time::Instant;

/// Bytes of keepalive requests that a page may have in flight: the Fetch standard's 64 KiB (section 4.6, "inflight
/// keepalive bytes"), less room for what the app itself sends.
const LEAVE_BUDGET: usize = 60 << 10;
/// Time beyond its timeout after which a request without an answer counts as lost.
const GRACE: Duration = Duration::from_secs(5);

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Names the request in its reply.
    pub id: u32,
    /// Where it goes.
    pub url: String,
    /// Its headers beside `Content-Type`.
    pub headers: Vec<(String, String)>,
    /// An `ExportTraceServiceRequest` in protobuf.
    pub body: Vec<u8>,
    /// Whether it must outlive the page.
    pub keepalive: bool,
    /// How long it may take.
    pub timeout: Duration,
}

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
}

impl Reply {
    /// What the reply means.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Response { status: 200..=299, body, .. } => match otlp::parse_partial_success(body) {
                Some(rejected) if rejected > 0 => Outcome::Partial(rejected),
                _ => Outcome::Accepted,
            },
            Self::Response { status: 429 | 502 | 503 | 504, retry_after, .. } => Outcome::Retryable(*retry_after),
            Self::Response { .. } => Outcome::Rejected,
            Self::Failed => Outcome::Retryable(None),
        }
    }
}

#[derive(Debug)]
struct Flight {
    id: u32,
    records: u64,
    body: Vec<u8>,
    retries: u32,
    keepalive: bool,
    /// When to send it again, or when to give up waiting for its reply.
    due: Instant,
    waiting: bool,
}

/// Queue and requests of one signal.
#[derive(Debug)]
pub(super) struct Pipeline {
    limits: Batch,
    timeout: Duration,
    random: Random,
    queue: Queue,
    due: Option<Instant>,
    flights: Vec<Flight>,
    next_id: u32,
    account: Account,
}

impl Pipeline {
    pub(super) fn new(config: &Config, random: Random) -> Self {
        Self {
            limits: config.batch,
            timeout: config.export_timeout,
            random,
            queue: Queue::default(),
            due: None,
            flights: Vec::new(),
            next_id: 0,
            account: Account::default(),
        }
    }

    pub(super) fn account_mut(&mut self) -> &mut Account {
        &mut self.account
    }

    pub(super) fn account(&self) -> Account {
        let pending = self.queue.len() as u64 + self.flights.iter().map(|flight| flight.records).sum::<u64>();
        Account { pending, ..self.account }
    }

    pub(super) fn enqueue(&mut self, now: Instant, span: Span) {
        if !self.queue.push(span, &self.limits) {
            self.account.drop_records(DropReason::QueueFull, 1);
            return;
        }
        let due = if self.queue.len() >= self.limits.size { now } else { now + self.limits.delay };
        self.due = Some(self.due.map_or(due, |known| known.min(due)));
    }

    pub(super) fn flush(&mut self, now: Instant) {
        if self.queue.len() > 0 {
            self.due = Some(now);
        }
        for flight in self.flights.iter_mut().filter(|flight| flight.waiting) {
            flight.due = now;
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        // One request at a time: while one is on its way the queue waits for its reply.
        let queue = if self.flights.is_empty() { self.due } else { None };
        self.flights.iter().map(|flight| flight.due).chain(queue).min()
    }

    pub(super) fn poll(&mut self, now: Instant, config: &Config) -> Option<Export> {
        let lost = |flight: &Flight| !flight.waiting && now >= flight.due;
        while let Some(flight) = self.flights.iter().find(|flight| lost(flight)) {
            self.handle_reply(now, flight.id, &Reply::Failed);
        }
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.waiting && now >= flight.due) {
            flight.waiting = false;
            flight.due = now + self.timeout + GRACE;
            return Some(export(flight, config));
        }
        if !self.flights.is_empty() || self.due.is_none_or(|due| now < due) {
            return None;
        }
        let count = self.limits.size.min(self.queue.len());
        let body = otlp::encode_spans(&config.resource, self.queue.first(count));
        self.queue.forget(count);
        self.due = (self.queue.len() > 0).then_some(if self.queue.len() >= self.limits.size {
            now
        } else {
            now + self.limits.delay
        });
        (count > 0).then(|| self.launch(now, count, body, config, false))
    }

    fn launch(&mut self, now: Instant, count: usize, body: Vec<u8>, config: &Config, keepalive: bool) -> Export {
        self.next_id += 1;
        let flight = Flight {
            id: self.next_id,
            records: count as u64,
            body,
            retries: 0,
            keepalive,
            due: now + self.timeout + GRACE,
            waiting: false,
        };
        let export = export(&flight, config);
        self.flights.push(flight);
        export
    }

    /// Everything that fits into the budget, the requests that wait for a retry first.
    pub(super) fn leave(&mut self, now: Instant, config: &Config) -> Vec<Export> {
        let mut exports = Vec::new();
        // What left a moment ago, at another sign of leaving, is still in flight and counts.
        let flying = self.flights.iter().filter(|flight| flight.keepalive && !flight.waiting);
        let mut room = LEAVE_BUDGET.saturating_sub(flying.map(|flight| flight.body.len()).sum());
        for flight in &mut self.flights {
            if flight.waiting && flight.body.len() <= room {
                room -= flight.body.len();
                flight.waiting = false;
                flight.keepalive = true;
                flight.due = now + self.timeout + GRACE;
                exports.push(export(flight, config));
            }
        }
        // A batch that turns out too large for what is left is halved.
        let mut size = self.limits.size;
        while size > 0 && self.queue.len() > 0 {
            let count = size.min(self.queue.len());
            let body = otlp::encode_spans(&config.resource, self.queue.first(count));
            if body.len() <= room {
                room -= body.len();
                self.queue.forget(count);
                exports.push(self.launch(now, count, body, config, true));
            } else {
                size = count / 2;
            }
        }
        if self.queue.len() == 0 {
            self.due = None;
        }
        exports
    }

    pub(super) fn handle_reply(&mut self, now: Instant, id: u32, reply: &Reply) {
        let Some(at) = self.flights.iter().position(|flight| flight.id == id && !flight.waiting) else { return };
        let records = self.flights[at].records;
        let mut settled = true;
        match reply.outcome() {
            Outcome::Accepted => self.account.exported += records,
            Outcome::Partial(rejected) => {
                let rejected = rejected.min(records);
                self.account.exported += records - rejected;
                self.account.drop_records(DropReason::Rejected, rejected);
            }
            Outcome::Rejected => self.account.drop_records(DropReason::Rejected, records),
            Outcome::Retryable(asked) => match retry::wait(self.flights[at].retries, asked, &mut self.random) {
                Some(wait) => {
                    let flight = &mut self.flights[at];
                    flight.retries += 1;
                    flight.waiting = true;
                    flight.keepalive = false;
                    flight.due = now + wait;
                    settled = false;
                }
                None => self.account.drop_records(DropReason::RetriesExhausted, records),
            },
        }
        if settled {
            self.flights.remove(at);
        }
    }
}

fn export(flight: &Flight, config: &Config) -> Export {
    Export {
        id: flight.id,
        url: config.traces_url(),
        headers: config.headers.clone(),
        body: flight.body.clone(),
        keepalive: flight.keepalive,
        timeout: config.export_timeout,
    }
}
