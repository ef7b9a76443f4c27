//! What an app tells the pipeline, with OpenTelemetry's names and the defaults that `docs/telemetry.md` states.

use std::time::Duration;

use opentelemetry::KeyValue;

/// The pipeline's options.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where OTLP goes: the base to which `/v1/traces` is added, as `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub endpoint: String,
    /// Headers of every export.
    pub headers: Vec<(String, String)>,
    /// The resource of every record, `service.name` included.
    pub resource: Vec<KeyValue>,
    /// Origins beside the page's own that get a `traceparent` header.
    pub propagate_to: Vec<String>,
    /// The page's own origin.
    pub origin: String,
    /// How spans are gathered.
    pub batch: Batch,
    /// How long one export may take.
    pub export_timeout: Duration,
}

/// How records are gathered into requests.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// The longest that a record waits.
    pub delay: Duration,
    /// Records in one request.
    pub size: usize,
    /// Records that may wait.
    pub queue_size: usize,
    /// Bytes that may wait.
    pub queue_bytes: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { delay: Duration::from_secs(5), size: 512, queue_size: 16_384, queue_bytes: 4 << 20 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            headers: Vec::new(),
            resource: Vec::new(),
            propagate_to: Vec::new(),
            origin: String::new(),
            batch: Batch::default(),
            export_timeout: Duration::from_secs(30),
        }
    }
}

/// Where the authority of an absolute URL begins.
pub(crate) fn authority_of(url: &str) -> Option<usize> {
    let scheme = url.bytes().position(|byte| byte == b':')?;
    url.as_bytes().get(scheme..)?.starts_with(b"://").then_some(scheme + 3)
}

/// Scheme, host and port of an absolute URL; nothing of a relative one.
fn origin_of(url: &str) -> Option<&str> {
    let authority = authority_of(url)?;
    let rest = url.get(authority..)?;
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    url.get(..authority + end)
}

impl Config {
    /// Whether a request to `url` may carry a trace header: the page's own origin and the allow-list only.
    pub fn propagates_to(&self, url: &str) -> bool {
        match origin_of(url) {
            None => true,
            Some(origin) => origin == self.origin || self.propagate_to.iter().any(|allowed| allowed == origin),
        }
    }

    /// Where spans go.
    pub fn traces_url(&self) -> String {
        [self.endpoint.strip_suffix('/').unwrap_or(&self.endpoint), "/v1/traces"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_go_to_the_page_and_the_allow_list_alone() {
        let config = Config {
            origin: "https://app.example".into(),
            propagate_to: vec!["https://cdn.example:8443".into()],
            ..Config::default()
        };
        assert!(config.propagates_to("/api/tracks/1"));
        assert!(config.propagates_to("https://app.example/x"));
        assert!(config.propagates_to("https://cdn.example:8443/a.mp3?x"));
        assert!(!config.propagates_to("https://cdn.example/a.mp3"));
        assert!(!config.propagates_to("https://app.example.evil/x"));
        assert!(!config.propagates_to("//cdn.evil/x://") || origin_of("//cdn.evil/x").is_none());
    }
}
