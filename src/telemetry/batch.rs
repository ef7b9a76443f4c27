//! The queue of ended spans, bounded by count and by bytes, and the account of every record.

use super::config::Batch;
use super::span::Span;

/// Why a record was lost; `telemetry.js` names them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue held as many records or bytes as it may.
    QueueFull,
    /// More spans were open than may be.
    TooManyOpen,
    /// The endpoint rejected the request, or some of its records.
    Rejected,
    /// It could not be delivered in as many attempts as are made.
    RetriesExhausted,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::QueueFull, Self::TooManyOpen, Self::Rejected, Self::RetriesExhausted];
}

/// Where every record is. `started = exported + pending + Σ dropped` at every moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// Records that were begun.
    pub started: u64,
    /// Records that an endpoint acknowledged.
    pub exported: u64,
    /// Records that are open, queued or on their way.
    pub pending: u64,
    pub(super) dropped: [u64; DropReason::ALL.len()],
}

impl Account {
    /// Records lost for a reason.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Records lost for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    pub(super) fn drop_records(&mut self, reason: DropReason, count: u64) {
        self.dropped[reason as usize] += count;
    }
}

/// Ended spans that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    spans: Vec<Span>,
    bytes: usize,
}

/// About what a span weighs in memory and on the wire; exact enough for a bound.
fn weight(span: &Span) -> usize {
    96 + span.name.len() + 40 * span.attributes.len() + 64 * span.events.len() + 64 * span.links.len()
}

impl Queue {
    /// Takes a span; says whether there was room.
    pub(super) fn push(&mut self, span: Span, limits: &Batch) -> bool {
        let weight = weight(&span);
        if self.spans.len() >= limits.queue_size || self.bytes + weight > limits.queue_bytes {
            return false;
        }
        self.bytes += weight;
        self.spans.push(span);
        true
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The oldest spans, at most `count`.
    pub(super) fn first(&self, count: usize) -> &[Span] {
        self.spans.get(..count).unwrap_or(&self.spans)
    }

    /// Lets go of the oldest spans, once they are encoded.
    pub(super) fn forget(&mut self, count: usize) {
        self.bytes -= self.first(count).iter().map(weight).sum::<usize>();
        self.spans.drain(..count.min(self.spans.len()));
    }
}
