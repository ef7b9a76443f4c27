//! Splits a request in two between its records, where an endpoint says that it is too large (413). A metric
//! is taken apart between its points, which are what its account counts.

use std::ops::Range;

use tonearm_otlp::Writer;

use super::export::Signal;
use super::request::{POINT_DEPTH, RECORD_DEPTH, copy_records};

/// Copies a request with these records alone. Returns how many it has.
fn copy(signal: Signal, body: &[u8], wanted: Range<u64>, out: &mut Writer) -> u64 {
    let bottom = if signal == Signal::Metrics { POINT_DEPTH } else { RECORD_DEPTH };
    let mut count = 0;
    copy_records(body, (0, bottom), 0, out, &mut |field, record, _, out| {
        let is_wanted = wanted.contains(&count);
        count += 1;
        if is_wanted {
            out.bytes(field, record);
        }
        is_wanted
    });
    count
}

/// How many records a request has.
pub(super) fn count_records(signal: Signal, body: &[u8]) -> u64 {
    copy(signal, body, 0..0, &mut Writer::default())
}

/// The requests with the first `count` records, and with the others.
pub(super) fn split_request(signal: Signal, body: &[u8], count: u64) -> [Vec<u8>; 2] {
    [0..count, count..u64::MAX].map(|wanted| {
        let mut out = Writer::default();
        copy(signal, body, wanted, &mut out);
        out.finish()
    })
}
