//! Client spans: one per HTTP request (semantic conventions for HTTP client spans).

use opentelemetry::Value;
use opentelemetry::trace::SpanKind;

use super::semconv as name;
use super::server_timing::parse_server_timing;
use crate::telemetry::{Parent, SpanKey, SpanOptions, Telemetry, authority_of};
use crate::time::Instant;

/// A URL cut into scheme (with its slashes), authority, and what follows.
fn parts(url: &str) -> (&str, &str, &str) {
    let begin = authority_of(url).unwrap_or(0);
    let (scheme, rest) = url.split_at_checked(begin).unwrap_or(("", url));
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    if begin == 0 {
        ("", "", url)
    } else {
        (scheme, rest.get(..end).unwrap_or_default(), rest.get(end..).unwrap_or_default())
    }
}

/// An authority without its credentials.
fn host_of(authority: &str) -> &str {
    let begin = authority.bytes().rposition(|byte| byte == b'@').map_or(0, |at| at + 1);
    authority.get(begin..).unwrap_or_default()
}

/// Host and port of an absolute URL; the scheme's port where it names none.
fn server_of(url: &str) -> Option<(&str, i64)> {
    let (scheme, authority, _) = parts(url);
    let host_port = Some(host_of(authority)).filter(|host| !host.is_empty())?;
    // An IPv6 address has colons of its own, within its brackets.
    let colon = host_port.bytes().rposition(|byte| byte == b':' || byte == b']');
    match colon.and_then(|at| host_port.get(at..)?.strip_prefix(':').map(|port| (at, port))) {
        Some((at, port)) => Some((host_port.get(..at)?, port.parse().ok()?)),
        None => Some((host_port, if scheme == "https://" { 443 } else { 80 })),
    }
}

/// The URL without credentials and without query values, which may hold a listener's tokens.
fn scrub(url: &str) -> String {
    let (scheme, authority, rest) = parts(url);
    let rest = rest.split('#').next().unwrap_or_default();
    let mut query = rest.split('?');
    let mut out = String::from(scheme);
    out.push_str(host_of(authority));
    out.push_str(query.next().unwrap_or_default());
    for (at, pair) in query.flat_map(|query| query.split('&')).enumerate() {
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
    telemetry.set_attribute(key, name::HTTP_REQUEST_METHOD, Value::String(method.to_owned().into()));
    telemetry.set_attribute(key, name::URL_FULL, Value::String(scrub(url).into()));
    telemetry.set_attribute(key, name::TRACK_REQUEST_PURPOSE, Value::String(purpose.into()));
    if let Some((host, port)) = server_of(url) {
        telemetry.set_attribute(key, name::SERVER_ADDRESS, Value::String(host.to_owned().into()));
        telemetry.set_attribute(key, name::SERVER_PORT, Value::I64(port));
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
    telemetry.set_attribute(key, name::HTTP_RESPONSE_STATUS_CODE, Value::I64(status.into()));
    if status >= 400 {
        telemetry.set_attribute(key, name::ERROR_TYPE, Value::String(status.to_string().into()));
        telemetry.set_error(key, String::new());
    }
    let timing = server_timing.map(parse_server_timing).unwrap_or_default();
    for (attribute, value) in [
        (name::CDN_NODE, timing.node),
        (name::CDN_CACHE, timing.cache.or_else(|| cache.map(str::to_ascii_lowercase))),
        (name::SERVER_TRACE_ID, timing.trace_id),
    ] {
        if let Some(value) = value {
            telemetry.set_attribute(key, attribute, Value::String(value.into()));
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
        telemetry.set_attribute(key, name::ERROR_TYPE, Value::String(error.into()));
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
