//! Client spans: one per media request (semantic conventions for HTTP client spans).

use tonearm_messages::ResponseHead;

use super::recorder::PlayRecorder;
use super::semconv as name;
use tonearm_base::decimal::decimal;
use tonearm_base::time::Instant;
use tonearm_telemetry::{Parent, SpanKey, SpanKind, SpanOptions, Value};

/// An absolute URL as the host's parser takes it apart (URL standard), and what the app lets be recorded of
/// it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Url {
    /// The URL to fetch.
    pub href: String,
    /// As encoded attributes of a span: `url.full`, without credentials and without query values, which may
    /// hold a listener's tokens; `server.address`; `server.port`.
    pub attributes: Vec<u8>,
    /// Whether a request to it may carry a trace header: the page's own origin and the allow-list only.
    pub propagates: bool,
}

/// A media request under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenRequest {
    pub(super) key: SpanKey,
    pub(super) since: Instant,
    /// The response's, once it is there.
    pub(super) status: u16,
}

/// Starts the span of a media request, and returns the header lines that go with it, if any may
/// (`trace_state` is the trace's `tracestate`).
pub(super) fn start_request(
    recorder: &mut PlayRecorder<'_>,
    parent: Option<Parent>,
    url: &Url,
    trace_state: &str,
) -> (Option<SpanKey>, Option<String>) {
    let options = SpanOptions { state: trace_state.as_bytes(), ..SpanOptions::new("GET") };
    let key = recorder.start(recorder.now, options.kind(SpanKind::Client).child_of(parent));
    recorder.set_encoded(key, &url.attributes);
    recorder.set(key, name::HTTP_REQUEST_METHOD, Value::Text("GET"));
    recorder.set(key, name::TRACK_REQUEST_PURPOSE, Value::Text("media"));
    let lines = recorder.telemetry.as_ref().zip(key).and_then(|(telemetry, key)| {
        if url.propagates { telemetry.headers(key, trace_state) } else { telemetry.query(key) }
    });
    (key, lines)
}

/// Records what a response's head says.
pub(super) fn respond(recorder: &mut PlayRecorder<'_>, key: Option<SpanKey>, head: &ResponseHead) {
    recorder.set(key, name::HTTP_RESPONSE_STATUS_CODE, Value::Int(head.status.into()));
    if head.status >= 400 {
        recorder.fail(key, &decimal(head.status.into()), "");
    }
    for (attribute, value) in [
        (name::CDN_NODE, &head.node),
        (name::CDN_CACHE, &head.cache),
        (name::SERVER_TRACE_ID, &head.trace_id),
    ] {
        if let Some(value) = value {
            recorder.set(key, attribute, Value::Text(value));
        }
    }
}
