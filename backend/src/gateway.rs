//! The gateway: the page, the API in front of the metadata service, the fault switches, and the OTLP
//! receiver.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::faults::{Faults, Switches};
use crate::forward::Collector;
use crate::paths::is_file_name;
use crate::receiver;
use crate::service::{ServerSpan, Service};

struct Gateway {
    service: Arc<Service>,
    metadata: String,
    cdn: String,
    faults: Arc<Switches>,
}

/// The gateway's routes.
pub(crate) fn router(
    service: Arc<Service>,
    metadata: &str,
    cdn: &str,
    files: Router,
    faults: Arc<Switches>,
    collector: Option<Collector>,
) -> Router {
    let state = Arc::new(Gateway { service, metadata: metadata.into(), cdn: cdn.into(), faults });
    Router::new()
        .route("/api/tracks", get(tracks))
        .route("/api/tracks/{id}", get(track))
        .route("/api/faults", get(read_faults).post(write_faults))
        .route("/api/config", get(config))
        .with_state(state)
        .merge(receiver::router(collector))
        .merge(files)
}

async fn forward(gateway: &Gateway, span: ServerSpan, path: &str) -> Response {
    let (status, body) = match gateway.service.call(&span, &format!("{}{path}", gateway.metadata)).await {
        Ok(answer) => answer,
        Err(_) => {
            (StatusCode::BAD_GATEWAY, serde_json::json!({ "error": "the metadata service does not answer" }))
        }
    };
    span.status(status);
    let timing = span.server_timing();
    let mut response = (status, Json(body)).into_response();
    let header = HeaderValue::from_str(&timing).ok();
    response.headers_mut().extend(header.map(|value| (HeaderName::from_static("server-timing"), value)));
    response
}

async fn tracks(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    let span = gateway.service.server_span(&request, "/api/tracks");
    forward(&gateway, span, "/tracks").await
}

async fn track(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Response {
    let span = gateway.service.server_span(&request, "/api/tracks/{id}");
    // It becomes part of a URL: `..`, `?` and the like would lead to another resource of the service.
    if !is_file_name(&id) {
        span.status(StatusCode::NOT_FOUND);
        return StatusCode::NOT_FOUND.into_response();
    }
    forward(&gateway, span, &format!("/tracks/{id}")).await
}

async fn read_faults(State(gateway): State<Arc<Gateway>>) -> Json<Faults> {
    Json(gateway.faults.get())
}

async fn write_faults(State(gateway): State<Arc<Gateway>>, Json(faults): Json<Faults>) -> StatusCode {
    gateway.faults.set(faults);
    StatusCode::NO_CONTENT
}

/// What the page must know of this backend.
async fn config(State(gateway): State<Arc<Gateway>>) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "cdn": gateway.cdn }))
}
