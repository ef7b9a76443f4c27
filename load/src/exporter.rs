//! Sends exports: gzipped (by zlib; a page's own are a fifth larger), many at once; answers come back by a
//! channel.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tonearm_base::time::Duration as Length;
use tonearm_telemetry::{Export, Reply, Signal};

/// What came back to a listener.
pub(crate) struct Replied {
    pub(crate) listener: usize,
    pub(crate) export: u32,
    pub(crate) reply: Reply,
    /// Whether anything may have arrived: a connection that was refused carried nothing.
    pub(crate) reached: bool,
}

/// The way out. One client serves all listeners: their connections are shared, where real ones have their
/// own.
pub(crate) struct Exporter {
    runtime: tokio::runtime::Handle,
    client: reqwest::Client,
    endpoint: String,
    token: Option<String>,
    replies: (Sender<Replied>, Receiver<Replied>),
    /// Requests that were sent, bytes of them (gzipped), and how many are on their way.
    pub(crate) sent: u64,
    pub(crate) bytes: u64,
    pub(crate) under_way: u64,
}

fn path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/v1/traces",
        Signal::Metrics => "/v1/metrics",
        Signal::Logs => "/v1/logs",
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::new(6));
    out.write_all(body).ok()?;
    out.finish().ok()
}

async fn answer(request: reqwest::RequestBuilder) -> (Reply, bool) {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return (Reply::Failed, !error.is_connect()),
    };
    let status = response.status().as_u16();
    let retry_after =
        response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.bytes().await.map(|body| body.to_vec()).unwrap_or_default();
    (Reply::Response { status, retry_after: retry_after.map(Length::from_secs), body }, true)
}

impl Exporter {
    pub(crate) fn new(runtime: &tokio::runtime::Runtime, endpoint: &str, token: Option<&str>) -> Self {
        Self {
            runtime: runtime.handle().clone(),
            client: reqwest::Client::new(),
            endpoint: endpoint.trim_end_matches('/').into(),
            token: token.map(|token| format!("Bearer {token}")),
            replies: channel(),
            sent: 0,
            bytes: 0,
            under_way: 0,
        }
    }

    /// Sends a listener's export.
    pub(crate) fn send(&mut self, listener: usize, export: &Export) {
        let Some(body) = gzip(&export.body) else { return };
        self.sent += 1;
        self.bytes += body.len() as u64;
        self.under_way += 1;
        let mut request = self
            .client
            .post(format!("{}{}", self.endpoint, path(export.signal)))
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "gzip")
            .timeout(Duration::from_millis(export.timeout.as_millis()));
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        let (request, replies, export) = (request.body(body), self.replies.0.clone(), export.id);
        self.runtime.spawn(async move {
            let (reply, reached) = answer(request).await;
            // Nobody listens any more at the end.
            let _ = replies.send(Replied { listener, export, reply, reached });
        });
    }

    /// The next answer, if one is there.
    pub(crate) fn reply(&mut self) -> Option<Replied> {
        let replied = self.replies.1.try_recv().ok()?;
        self.under_way -= 1;
        Some(replied)
    }
}
