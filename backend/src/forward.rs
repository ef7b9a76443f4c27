//! Bodies of the receiver on their way to a Collector, with the team's headers: those of allowed origins, a
//! bounded number at once.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use tokio::sync::Semaphore;

/// Bodies that are on their way to the Collector at once; others are not passed on.
const MAX_FORWARDED: usize = 64;
/// How long one may take.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(30);
/// A Collector: where it is, what it wants to see (`OTEL_EXPORTER_OTLP_ENDPOINT`,
/// `OTEL_EXPORTER_OTLP_HEADERS`), and the pages whose bodies go there: with these headers, the team's, any
/// page's would pass for one of the team's.
#[derive(Clone)]
pub(crate) struct Collector {
    endpoint: String,
    headers: Vec<(String, String)>,
    origins: Arc<[String]>,
    client: reqwest::Client,
    under_way: Arc<Semaphore>,
}

impl Collector {
    /// The one that the environment names. Pages of `own`, and of the origins that `TONEARM_ORIGINS` lists
    /// between commas, are the team's.
    pub(crate) fn from_env(own: &str) -> Option<Self> {
        let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok()?;
        let listed = std::env::var("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            Some((name.trim().into(), value.trim().replace("%20", " ")))
        };
        let others = std::env::var("TONEARM_ORIGINS").unwrap_or_default();
        Some(Self {
            endpoint,
            headers: listed.split(',').filter_map(pair).collect(),
            origins: allowed_origins(own, &others),
            client: reqwest::Client::builder().timeout(FORWARD_TIMEOUT).build().ok()?,
            under_way: Arc::new(Semaphore::new(MAX_FORWARDED)),
        })
    }

    /// Sends a body on as it came. The demo keeps no account of what a Collector says to it.
    pub(crate) fn pass_on(&self, path: &str, headers: &HeaderMap, body: &Bytes) {
        if !is_allowed(&self.origins, headers) {
            return;
        }
        let Ok(under_way) = self.under_way.clone().try_acquire_owned() else { return };
        let mut request = self.client.post(format!("{}{path}", self.endpoint.trim_end_matches('/')));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let request = request.body(body.clone());
        tokio::spawn(async move {
            let _under_way = under_way;
            if let Err(error) = request.send().await {
                eprintln!("the Collector does not answer: {error}");
            }
        });
    }
}

/// A server's own origin, by its address and by the name of loopback, and the listed ones.
fn allowed_origins(own: &str, listed: &str) -> Arc<[String]> {
    let listed = listed.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned);
    [own.to_owned(), own.replace("127.0.0.1", "localhost")].into_iter().chain(listed).collect()
}

/// Whether a body may be passed on. A browser names the origin of each POST; a program, as this one's own
/// services, names none.
fn is_allowed(origins: &[String], headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::ORIGIN).iter();
    given.all(|origin| origins.iter().any(|allowed| origin == allowed.as_str()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn from(origins: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        is_allowed(
            &allowed_origins("http://127.0.0.1:8080", "https://radio.example, https://b.example"),
            &headers,
        )
    }

    #[test]
    fn bodies_of_allowed_origins_alone_are_passed_on() {
        for allowed in
            ["http://127.0.0.1:8080", "http://localhost:8080", "https://radio.example", "https://b.example"]
        {
            assert!(from(&[allowed]), "{allowed}");
        }
        assert!(from(&[]));
        for refused in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:8081",
            "http://localhost",
            "https://radio.example.evil",
            "",
            "https://radio.example,https://evil.example",
            "http://radio.example",
        ] {
            assert!(!from(&[refused]), "{refused}");
        }
        assert!(!from(&["https://radio.example", "https://evil.example"]));
    }
}
