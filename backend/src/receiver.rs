//! An OTLP/HTTP receiver for traces, metrics and logs (protobuf and JSON, gzip, CORS) that keeps the last of each in
//! memory, bounded, serves them as JSON, and passes every body on to a Collector where one is named.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::service::allow_any_origin;

/// Records of one signal that are kept; the oldest go first.
const MAX_RECORDS: usize = 20_000;
/// Bytes of one body, before and after gzip.
const MAX_BODY: usize = 32 << 20;

#[derive(Default)]
struct Signal {
    records: VecDeque<Value>,
    received: u64,
}

impl Signal {
    fn push(&mut self, record: Value) {
        if self.records.len() >= MAX_RECORDS {
            self.records.pop_front();
        }
        self.received += 1;
        self.records.push_back(record);
    }
}

#[derive(Default)]
struct Store {
    spans: Signal,
    metrics: Signal,
    logs: Signal,
    requests: u64,
    bytes: u64,
    /// Where bodies go on to.
    collector: Option<String>,
}

type Shared = Arc<Mutex<Store>>;

/// The receiver's routes.
pub(crate) fn router(collector: Option<String>) -> Router {
    let options = || async { allow_any_origin(StatusCode::NO_CONTENT.into_response()) };
    Router::new()
        .route("/v1/traces", post(receive::<ExportTraceServiceRequest>).options(options))
        .route("/v1/metrics", post(receive::<ExportMetricsServiceRequest>).options(options))
        .route("/v1/logs", post(receive::<ExportLogsServiceRequest>).options(options))
        .route("/api/received", get(totals))
        .route("/api/traces/{id}", get(trace))
        .route("/api/spans", get(spans))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(Mutex::new(Store { collector, ..Store::default() })))
}

fn lock(store: &Shared) -> std::sync::MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request of one signal, as records of our own JSON.
trait Records: Message + Default + Serialize + DeserializeOwned + 'static {
    fn keep(self, store: &mut Store);
}

/// Attributes as one plain object.
fn attributes(list: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> Value {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    fn plain(value: Option<&Any>) -> Value {
        match value {
            Some(Any::StringValue(text)) => json!(text),
            Some(Any::BoolValue(value)) => json!(value),
            Some(Any::IntValue(value)) => json!(value),
            Some(Any::DoubleValue(value)) => json!(value),
            Some(Any::ArrayValue(array)) => array.values.iter().map(|item| plain(item.value.as_ref())).collect(),
            Some(Any::KvlistValue(list)) => attributes(&list.values),
            Some(other) => json!(format!("{other:?}")),
            None => Value::Null,
        }
    }
    let pairs = list.iter().map(|pair| {
        let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
        (pair.key.clone(), plain(value))
    });
    Value::Object(pairs.collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl Records for ExportTraceServiceRequest {
    fn keep(self, store: &mut Store) {
        for group in self.resource_spans {
            let resource = attributes(&group.resource.unwrap_or_default().attributes);
            for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let events = span.events.iter().map(|event| {
                    json!({ "name": event.name, "time": event.time_unix_nano.to_string(), "attributes": attributes(&event.attributes) })
                });
                let links = span
                    .links
                    .iter()
                    .map(|link| json!({ "traceId": hex(&link.trace_id), "spanId": hex(&link.span_id) }));
                store.spans.push(json!({
                    "traceId": hex(&span.trace_id),
                    "spanId": hex(&span.span_id),
                    "parentSpanId": hex(&span.parent_span_id),
                    "service": resource["service.name"],
                    "name": span.name,
                    "kind": span.kind,
                    // 64 bits are more than a JSON number holds.
                    "start": span.start_time_unix_nano.to_string(),
                    "end": span.end_time_unix_nano.to_string(),
                    "attributes": attributes(&span.attributes),
                    "status": span.status.as_ref().map_or(0, |status| status.code),
                    "message": span.status.as_ref().map_or("", |status| &status.message),
                    "events": events.collect::<Vec<_>>(),
                    "links": links.collect::<Vec<_>>(),
                    "resource": resource,
                }));
            }
        }
    }
}

impl Records for ExportMetricsServiceRequest {
    fn keep(self, store: &mut Store) {
        for metric in
            self.resource_metrics.into_iter().flat_map(|group| group.scope_metrics).flat_map(|scope| scope.metrics)
        {
            store.metrics.push(json!(metric));
        }
    }
}

impl Records for ExportLogsServiceRequest {
    fn keep(self, store: &mut Store) {
        for record in
            self.resource_logs.into_iter().flat_map(|group| group.scope_logs).flat_map(|scope| scope.log_records)
        {
            store.logs.push(json!(record));
        }
    }
}

fn decode<T: Records>(headers: &HeaderMap, body: &Bytes) -> Result<T, String> {
    let gzip = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let mut plain = Vec::new();
    let body = if gzip {
        let mut decoder = flate2::read::GzDecoder::new(body.as_ref()).take(MAX_BODY as u64);
        decoder.read_to_end(&mut plain).map_err(|error| error.to_string())?;
        plain.as_slice()
    } else {
        body.as_ref()
    };
    let json = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if json {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    } else {
        T::decode(body).map_err(|error| error.to_string())
    }
}

/// Sends a body on as it came. The demo keeps no account of what a Collector says to it.
fn pass_on(collector: &str, path: &str, headers: &HeaderMap, body: &Bytes) {
    let mut request = reqwest::Client::new().post(format!("{}{path}", collector.trim_end_matches('/')));
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let request = request.body(body.clone());
    tokio::spawn(async move {
        if let Err(error) = request.send().await {
            eprintln!("the Collector does not answer: {error}");
        }
    });
}

async fn receive<T: Records>(
    State(store): State<Shared>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let length = body.len() as u64;
    let response = match decode::<T>(&headers, &body) {
        Ok(request) => {
            let mut store = lock(&store);
            store.requests += 1;
            store.bytes += length;
            if let Some(collector) = &store.collector {
                pass_on(collector, uri.path(), &headers, &body);
            }
            request.keep(&mut store);
            // An empty message: everything was accepted.
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
            response
        }
        Err(error) => (StatusCode::BAD_REQUEST, error).into_response(),
    };
    allow_any_origin(response)
}

async fn totals(State(store): State<Shared>) -> Json<Value> {
    let store = lock(&store);
    Json(json!({
        "spans": store.spans.received,
        "metrics": store.metrics.received,
        "logs": store.logs.received,
        "requests": store.requests,
        "bytes": store.bytes,
    }))
}

async fn trace(State(store): State<Shared>, Path(id): Path<String>) -> Json<Value> {
    let store = lock(&store);
    Json(store.spans.records.iter().filter(|span| span["traceId"] == id.as_str()).cloned().collect())
}

/// The newest spans.
async fn spans(State(store): State<Shared>) -> Json<Value> {
    Json(lock(&store).spans.records.iter().rev().take(500).cloned().collect())
}
