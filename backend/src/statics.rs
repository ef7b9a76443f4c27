//! The page's files. Under `/link/<kbit>/` they come through a link of that bandwidth, for measurements.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use crate::shaping::{Shape, body};

/// The routes of what no other route has.
pub(crate) fn router(folder: &Path) -> Router {
    let folder = Arc::new(folder.to_owned());
    Router::new()
        .route("/link/{rate}/{*path}", get(through_link))
        .route("/{*path}", get(direct))
        .route("/", get(|State(folder): State<Arc<PathBuf>>| serve(folder, "index.html".into(), 0)))
        .with_state(folder)
}

async fn direct(State(folder): State<Arc<PathBuf>>, UrlPath(path): UrlPath<String>) -> Response {
    serve(folder, path, 0).await
}

async fn through_link(State(folder): State<Arc<PathBuf>>, UrlPath((rate, path)): UrlPath<(u64, String)>) -> Response {
    serve(folder, path, rate).await
}

fn type_of(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("mp3") => "audio/mpeg",
        _ => "application/octet-stream",
    }
}

async fn serve(folder: Arc<PathBuf>, path: String, rate: u64) -> Response {
    // Plain names alone: nothing leads out of the folder.
    let plain = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
    let bytes = if plain { tokio::fs::read(folder.join(&path)).await.ok() } else { None };
    let Some(bytes) = bytes else { return StatusCode::NOT_FOUND.into_response() };
    let bytes = Bytes::from(bytes);
    let length = bytes.len();
    let body = if rate == 0 { Body::from(bytes) } else { body(bytes, &Shape { rate, cut: None }, ()) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(type_of(&path)));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
