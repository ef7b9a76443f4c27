//! Answers in JSON as the core reads them.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::{Value, json};
use tonearm_records::{Reply, encode_reply};

fn encoded(reply: &Value) -> Vec<u8> {
    encode_reply(&serde_json::from_value::<Reply>(reply.clone()).unwrap_or_default())
}

#[test]
fn rejected_records_and_messages_are_taken_from_any_signal() {
    let reply = |rejected_spans, message: &str| {
        let error_message = message.to_owned();
        let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message });
        ExportTraceServiceResponse { partial_success }.encode_to_vec()
    };
    for member in ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"] {
        for count in [json!(300), json!("300"), json!(300.0)] {
            let success = json!({ "partialSuccess": { member: count, "errorMessage": "no" } });
            assert_eq!(encoded(&success), reply(300, "no"), "{success}");
        }
    }
    assert_eq!(encoded(&json!({ "partialSuccess": { "rejectedSpans": 7 } })), reply(7, ""));
    assert_eq!(encoded(&json!({ "partialSuccess": { "errorMessage": "\u{e9}" } })), reply(0, "\u{e9}"));
}

#[test]
fn a_status_has_its_message() {
    assert_eq!(encoded(&json!({ "code": 3, "message": "no" })), [0x12, 2, b'n', b'o']);
}

#[test]
fn what_says_nothing_becomes_nothing() {
    for nothing in [
        json!(null),
        json!(5),
        json!("x"),
        json!([]),
        json!({}),
        json!({ "partialSuccess": null }),
        json!({ "partialSuccess": {} }),
        json!({ "partialSuccess": "x" }),
        json!({ "partialSuccess": { "rejectedDataPoints": "0" } }),
        json!({ "partialSuccess": { "rejectedSpans": -1 } }),
        json!({ "partialSuccess": { "rejectedSpans": "many" } }),
        json!({ "partialSuccess": { "rejectedSpans": [1], "errorMessage": { "a": 1 } } }),
        json!({ "message": { "a": [1] } }),
        json!({ "message": true }),
    ] {
        assert!(encoded(&nothing).is_empty(), "{nothing}");
    }
}
