//! Requests in JSON: every field that the SDK's messages have, in each signal.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exemplar, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use serde_json::{Value as Json, json};
use tonearm_records::{LogsRequest, MetricsRequest, TraceRequest, decode};

use super::{attributes, resource, scope};

/// A request's body in JSON; `None` where it is no whole request.
pub(crate) fn json_of(signal: u32, body: &[u8]) -> Option<Json> {
    let json = match signal {
        0 => serde_json::to_value(decode::<TraceRequest<'_>>(body)?),
        1 => serde_json::to_value(decode::<MetricsRequest<'_>>(body)?),
        _ => serde_json::to_value(decode::<LogsRequest<'_>>(body)?),
    };
    Some(json.unwrap())
}

/// Members of a `oneof`: they are there whatever they hold.
const ONE_OF: [&str; 9] = [
    "stringValue",
    "boolValue",
    "intValue",
    "doubleValue",
    "arrayValue",
    "kvlistValue",
    "bytesValue",
    "asDouble",
    "asInt",
];

/// Leaves out what is at its default: the generated types write it, and protobuf does not. Doubles that JSON
/// lacks are null there.
pub(crate) fn lean(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(lean).collect(),
        Json::Object(members) => {
            let kept = members.iter().filter_map(|(name, value)| {
                let lacking = ["NaN", "Infinity", "-Infinity"].iter().any(|name| value == name);
                let value = if lacking { Json::Null } else { lean(value) };
                let default = [
                    json!(0),
                    json!(0.0),
                    json!("0"),
                    json!(""),
                    json!(false),
                    json!(null),
                    json!([]),
                    json!({}),
                ];
                (ONE_OF.contains(&name.as_str()) || !default.contains(&value))
                    .then_some((name.clone(), value))
            });
            Json::Object(kept.collect())
        }
        _ => json.clone(),
    }
}

const TRACE: [u8; 16] =
    [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c];
const SPAN: [u8; 8] = [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31];

pub(super) fn span() -> Span {
    Span {
        trace_id: TRACE.into(),
        span_id: SPAN.into(),
        trace_state: "a=1".into(),
        parent_span_id: vec![9; 8],
        flags: 0x301,
        name: "span".into(),
        kind: 3,
        start_time_unix_nano: 1_700_000_000_000_000_001,
        end_time_unix_nano: u64::MAX,
        attributes: attributes(),
        dropped_attributes_count: 1,
        events: [1, 2]
            .map(|n| Event {
                time_unix_nano: 1_700_000_000_000_000_002 + n,
                name: format!("event {n}"),
                attributes: attributes(),
                dropped_attributes_count: 2,
            })
            .into(),
        dropped_events_count: 5,
        links: [1, 2]
            .map(|n| Link {
                trace_id: vec![n; 16],
                span_id: vec![n; 8],
                trace_state: "b=2".into(),
                attributes: attributes(),
                dropped_attributes_count: 6,
                flags: 0x100,
            })
            .into(),
        dropped_links_count: 7,
        status: Some(Status { message: "failed".into(), code: 2 }),
    }
}

pub(super) fn log_record() -> LogRecord {
    LogRecord {
        time_unix_nano: 1_700_000_000_000_000_003,
        observed_time_unix_nano: 1_700_000_000_000_000_004,
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: attributes()[6].value.clone(),
        attributes: attributes(),
        dropped_attributes_count: 8,
        flags: 1,
        trace_id: TRACE.into(),
        span_id: SPAN.into(),
        event_name: "event.name".into(),
    }
}

pub(super) fn traces() -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans {
        scope: Some(scope()),
        spans: vec![span(), Span::default()],
        schema_url: "s".into(),
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource()),
            scope_spans,
            schema_url: "r".into(),
        }],
    }
}

pub(super) fn logs() -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs {
        scope: Some(scope()),
        log_records: vec![log_record(), LogRecord::default()],
        schema_url: "s".into(),
    }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { resource: Some(resource()), scope_logs, schema_url: "r".into() }],
    }
}

fn exemplars() -> Vec<Exemplar> {
    [exemplar::Value::AsDouble(0.25), exemplar::Value::AsInt(-7)]
        .map(|value| Exemplar {
            filtered_attributes: attributes(),
            time_unix_nano: 1_700_000_000_000_000_005,
            span_id: SPAN.into(),
            trace_id: TRACE.into(),
            value: Some(value),
        })
        .into()
}

fn numbers() -> Vec<NumberDataPoint> {
    [number_data_point::Value::AsDouble(0.0), number_data_point::Value::AsInt(i64::MIN)]
        .map(|value| NumberDataPoint {
            attributes: attributes(),
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            exemplars: exemplars(),
            flags: 1,
            value: Some(value),
        })
        .into()
}

pub(super) fn metrics() -> ExportMetricsServiceRequest {
    let explicit = HistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(4.5),
        bucket_counts: vec![1, 0, u64::MAX],
        explicit_bounds: vec![0.1, 10.0],
        exemplars: exemplars(),
        flags: 1,
        min: Some(-1.0),
        max: Some(2.0),
    };
    let exponential = ExponentialHistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(-4.5),
        scale: -10,
        zero_count: 1,
        positive: Some(Buckets { offset: -3, bucket_counts: vec![0, 300, u64::MAX] }),
        negative: Some(Buckets { offset: i32::MAX, bucket_counts: vec![1] }),
        flags: 1,
        exemplars: exemplars(),
        min: Some(-1.0),
        max: Some(2.0),
        zero_threshold: 1e-9,
    };
    let all = [
        Data::Gauge(Gauge { data_points: numbers() }),
        Data::Sum(Sum { data_points: numbers(), aggregation_temporality: 2, is_monotonic: true }),
        Data::Histogram(Histogram { data_points: vec![explicit], aggregation_temporality: 1 }),
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential],
            aggregation_temporality: 1,
        }),
    ];
    let metrics = all
        .map(|data| Metric {
            name: "metric".into(),
            description: "what it measures".into(),
            unit: "s".into(),
            metadata: vec![],
            data: Some(data),
        })
        .into();
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, schema_url: "s".into() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics,
            schema_url: "r".into(),
        }],
    }
}

#[test]
fn every_field_of_all_signals_is_what_the_generated_types_have_in_json() {
    let all = [
        (traces().encode_to_vec(), serde_json::to_value(traces())),
        (metrics().encode_to_vec(), serde_json::to_value(metrics())),
        (logs().encode_to_vec(), serde_json::to_value(logs())),
    ];
    for (signal, (body, expected)) in all.into_iter().enumerate() {
        let json = json_of(signal as u32, &body).unwrap();
        assert_eq!(lean(&json), lean(&expected.unwrap()), "signal {signal}");
    }
}

#[test]
fn a_request_of_nothing_is_an_empty_object() {
    for signal in 0..3 {
        assert_eq!(json_of(signal, &[]), Some(json!({})));
    }
}

#[test]
fn identifiers_are_hexadecimal_integers_of_64_bits_strings_and_defaults_left_out() {
    let json = json_of(0, &traces().encode_to_vec()).unwrap();
    let spans = &json["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!(spans[0]["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(spans[0]["kind"], 3);
    assert_eq!(spans[0]["endTimeUnixNano"], "18446744073709551615");
    assert_eq!(
        spans[0]["attributes"][2],
        json!({ "key": "int", "value": { "intValue": "-9223372036854775808" } })
    );
    assert_eq!(spans[0]["attributes"][7]["value"], json!({ "bytesValue": "AAH7/w==" }));
    assert_eq!(spans[1], json!({}));
}

#[test]
fn doubles_that_json_lacks_are_their_names() {
    for (number, name) in [(f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity")] {
        let mut request = metrics();
        let metric = &mut request.resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(Data::Gauge(gauge)) = &mut metric.data else { panic!() };
        gauge.data_points[0].value = Some(number_data_point::Value::AsDouble(number));
        let json = json_of(1, &request.encode_to_vec()).unwrap();
        let metric = &json["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
        assert_eq!(metric["gauge"]["dataPoints"][0]["asDouble"], name);
    }
}
