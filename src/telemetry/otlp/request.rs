//! The body of one request. The three signals have the same frame, field for field: `ExportTraceServiceRequest`,
//! `ExportMetricsServiceRequest` and `ExportLogsServiceRequest` hold resources (1), those a resource (1) and scopes (2),
//! and those a scope (1) and records (2).

use super::wire::Writer;

/// The field of a record within its scope.
pub(crate) const RECORD: u32 = 2;

/// The instrumentation scope of every record that the SDK makes.
const SCOPE: &str = "tonearm";

/// Records, each a [`RECORD`] field, under one resource (its attributes encoded as fields 1) and one scope.
pub fn encode_request(resource: &[&[u8]], records: &[u8]) -> Vec<u8> {
    let mut request = Writer::default();
    request.message(1, |out| {
        out.message(1, |out| resource.iter().for_each(|attributes| out.raw(attributes)));
        out.message(2, |out| {
            // scope { name = 1, version = 2 }
            out.message(1, |out| {
                out.bytes(1, SCOPE.as_bytes());
                out.bytes(2, env!("CARGO_PKG_VERSION").as_bytes());
            });
            out.raw(records);
        });
    });
    request.finish()
}
