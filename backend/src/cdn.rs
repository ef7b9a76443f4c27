//! The CDN node: media files with ranges, validators, and a word about itself in `Server-Timing`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use crate::faults::{Faults, Switches, corrupt, percent};
use crate::paths::is_file_name;
use crate::service::{Service, allow_any_origin};
use crate::shaping::{Shape, body};

/// The node's name, as its `Server-Timing` tells it.
const NODE: &str = "demo-edge-1";

struct Cdn {
    service: Arc<Service>,
    folders: Vec<PathBuf>,
    faults: Arc<Switches>,
    /// Files that were asked for before: hits.
    seen: Mutex<HashSet<String>>,
}

/// The node's routes.
pub(crate) fn router(service: Arc<Service>, folders: Vec<PathBuf>, faults: Arc<Switches>) -> Router {
    let cdn = Cdn { service, folders, faults, seen: Mutex::default() };
    let media = get(serve).options(|| async { allow_any_origin(StatusCode::NO_CONTENT.into_response()) });
    Router::new().route("/tracks/{file}", media).with_state(Arc::new(cdn))
}

/// First and last byte that `Range` asks for; `None` where it is absent, an error where it can't be met.
fn range(headers: &HeaderMap, len: usize) -> Result<Option<(usize, usize)>, ()> {
    let Some(value) = headers.get(header::RANGE) else { return Ok(None) };
    let spec = value.to_str().ok().and_then(|value| value.strip_prefix("bytes=")).ok_or(())?;
    let (first, last) = spec.split_once('-').ok_or(())?;
    let last_of_file = len.checked_sub(1).ok_or(())?;
    let (first, last) = match (position(first)?, position(last)?) {
        (Some(first), last) => (first, last.unwrap_or(last_of_file).min(last_of_file)),
        (None, Some(suffix)) if suffix > 0 => (len.saturating_sub(suffix), last_of_file),
        _ => return Err(()),
    };
    if first > last { Err(()) } else { Ok(Some((first, last))) }
}

/// A position of a range: `None` where it is left out, an error where it is no row of digits. One that is
/// larger than any file stands for the largest.
fn position(digits: &str) -> Result<Option<usize>, ()> {
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(());
    }
    Ok((!digits.is_empty()).then(|| digits.parse().unwrap_or(usize::MAX)))
}

async fn serve(
    State(cdn): State<Arc<Cdn>>,
    UrlPath(file): UrlPath<String>,
    Query(own): Query<Faults>,
    request: Request<Body>,
) -> Response {
    let span = cdn.service.server_span(&request, "/tracks/{file}");
    span.set("cdn.node", NODE);
    let faults = cdn.faults.of(own);
    if faults.latency > 0 {
        tokio::time::sleep(Duration::from_millis(faults.latency)).await;
    }
    let mut bytes = None;
    for folder in cdn.folders.iter().filter(|_| is_file_name(&file)) {
        bytes = bytes.or(tokio::fs::read(folder.join(&file)).await.ok());
    }
    // Names of files that there are: others would fill the memory.
    let seen = bytes.is_some() && cdn.seen.lock().is_ok_and(|mut seen| !seen.insert(file.clone()));
    let cache = if seen { "hit" } else { "miss" };
    span.set("cdn.cache", cache);
    let timing = format!("cdn-node;desc=\"{NODE}\", cdn-cache;desc={cache}, {}", span.server_timing());
    let answer = |status: StatusCode, body: Body| {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.extend(
            HeaderValue::from_str(&timing)
                .ok()
                .map(|value| (header::HeaderName::from_static("server-timing"), value)),
        );
        headers.insert("x-cache", HeaderValue::from_static(cache));
        allow_any_origin(response)
    };
    let refusal = match (StatusCode::from_u16(faults.status), &bytes) {
        (Ok(status), _) if faults.status >= 400 => Some(status),
        (_, None) => Some(StatusCode::NOT_FOUND),
        _ => None,
    };
    if let Some(status) = refusal {
        span.status(status);
        return answer(status, Body::empty());
    }
    let mut bytes = bytes.unwrap_or_default();
    if faults.truncate > 0 {
        bytes.truncate(percent(bytes.len(), faults.truncate));
    }
    if faults.corrupt > 0 {
        corrupt(&mut bytes, 0, faults);
    }
    let len = bytes.len();
    let etag = format!("\"{len:x}-{:x}\"", faults.seed);
    let wanted = if faults.no_ranges { Ok(None) } else { range(request.headers(), len) };
    let Ok(wanted) = wanted else {
        span.status(StatusCode::RANGE_NOT_SATISFIABLE);
        return answer(StatusCode::RANGE_NOT_SATISFIABLE, Body::empty());
    };
    let status = if wanted.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let (first, last) = wanted.unwrap_or((0, len.saturating_sub(1)));
    let piece = Bytes::from(bytes).slice(first..(last + 1).min(len));
    span.status(status);
    span.set("http.response.body.size", i64::try_from(piece.len()).unwrap_or(i64::MAX));
    let cut = (faults.cut > 0 && first == 0).then(|| percent(piece.len(), faults.cut));
    let length = piece.len();
    let mut response = answer(status, body(piece, &Shape { rate: faults.rate, cut }, span));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(type_of(&file)));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.extend(HeaderValue::from_str(&etag).ok().map(|value| (header::ETAG, value)));
    // Validated at each use: a track that plays twice is fetched twice, as over a link without a cache.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !faults.no_ranges {
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if wanted.is_some() {
        let range = format!("bytes {first}-{last}/{len}");
        headers.extend(HeaderValue::from_str(&range).ok().map(|value| (header::CONTENT_RANGE, value)));
    }
    response
}

/// The type that the end of a file's name stands for.
fn type_of(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("m4a" | "mp4") => "audio/mp4",
        Some("flac") => "audio/flac",
        Some("ogg" | "oga" | "opus") => "audio/ogg",
        Some("wav") => "audio/wav",
        Some("aac") => "audio/aac",
        _ => "audio/mpeg",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &'static str) -> Result<Option<(usize, usize)>, ()> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static(value));
        range(&headers, 1000)
    }

    #[test]
    fn ranges_are_those_of_the_standard() {
        assert_eq!(range(&HeaderMap::new(), 1000), Ok(None));
        assert_eq!(asked("bytes=0-"), Ok(Some((0, 999))));
        assert_eq!(asked("bytes=10-19"), Ok(Some((10, 19))));
        assert_eq!(asked("bytes=10-5000"), Ok(Some((10, 999))));
        assert_eq!(asked("bytes=-100"), Ok(Some((900, 999))));
        assert_eq!(asked("bytes=1000-"), Err(()));
        assert_eq!(asked("bytes=9-5"), Err(()));
        assert_eq!(asked("bytes=0-18446744073709551615"), Ok(Some((0, 999))));
        assert_eq!(asked("bytes=0-99999999999999999999999"), Ok(Some((0, 999))));
        assert_eq!(asked("bytes=-99999999999999999999999"), Ok(Some((0, 999))));
        for refused in [
            "frames=1-2",
            "bytes=",
            "bytes=-",
            "bytes=-0",
            "bytes=abc-5",
            "bytes=5-abc",
            "bytes=+1-5",
            "bytes= 1-5",
            "bytes=-abc",
            "bytes=1-2,4-5",
            "bytes=--5",
            "bytes=99999999999999999999999-",
            "bytes=0x1-5",
        ] {
            assert_eq!(asked(refused), Err(()), "{refused}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-"));
        assert_eq!(range(&headers, 0), Err(()));
    }
}
