//! Records as objects (`crates/records`), against the types that are generated from OpenTelemetry's own
//! definitions.

mod damaged;
mod inspected;
mod replies;
mod requests;

pub(crate) use requests::{json_of, lean};

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

fn value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(key: &str, of: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(value(of)), key_strindex: 0 }
}

/// An attribute of each kind, lists and maps within one another included.
fn attributes() -> Vec<KeyValue> {
    let list = vec![
        value(Value::IntValue(-1)),
        value(Value::StringValue("one".into())),
        value(Value::BoolValue(true)),
    ];
    let map = vec![
        attribute("inner", Value::DoubleValue(-0.5)),
        attribute("list", Value::ArrayValue(ArrayValue { values: list.clone() })),
    ];
    vec![
        attribute("text", Value::StringValue("a \"b\" \u{e9}\u{1f3b5}".into())),
        attribute("flag", Value::BoolValue(false)),
        attribute("int", Value::IntValue(i64::MIN)),
        attribute("large", Value::IntValue(i64::MAX)),
        attribute("double", Value::DoubleValue(1e300)),
        attribute("list", Value::ArrayValue(ArrayValue { values: list })),
        attribute("map", Value::KvlistValue(KeyValueList { values: map })),
        attribute("bytes", Value::BytesValue(vec![0, 1, 0xfb, 0xff])),
        attribute("no bytes", Value::BytesValue(vec![])),
    ]
}

fn resource() -> Resource {
    Resource { attributes: attributes(), dropped_attributes_count: 3, entity_refs: vec![] }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "scope".into(),
        version: "1.2".into(),
        attributes: attributes(),
        dropped_attributes_count: 4,
    }
}
