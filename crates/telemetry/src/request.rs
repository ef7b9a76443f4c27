//! The body of one request. The three signals have the same frame, field for field:
//! `ExportTraceServiceRequest`, `ExportMetricsServiceRequest` and `ExportLogsServiceRequest` hold resources
//! (1), those a resource (1) and scopes (2), and those a scope (1) and records (2).

use tonearm_otlp::{Field, Reader, Writer};

/// The field of a record within its scope.
pub(super) const RECORD: u32 = 2;

/// Fields from a request down to its records: `resource_*`, `scope_*`, and spans, metrics or log records.
const PATH: [u32; 3] = [1, 2, RECORD];

/// The depth at which a span, a metric and a log record are fields of their message; that of a metric's
/// point.
pub(super) const RECORD_DEPTH: usize = 2;
pub(super) const POINT_DEPTH: usize = 4;

/// Whether a field of a message of that depth leads down to records, and in a metric to its points.
fn leads_down(depth: usize, field: u32) -> bool {
    match depth {
        0..3 => field == PATH[depth],
        // Gauge, sum, histogram, exponential histogram.
        3 => matches!(field, 5 | 7 | 9 | 10),
        // Their points.
        _ => field == 1,
    }
}

/// Writes a record, or not: its number as a field, its content, that of the field that it is in. Returns
/// whether it did.
pub(super) type WriteRecord<'a> = dyn FnMut(u32, &[u8], u32, &mut Writer) -> bool + 'a;

/// Copies a message of a request, its records at `bottom` by `write`; `within` is the message's own field. A
/// message without any is left out. Returns whether there was one.
pub(super) fn copy_records(
    message: &[u8],
    (depth, bottom): (usize, usize),
    within: u32,
    out: &mut Writer,
    write: &mut WriteRecord<'_>,
) -> bool {
    let mut rest = Reader(message);
    let mut start = rest.0.len();
    let mut any = false;
    while let Some((field, value)) = rest.field() {
        let whole = &message[message.len() - start..message.len() - rest.0.len()];
        start = rest.0.len();
        match value {
            Field::Bytes(inner) if leads_down(depth, field) => {
                if depth == bottom {
                    any |= write(field, inner, within, out);
                    continue;
                }
                let mut part = Writer::default();
                if copy_records(inner, (depth + 1, bottom), field, &mut part, write) {
                    out.bytes(field, part.as_slice());
                    any = true;
                }
            }
            _ => out.raw(whole),
        }
    }
    any
}

/// The instrumentation scope of every record that the SDK makes.
const SCOPE: &str = "tonearm";

/// Records, each a [`RECORD`] field, under one resource (its attributes encoded as fields 1; of a key that
/// comes twice the first value counts) and one scope.
pub fn encode_request(resource: &[&[u8]], records: &[u8]) -> Vec<u8> {
    let mut head = Writer::default();
    head.message(1, |out| {
        let from = out.as_slice().len();
        for attributes in resource {
            out.add_attributes(from, 1, attributes);
        }
    });
    // scope { name = 1, version = 2 }
    let mut scope = Writer::default();
    scope.message(1, |out| {
        out.bytes(1, SCOPE.as_bytes());
        out.bytes(2, env!("CARGO_PKG_VERSION").as_bytes());
    });
    // Lengths are known before all else is written: records are many, and moved once.
    head.head(2, scope.as_slice().len() + records.len());
    head.raw(scope.as_slice());
    let mut request = Writer::default();
    request.head(1, head.as_slice().len() + records.len());
    request.raw(head.as_slice());
    request.raw(records);
    request.finish()
}
