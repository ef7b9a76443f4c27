//! Records as an app sees them and leaves them.

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use serde_json::json;
use tonearm_records::{EncodedAttributes, LeftPart, LeftRecord, Record, rewrite};

use super::attribute;
use super::requests::{log_record, span};

/// Attributes in protobuf, each as field 1.
fn encoded(attributes: &[KeyValue]) -> EncodedAttributes {
    let mut out = Vec::new();
    prost::encoding::message::encode_repeated(1, attributes, &mut out);
    EncodedAttributes(out)
}

fn other() -> Vec<KeyValue> {
    vec![attribute("other", Value::StringValue("value".into())), attribute("n", Value::IntValue(300))]
}

/// A record of which nothing but its name and attributes is left.
fn left() -> LeftRecord {
    LeftRecord { name: "changed".into(), attributes: encoded(&other()), ..LeftRecord::default() }
}

#[test]
fn an_app_sees_a_span_with_its_events_and_links() {
    let record = span().encode_to_vec();
    let seen = serde_json::to_value(Record::decode(true, &record).unwrap()).unwrap();
    let attributes = json!({
        "text": "a \"b\" \u{e9}\u{1f3b5}",
        "flag": false,
        "int": i64::MIN as f64,
        "large": i64::MAX as f64,
        "double": 1e300,
        "list": [-1.0, "one", true],
        "map": { "inner": -0.5, "list": [-1.0, "one", true] },
        "bytes": [0, 1, 0xfb, 0xff],
        "no bytes": [],
    });
    let link = |n: &str| json!({ "traceId": n.repeat(16), "spanId": n.repeat(8), "attributes": attributes });
    let expected = json!({
        "name": "span",
        "attributes": attributes,
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "status": "failed",
        "events": [
            { "name": "event 1", "attributes": attributes },
            { "name": "event 2", "attributes": attributes },
        ],
        "links": [link("01"), link("02")],
    });
    assert_eq!(seen, expected);
}

#[test]
fn an_app_sees_a_log_record() {
    let record = log_record().encode_to_vec();
    let seen = serde_json::to_value(Record::decode(false, &record).unwrap()).unwrap();
    assert_eq!(seen["name"], "event.name");
    assert_eq!(seen["body"], json!({ "inner": -0.5, "list": [-1.0, "one", true] }));
    assert_eq!(seen["severityNumber"], 17);
    assert_eq!(seen["attributes"]["flag"], false);
    assert!(seen.get("events").is_none());
}

#[test]
fn a_span_keeps_what_the_app_cannot_change() {
    let record = span().encode_to_vec();
    let events = vec![LeftPart { at: 1, name: "renamed".into(), attributes: encoded(&other()) }];
    let links = vec![
        LeftPart { at: 0, name: String::new(), attributes: encoded(&[]) },
        LeftPart { at: 1, name: String::new(), attributes: encoded(&other()) },
    ];
    let changed = LeftRecord { events, links, status: "hidden".into(), ..left() };
    let rewritten = Span::decode(&*rewrite(true, &record, &changed).unwrap()).unwrap();
    let mut expected = span();
    expected.name = "changed".into();
    expected.attributes = other();
    expected.events.remove(0);
    expected.events[0].name = "renamed".into();
    expected.events[0].attributes = other();
    expected.links[0].attributes = vec![];
    expected.links[1].attributes = other();
    expected.status = Some(Status { message: "hidden".into(), code: 2 });
    assert_eq!(rewritten, expected);
}

#[test]
fn a_status_without_its_message_keeps_its_code_and_none_stays_none() {
    let rewritten = rewrite(true, &span().encode_to_vec(), &left()).unwrap();
    let status = Span::decode(&*rewritten).unwrap().status;
    assert_eq!(status, Some(Status { message: String::new(), code: 2 }));
    let without = Span { status: None, ..span() }.encode_to_vec();
    let added = LeftRecord { status: "added".into(), ..left() };
    assert_eq!(Span::decode(&*rewrite(true, &without, &added).unwrap()).unwrap().status, None);
}

#[test]
fn an_event_or_a_link_that_there_is_not_is_refused() {
    let record = span().encode_to_vec();
    let part = || vec![LeftPart { at: 2, ..LeftPart::default() }];
    assert!(rewrite(true, &record, &LeftRecord { events: part(), ..left() }).is_none());
    assert!(rewrite(true, &record, &LeftRecord { links: part(), ..left() }).is_none());
}

#[test]
fn a_log_record_keeps_its_times_and_context() {
    let record = log_record().encode_to_vec();
    let body = encoded(&[attribute("body", Value::StringValue("hidden".into()))]);
    let rewritten = rewrite(false, &record, &LeftRecord { body, ..left() }).unwrap();
    let mut expected = log_record();
    expected.event_name = "changed".into();
    expected.attributes = other();
    expected.body = attribute("body", Value::StringValue("hidden".into())).value;
    assert_eq!(LogRecord::decode(&*rewritten).unwrap(), expected);
    expected.body = None;
    assert_eq!(LogRecord::decode(&*rewrite(false, &record, &left()).unwrap()).unwrap(), expected);
}

#[test]
fn what_an_app_has_left_is_taken_in_by_its_names() {
    let left: LeftRecord = serde_json::from_value(json!({
        "name": "n",
        "status": "s",
        "events": [{ "at": 3, "name": "e" }],
        "links": [{ "at": 1 }],
    }))
    .unwrap();
    assert_eq!((left.name.as_str(), left.status.as_str()), ("n", "s"));
    assert_eq!((left.events[0].at, left.events[0].name.as_str(), left.links[0].at), (3, "e", 1));
}
