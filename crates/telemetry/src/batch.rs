//! The queue of encoded records, bounded by count and by bytes, and the account of every record.

use super::config::Batch;
use super::request::RECORD;
use tonearm_otlp::Writer;

/// Why a record was lost; `core/drop_reasons.ts` lists their names.
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
    /// One of very many of its kind within a second.
    Sampled,
    /// Less grave than what is wanted.
    Level,
    /// A metric's point of an earlier visit that may have been counted: it must not be counted twice.
    Unconfirmed,
    /// Of a visit too long ago.
    Expired,
    /// The sampler did not choose it.
    Unsampled,
    /// The listener has not consented.
    Consent,
    /// The app's own hook wanted it out.
    Redacted,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::QueueFull,
        Self::TooManyOpen,
        Self::Rejected,
        Self::RetriesExhausted,
        Self::Sampled,
        Self::Level,
        Self::Unconfirmed,
        Self::Expired,
        Self::Unsampled,
        Self::Consent,
        Self::Redacted,
    ];

    /// Whether records that are dropped for it failed to arrive. The others are dropped because an option
    /// asks for it.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::QueueFull
                | Self::TooManyOpen
                | Self::Rejected
                | Self::RetriesExhausted
                | Self::Unconfirmed
                | Self::Expired
        )
    }

    /// Its name, as `stats()` and `otel.sdk.*` have it.
    pub fn as_str(self) -> &'static str {
        [
            "queue_full",
            "too_many_open",
            "rejected",
            "retries_exhausted",
            "sampled",
            "level",
            "unconfirmed",
            "expired",
            "unsampled",
            "consent",
            "redacted",
        ][self as usize]
    }
}

/// Where every record is. `started + recovered = exported + pending + Σ dropped` at every moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// Records that were begun.
    pub started: u64,
    /// Records of an earlier visit.
    pub recovered: u64,
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

/// Encoded records that wait, oldest first: their bytes in one piece, as a request holds them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    records: Writer,
    /// Bytes of each, and how many records of the account it is: a metric is one for each of its points.
    lengths: Vec<(usize, u64)>,
    count: u64,
}

/// Bytes of these records, and for how many they count.
fn sums(lengths: &[(usize, u64)]) -> (usize, u64) {
    lengths.iter().fold((0, 0), |sums, length| (sums.0 + length.0, sums.1 + length.1))
}

impl Queue {
    /// Begins a record, which is written behind the others up to [`Queue::end`]: where.
    pub(super) fn begin(&mut self) -> usize {
        self.records.begin_record(RECORD)
    }

    /// What is written to.
    pub(super) fn records(&mut self) -> &mut Writer {
        &mut self.records
    }

    /// Ends the record that began there and counts for `count`; says whether there was room.
    pub(super) fn end(&mut self, before: usize, count: u64, limits: &Batch) -> bool {
        self.records.end_record(before);
        let after = self.records.as_slice().len();
        if self.lengths.len() >= limits.queue_size || after > limits.queue_bytes {
            self.records.cut(before..after);
            return false;
        }
        self.lengths.push((after - before, count));
        self.count += count;
        true
    }

    /// Records of the account that wait.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn len(&self) -> usize {
        self.lengths.len()
    }

    fn oldest(&self, count: usize) -> &[(usize, u64)] {
        self.lengths.get(..count).unwrap_or(&self.lengths)
    }

    /// The bytes of the oldest records, at most `count`.
    pub(super) fn first(&self, count: usize) -> &[u8] {
        self.records.as_slice().get(..sums(self.oldest(count)).0).unwrap_or_default()
    }

    /// All records in pieces of `size`, each with the number for which it counts.
    pub(super) fn pieces(&self, size: usize) -> impl Iterator<Item = (&[u8], u64)> {
        let mut from = 0;
        self.lengths.chunks(size.max(1)).map(move |piece| {
            let (bytes, count) = sums(piece);
            let records = self.records.as_slice().get(from..from + bytes).unwrap_or_default();
            from += bytes;
            (records, count)
        })
    }

    /// Lets go of the oldest records, once they are in a request; returns for how many they count.
    pub(super) fn forget(&mut self, count: usize) -> u64 {
        let (bytes, forgotten) = sums(self.oldest(count));
        self.records.cut(0..bytes);
        self.lengths.drain(..self.oldest(count).len());
        self.count -= forgotten;
        forgotten
    }
}
