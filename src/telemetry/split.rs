//! Splits a request in two between its records, where an endpoint says that it is too large (413). A metric is
//! taken apart between its points, which are what its account counts.

use tonearm_otlp::{Field, Reader, Writer};

use super::export::Signal;
use super::request::is_above_point;

/// The depth at which a span and a log record are fields of their message; those of a point.
const RECORD_DEPTH: usize = 2;
const POINT_DEPTH: usize = 4;

/// Which records are copied: of those that were met so far, the ones from the first number up to the second.
struct Selection {
    met: u64,
    from: u64,
    to: u64,
    depth: usize,
}

impl Selection {
    fn new(signal: Signal, from: u64, to: u64) -> Self {
        let depth = if signal == Signal::Metrics { POINT_DEPTH } else { RECORD_DEPTH };
        Self { met: 0, from, to, depth }
    }

    fn take(&mut self) -> bool {
        let at = self.met;
        self.met += 1;
        (self.from..self.to).contains(&at)
    }

    /// Copies a message of that depth with the selected records alone. Returns whether it has any.
    fn copy(&mut self, message: &[u8], depth: usize, out: &mut Writer) -> bool {
        let mut rest = Reader(message);
        let mut start = rest.0.len();
        let mut any = false;
        while let Some((field, value)) = rest.field() {
            let whole = &message[message.len() - start..message.len() - rest.0.len()];
            start = rest.0.len();
            match value {
                Field::Bytes(inner) if is_above_point(depth, field) => {
                    if depth == self.depth {
                        if self.take() {
                            out.raw(whole);
                            any = true;
                        }
                        continue;
                    }
                    let mut part = Writer::default();
                    if self.copy(inner, depth + 1, &mut part) {
                        out.bytes(field, part.as_slice());
                        any = true;
                    }
                }
                _ => out.raw(whole),
            }
        }
        any
    }
}

/// How many records a request has.
pub(super) fn count_records(signal: Signal, body: &[u8]) -> u64 {
    let mut none = Selection::new(signal, 0, 0);
    none.copy(body, 0, &mut Writer::default());
    none.met
}

/// The requests with the first `count` records, and with the others.
pub(super) fn split_request(signal: Signal, body: &[u8], count: u64) -> [Vec<u8>; 2] {
    [(0, count), (count, u64::MAX)].map(|(from, to)| {
        let mut out = Writer::default();
        Selection::new(signal, from, to).copy(body, 0, &mut out);
        out.finish()
    })
}
