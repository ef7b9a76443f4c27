//! What all signals share (opentelemetry/proto/common/v1/common.proto, resource/v1/resource.proto).

use crate::read::messages;
use crate::scalar::{Base64, Double, Signed, Text};

messages! {
    /// `AnyValue`: at most one of its members is there.
    AnyValue<'a> {
        1 => string_value: Option<Text<'a>>,
        2 => bool_value: Option<bool>,
        3 => int_value: Option<Signed>,
        4 => double_value: Option<Double>,
        5 => array_value: Option<ArrayValue<'a>>,
        6 => kvlist_value: Option<KeyValueList<'a>>,
        7 => bytes_value: Option<Base64<'a>>,
    }

    /// `ArrayValue`.
    ArrayValue<'a> {
        1 => values: Vec<AnyValue<'a>>,
    }

    /// `KeyValueList`.
    KeyValueList<'a> {
        1 => values: Vec<KeyValue<'a>>,
    }

    /// `KeyValue`.
    KeyValue<'a> {
        1 => key: Option<Text<'a>>,
        2 => value: Option<AnyValue<'a>>,
    }

    /// `InstrumentationScope`.
    Scope<'a> {
        1 => name: Option<Text<'a>>,
        2 => version: Option<Text<'a>>,
        3 => attributes: Vec<KeyValue<'a>>,
        4 => dropped_attributes_count: Option<u32>,
    }

    /// `Resource`.
    Resource<'a> {
        1 => attributes: Vec<KeyValue<'a>>,
        2 => dropped_attributes_count: Option<u32>,
    }
}
