//! Marks the points of a request that go out long after they closed: who reads a board must know
//! (docs/telemetry.md).

use tonearm_otlp::{Value, Writer, has_key};

use super::request::{POINT_DEPTH, copy_records};

/// The attribute; it is there, or it is not.
const LATE: &str = "late";

/// A metrics request, every point of it marked.
pub(super) fn mark_late(body: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    copy_records(body, (0, POINT_DEPTH), 0, &mut out, &mut |field, point, kind, out| {
        out.message(field, |out| {
            out.raw(point);
            let attributes = match kind {
                9 => 9,
                10 => 1,
                _ => 7,
            };
            // One that came late before is marked already.
            if !has_key(point, attributes, LATE.as_bytes()) {
                out.attribute(attributes, LATE, Value::Flag(true));
            }
        });
        true
    });
    out.finish()
}
