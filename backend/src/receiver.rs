//! An OTLP/HTTP receiver for traces, metrics and logs (protobuf and JSON, gzip, CORS) that keeps the last of
//! each in memory, bounded, serves them as JSON, and passes the bodies of allowed origins on to a Collector
//! where one is named.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, NumberDataPoint, exemplar, metric, number_data_point,
};
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::connections::MAX_BODY;
use crate::forward::Collector;
use crate::records::Records;
use crate::service::allow_any_origin;

/// Bodies that are decoded at once: each takes some times its size.
const MAX_DECODED: usize = 4;

#[derive(Default)]
struct Store {
    spans: Records,
    metrics: Records,
    logs: Records,
    requests: u64,
    bytes: u64,
    /// Where bodies go on to.
    collector: Option<Collector>,
}

type Shared = Arc<Mutex<Store>>;

/// How many bodies are decoded now.
static DECODING: Semaphore = Semaphore::const_new(MAX_DECODED);

/// The receiver's routes.
pub(crate) fn router(collector: Option<Collector>) -> Router {
    let options = || async { allow_any_origin(StatusCode::NO_CONTENT.into_response()) };
    Router::new()
        .route("/v1/traces", post(receive::<ExportTraceServiceRequest>).options(options))
        .route("/v1/metrics", post(receive::<ExportMetricsServiceRequest>).options(options))
        .route("/v1/logs", post(receive::<ExportLogsServiceRequest>).options(options))
        .route("/api/received", get(totals))
        .route("/api/traces/{id}", get(trace))
        .route("/api/traces/{id}/logs", get(logs_of))
        .route("/api/traces/{id}/metrics", get(metrics_of))
        .route(
            "/api/spans",
            get(|State(store): State<Shared>, Query(limit): Query<Limit>| async move {
                newest(&lock(&store).spans, &limit)
            }),
        )
        .route(
            "/api/metrics",
            get(|State(store): State<Shared>, Query(limit): Query<Limit>| async move {
                newest(&lock(&store).metrics, &limit)
            }),
        )
        .route(
            "/api/logs",
            get(|State(store): State<Shared>, Query(limit): Query<Limit>| async move {
                newest(&lock(&store).logs, &limit)
            }),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(Mutex::new(Store { collector, ..Store::default() })))
}

fn lock(store: &Shared) -> std::sync::MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request of one signal, as records of our own JSON.
trait Signal: Message + Default + Serialize + DeserializeOwned + 'static {
    fn keep(self, store: &mut Store);
}

/// A value as plain JSON.
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

/// Attributes as one plain object.
fn attributes(list: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> Value {
    let pairs = list.iter().map(|pair| {
        let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
        (pair.key.clone(), plain(value))
    });
    Value::Object(pairs.collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl Signal for ExportTraceServiceRequest {
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
                let trace = hex(&span.trace_id);
                let record = json!({
                    "traceId": trace,
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
                });
                store.spans.push(&record, vec![trace]);
            }
        }
    }
}

/// Exemplars of a point: the traces that it leads to.
fn exemplars(list: &[Exemplar]) -> Value {
    list.iter()
        .map(|exemplar| {
            let value = match exemplar.value {
                Some(exemplar::Value::AsDouble(value)) => json!(value),
                Some(exemplar::Value::AsInt(value)) => json!(value),
                None => Value::Null,
            };
            json!({ "traceId": hex(&exemplar.trace_id), "spanId": hex(&exemplar.span_id), "value": value })
        })
        .collect()
}

/// The traces that exemplars lead to.
fn traces_of(exemplars: &Value) -> Vec<String> {
    exemplars
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some(one["traceId"].as_str()?.to_owned()))
        .collect()
}

/// The points of one metric: labels, exemplars, and what the kind of point says.
fn points(data: metric::Data) -> Vec<(Value, Value, Value)> {
    let number = |point: NumberDataPoint| {
        let value = match point.value {
            Some(number_data_point::Value::AsDouble(value)) => json!(value),
            Some(number_data_point::Value::AsInt(value)) => json!(value),
            None => Value::Null,
        };
        (attributes(&point.attributes), exemplars(&point.exemplars), json!({ "value": value }))
    };
    match data {
        metric::Data::Gauge(gauge) => gauge.data_points.into_iter().map(number).collect(),
        metric::Data::Sum(sum) => sum.data_points.into_iter().map(number).collect(),
        metric::Data::Histogram(histogram) => {
            let point = |point: opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint| {
                let figures =
                    json!({ "count": point.count, "sum": point.sum, "min": point.min, "max": point.max });
                (attributes(&point.attributes), exemplars(&point.exemplars), figures)
            };
            histogram.data_points.into_iter().map(point).collect()
        }
        metric::Data::ExponentialHistogram(histogram) => {
            let point = |point: opentelemetry_proto::tonic::metrics::v1::ExponentialHistogramDataPoint| {
                let figures = json!({
                    "count": point.count, "sum": point.sum, "min": point.min, "max": point.max, "scale": point.scale,
                });
                (attributes(&point.attributes), exemplars(&point.exemplars), figures)
            };
            histogram.data_points.into_iter().map(point).collect()
        }
        metric::Data::Summary(_) => Vec::new(),
    }
}

impl Signal for ExportMetricsServiceRequest {
    fn keep(self, store: &mut Store) {
        for group in self.resource_metrics {
            let service = attributes(&group.resource.unwrap_or_default().attributes)["service.name"].clone();
            for metric in group.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                for (attributes, exemplars, figures) in metric.data.map(points).unwrap_or_default() {
                    let traces = traces_of(&exemplars);
                    let record = json!({
                        "service": service,
                        "name": metric.name,
                        "unit": metric.unit,
                        "attributes": attributes,
                        "exemplars": exemplars,
                        "point": figures,
                    });
                    store.metrics.push(&record, traces);
                }
            }
        }
    }
}

impl Signal for ExportLogsServiceRequest {
    fn keep(self, store: &mut Store) {
        for group in self.resource_logs {
            let service = attributes(&group.resource.unwrap_or_default().attributes)["service.name"].clone();
            for record in group.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
                let body = record.body.as_ref().and_then(|body| body.value.as_ref());
                let trace = hex(&record.trace_id);
                let kept = json!({
                    "service": service,
                    "time": record.time_unix_nano.to_string(),
                    "severity": record.severity_text,
                    "event": record.event_name,
                    "body": plain(body),
                    "attributes": attributes(&record.attributes),
                    "traceId": trace,
                    "spanId": hex(&record.span_id),
                });
                store.logs.push(&kept, vec![trace]);
            }
        }
    }
}

fn decode<T: Signal>(headers: &HeaderMap, body: &Bytes) -> Result<T, String> {
    let gzip = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let mut plain = Vec::new();
    let body = if gzip {
        let mut decoder = flate2::read::GzDecoder::new(body.as_ref()).take(MAX_BODY as u64 + 1);
        decoder.read_to_end(&mut plain).map_err(|error| error.to_string())?;
        if plain.len() > MAX_BODY {
            return Err(format!("more than {MAX_BODY} bytes"));
        }
        plain.as_slice()
    } else {
        body.as_ref()
    };
    let json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if json {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    } else {
        T::decode(body).map_err(|error| error.to_string())
    }
}

async fn receive<T: Signal>(
    State(store): State<Shared>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let length = body.len() as u64;
    let _decoding = DECODING.acquire().await;
    let response = match decode::<T>(&headers, &body) {
        Ok(request) => {
            let mut store = lock(&store);
            store.requests += 1;
            store.bytes += length;
            if let Some(collector) = &store.collector {
                collector.pass_on(uri.path(), &headers, &body);
            }
            request.keep(&mut store);
            // An empty message: everything was accepted.
            let mut response = Response::new(Body::empty());
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
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
    Json(lock(&store).spans.of_trace(&id))
}

/// The log records of a trace.
async fn logs_of(State(store): State<Shared>, Path(id): Path<String>) -> Json<Value> {
    Json(lock(&store).logs.of_trace(&id))
}

/// The points with an exemplar that leads to a trace.
async fn metrics_of(State(store): State<Shared>, Path(id): Path<String>) -> Json<Value> {
    Json(lock(&store).metrics.of_trace(&id))
}

/// The newest records of a signal, 500 of them where the request says nothing else.
fn newest(records: &Records, limit: &Limit) -> Json<Value> {
    Json(records.newest(limit.limit.unwrap_or(500)))
}

#[derive(serde::Deserialize)]
struct Limit {
    limit: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_unpacks_beyond_the_bound_is_refused() {
        use std::io::Write;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(b"{}").unwrap();
        packed.write_all(&vec![b' '; MAX_BODY]).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Bytes::from(packed.finish().unwrap());
        assert!(decode::<ExportLogsServiceRequest>(&headers, &body).is_err());
    }
}
