//! The metadata service: what each track is, and where its media lies.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::catalogue::Track;
use crate::faults::{Faults, Switches};
use crate::service::Service;

struct Metadata {
    service: Arc<Service>,
    tracks: Arc<Vec<Track>>,
    faults: Arc<Switches>,
}

/// The service's routes.
pub(crate) fn router(service: Arc<Service>, tracks: Arc<Vec<Track>>, faults: Arc<Switches>) -> Router {
    let state = Arc::new(Metadata { service, tracks, faults });
    Router::new().route("/tracks", get(list)).route("/tracks/{id}", get(one)).with_state(state)
}

async fn list(State(metadata): State<Arc<Metadata>>, request: Request<Body>) -> Response {
    let span = metadata.service.server_span(&request, "/tracks");
    span.status(StatusCode::OK);
    Json(metadata.tracks.as_ref()).into_response()
}

async fn one(
    State(metadata): State<Arc<Metadata>>,
    Path(id): Path<String>,
    Query(own): Query<Faults>,
    request: Request<Body>,
) -> Response {
    let span = metadata.service.server_span(&request, "/tracks/{id}");
    let latency = metadata.faults.of(own).latency / 4;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let Some(track) = metadata.tracks.iter().find(|track| track.id == id) else {
        span.status(StatusCode::NOT_FOUND);
        return (StatusCode::NOT_FOUND, Json(serde_json::json!({ "error": "no such track" })))
            .into_response();
    };
    span.set("music.track_id", track.id.clone());
    span.status(StatusCode::OK);
    Json(track).into_response()
}
