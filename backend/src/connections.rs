//! Connections with limits: how many there are, how long one may take for the head of a request and for its
//! body. Knows no route.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::service::allow_any_origin;

/// Connections of one service; more wait until one of these ends.
const MAX_CONNECTIONS: usize = 1024;
/// Bytes of one body, before and after gzip: twice what a page's queue holds of a signal.
pub(crate) const MAX_BODY: usize = 8 << 20;
/// How long a connection may take for a request's head; also how long it may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request's body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// A pause where no connection can be accepted: files have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `app` until its task is dropped.
pub(crate) async fn serve(listener: TcpListener, app: Router) -> io::Result<()> {
    let service = TowerToHyperService::new(app.layer(from_fn(whole_body)));
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(connection) = connections.clone().acquire_owned().await else { return Ok(()) };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let service = service.clone();
        tokio::spawn(async move {
            let _connection = connection;
            // What a client does to its connection concerns no other.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Reads a request's body before its handler runs: whole, in time and within its bound, or not at all.
async fn whole_body(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return allow_any_origin(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    }
    let refusal = match timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => return next.run(Request::from_parts(head, Body::from(bytes))).await,
        Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    allow_any_origin(refusal.into_response())
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// A server of one route; time passes at once where everything waits.
    async fn connect() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app =
            Router::new().route("/", post(|body: axum::body::Bytes| async move { body.len().to_string() }));
        tokio::spawn(serve(listener, app));
        TcpStream::connect(address).await.unwrap()
    }

    async fn answer_to(request: &[u8]) -> String {
        let mut stream = connect().await;
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn a_whole_request_is_answered() {
        let answer =
            answer_to(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc")
                .await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with('3'), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_ends_the_connection() {
        let answer = answer_to(b"POST / HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_refused() {
        let answer = answer_to(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }

    #[tokio::test]
    async fn a_body_beyond_the_bound_is_refused() {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            MAX_BODY + 1
        );
        let answer = answer_to(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
}
