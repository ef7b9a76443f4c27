//! Marks the points of a request that go out long after they closed: who reads a board must know
//! (docs/telemetry.md).

use tonearm_otlp::{Field, Reader, Value, Writer};

use super::request::is_above_point;

/// The attribute; it is there, or it is not.
const LATE: &str = "late";

/// A metrics request, every point of it marked.
pub(super) fn mark_late(body: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    copy(body, 0, 0, &mut out);
    out.finish()
}

/// Copies a message of that depth; what lies on the way to the points is taken apart. `kind` is the metric's
/// data field.
fn copy(message: &[u8], depth: usize, kind: u32, out: &mut Writer) {
    let mut rest = Reader(message);
    let mut from = rest.0.len();
    while let Some((field, value)) = rest.field() {
        let whole = &message[message.len() - from..message.len() - rest.0.len()];
        from = rest.0.len();
        match value {
            Field::Bytes(inner) if is_above_point(depth, field) => out.message(field, |out| {
                if depth < 4 {
                    copy(inner, depth + 1, field, out);
                } else {
                    out.raw(inner);
                    // One that came late before is marked already.
                    if inner.windows(LATE.len()).any(|part| part == LATE.as_bytes()) {
                        return;
                    }
                    let attributes = match kind {
                        9 => 9,
                        10 => 1,
                        _ => 7,
                    };
                    out.attribute(attributes, LATE, Value::Flag(true));
                }
            }),
            _ => out.raw(whole),
        }
    }
}
