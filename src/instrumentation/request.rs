//! Client spans: one per HTTP request (semantic conventions for HTTP client spans).

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::semconv as name;
use super::server_timing::parse_server_timing;
use crate::telemetry::{Parent, SpanKey, SpanOptions, Telemetry};
use crate::time::Instant;

/// Host and port of an absolute URL; the scheme's port where it names none.
fn server_of(url: &str) -> Option<(&str, i64)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit('@').next()?;
    let default = if scheme == "https" { 443 } else { 80 };
    // An IPv6 address has colons of its own, within its brackets.
    match host_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Some((host, port.parse().ok()?)),
        _ => Some((host_port, default)),
    }
}

/// The URL without credentials and without query values, which may hold a listener's tokens.
fn scrub(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let mut out = match base.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or_default())
        }
        None => base.to_owned(),
    };
    for (at, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(pair.split('=').next().unwrap_or_default());
        out.push_str("=REDACTED");
    }
    out
}

/// Starts the span of a request, and says which `traceparent` goes with it, if any may.
pub fn start_request(
    telemetry: &mut Telemetry,
    at: Instant,
    parent: Option<Parent>,
    method: &str,
    url: &str,
    purpose: &'static str,
) -> (Option<SpanKey>, Option<String>) {
    let options = SpanOptions::new(method.to_owned()).kind(SpanKind::Client).child_of(parent);
    let Some(key) = telemetry.start_span(at, options) else { return (None, None) };
    telemetry.set_attribute(key, name::HTTP_REQUEST_METHOD, method.to_owned());
    telemetry.set_attribute(key, name::URL_FULL, scrub(url));
    telemetry.set_attribute(key, name::TRACK_REQUEST_PURPOSE, purpose);
    if let Some((host, port)) = server_of(url) {
        telemetry.set_key_value(key, KeyValue::new(name::SERVER_ADDRESS, host.to_owned()));
        telemetry.set_attribute(key, name::SERVER_PORT, port);
    }
    let traceparent = if telemetry.config().propagates_to(url) { telemetry.traceparent(key) } else { None };
    (Some(key), traceparent)
}

/// Notes what a response's head says.
pub(super) fn respond(
    telemetry: &mut Telemetry,
    key: SpanKey,
    status: u16,
    server_timing: Option<&str>,
    cache: Option<&str>,
) {
    telemetry.set_attribute(key, name::HTTP_RESPONSE_STATUS_CODE, i64::from(status));
    if status >= 400 {
        telemetry.set_attribute(key, name::ERROR_TYPE, status.to_string());
        telemetry.set_error(key, String::new());
    }
    let timing = server_timing.map(parse_server_timing).unwrap_or_default();
    for (attribute, value) in [
        (name::CDN_NODE, timing.node),
        (name::CDN_CACHE, timing.cache.or_else(|| cache.map(str::to_ascii_lowercase))),
        (name::SERVER_TRACE_ID, timing.trace_id),
    ] {
        if let Some(value) = value {
            telemetry.set_attribute(key, attribute, value);
        }
    }
}

/// Ends a request that the app made through us.
pub fn end_request(
    telemetry: &mut Telemetry,
    now: Instant,
    key: SpanKey,
    response: Option<(u16, Option<&str>)>,
    error_type: Option<&'static str>,
) {
    if let Some((status, server_timing)) = response {
        respond(telemetry, key, status, server_timing, None);
    }
    if let Some(error) = error_type {
        telemetry.set_attribute(key, name::ERROR_TYPE, error);
        telemetry.set_error(key, String::new());
    }
    telemetry.end_span(now, key, now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_host_and_port() {
        assert_eq!(server_of("https://cdn.example/a?b"), Some(("cdn.example", 443)));
        assert_eq!(server_of("http://127.0.0.1:8082/a"), Some(("127.0.0.1", 8082)));
        assert_eq!(server_of("http://[::1]/a"), Some(("[::1]", 80)));
        assert_eq!(server_of("http://[::1]:9/a"), Some(("[::1]", 9)));
        assert_eq!(server_of("/a"), None);
    }

    #[test]
    fn secrets_leave_the_url() {
        assert_eq!(
            scrub("https://me:pw@x.example/p?token=abc&x#frag"),
            "https://x.example/p?token=REDACTED&x=REDACTED"
        );
        assert_eq!(scrub("/p"), "/p");
        assert_eq!(scrub("https://x.example"), "https://x.example");
    }
}
