//! The page's files. Under `/link/<kbit>/` they come through a link of that bandwidth, for measurements.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use crate::paths::within;
use crate::shaping::{Shape, body};

/// Where files lie: the page's folder, and others under their names.
struct Folders {
    page: PathBuf,
    mounts: Vec<(String, PathBuf)>,
}

/// The routes of what no other route has.
pub(crate) fn router(page: &Path, mounts: Vec<(String, PathBuf)>) -> Router {
    let folders = Arc::new(Folders { page: page.to_owned(), mounts });
    Router::new()
        .route("/link/{rate}/{*path}", get(through_link))
        .route("/{*path}", get(direct))
        .route(
            "/",
            get(|State(folders): State<Arc<Folders>>| async move { serve(&folders, "index.html", 0).await }),
        )
        .with_state(folders)
}

async fn direct(State(folders): State<Arc<Folders>>, UrlPath(path): UrlPath<String>) -> Response {
    serve(&folders, &path, 0).await
}

async fn through_link(
    State(folders): State<Arc<Folders>>,
    UrlPath((rate, path)): UrlPath<(u64, String)>,
) -> Response {
    serve(&folders, &path, rate).await
}

impl Folders {
    /// The file of a path, within the folder that has it.
    fn find(&self, path: &str) -> Option<PathBuf> {
        let mounted = self
            .mounts
            .iter()
            .find_map(|(name, folder)| Some((folder, path.strip_prefix(name.as_str())?.strip_prefix('/')?)));
        let (folder, rest) = mounted.unwrap_or((&self.page, path));
        within(folder, rest)
    }
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

async fn serve(folders: &Folders, path: &str, rate: u64) -> Response {
    let bytes = match folders.find(path) {
        Some(file) => tokio::fs::read(file).await.ok(),
        None => None,
    };
    let Some(bytes) = bytes else { return StatusCode::NOT_FOUND.into_response() };
    let bytes = Bytes::from(bytes);
    let length = bytes.len();
    let body = if rate == 0 { Body::from(bytes) } else { body(bytes, &Shape { rate, cut: None }, ()) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(type_of(path)));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_a_mount() {
        let folders = Folders { page: "/page".into(), mounts: vec![("yew".into(), "/yew".into())] };
        assert_eq!(folders.find("yew/index.html"), Some("/yew/index.html".into()));
        assert_eq!(folders.find("yews/index.html"), Some("/page/yews/index.html".into()));
        for path in
            ["yew//etc/passwd", "yew///etc/passwd", "yew/../etc/passwd", "yew/", "/etc/passwd", "yew/..\\x"]
        {
            assert_eq!(folders.find(path), None, "{path}");
        }
    }
}
