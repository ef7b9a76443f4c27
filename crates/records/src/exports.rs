//! The exports of the records' module, which `records.js` calls. Objects cross by serde; what a record or a
//! body cannot become is `undefined`.
#![allow(missing_docs, reason = "wasm-bindgen adds items of its own to each enum")]

use js_sys::{JSON, JsString};
use serde::Serialize;
use serde_wasm_bindgen::{Serializer, from_value};
use wasm_bindgen::prelude::*;

use crate::{LeftRecord, LogsRequest, MetricsRequest, Record, Reply, TraceRequest, decode};

/// The objects that cross.
#[wasm_bindgen(typescript_custom_section)]
const OBJECTS: &str = r#"
/** A value of an attribute: maps are maps, since an object's setter takes `__proto__` for its prototype. */
export type RecordValue = string | number | boolean | Uint8Array | undefined | RecordValue[] | RecordMap;
export type RecordMap = Map<string, RecordValue>;
/** What an app sees of a record, and the severity of a log record. */
export type RecordView = {
    name: string;
    attributes: RecordMap;
    body?: RecordValue;
    traceId?: string;
    spanId?: string;
    severityNumber?: number;
    status?: string;
    events?: { name: string; attributes: RecordMap }[];
    links?: { traceId: string; spanId: string; attributes: RecordMap }[];
};
/** An event or a link as an app has left it: `at` is its place among those that there were. */
export type LeftPart = { at: number; name: string; attributes: Uint8Array };
/** A record as an app has left it. Attributes are encoded; `body` is an attribute called so. */
export type LeftRecord = {
    name: string;
    attributes: Uint8Array;
    body: Uint8Array;
    status: string;
    events: LeftPart[];
    links: LeftPart[];
};
"#;

/// What a request or a record is of.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Signal {
    /// Spans.
    Traces = "traces",
    /// Points.
    Metrics = "metrics",
    /// Log records.
    Logs = "logs",
}

fn object(value: &impl Serialize) -> Option<JsValue> {
    value.serialize(&Serializer::new()).ok()
}

/// A request's body in OTLP's JSON encoding.
#[wasm_bindgen]
pub fn request_json(signal: Signal, body: &[u8]) -> Option<JsString> {
    let request = match signal {
        Signal::Traces => object(&decode::<TraceRequest<'_>>(body)?),
        Signal::Metrics => object(&decode::<MetricsRequest<'_>>(body)?),
        _ => object(&decode::<LogsRequest<'_>>(body)?),
    };
    JSON::stringify(&request?).ok()
}

/// An endpoint's answer in protobuf.
/// @param reply what was parsed of its JSON
#[wasm_bindgen]
pub fn encode_reply(#[wasm_bindgen(unchecked_param_type = "unknown")] reply: JsValue) -> Vec<u8> {
    let reply: Reply = from_value(reply).unwrap_or_default();
    crate::encode_reply(&reply)
}

/// What an app sees of a span or a log record.
#[wasm_bindgen(unchecked_return_type = "RecordView | undefined")]
pub fn view_record(signal: Signal, record: &[u8]) -> JsValue {
    let record = Record::decode(matches!(signal, Signal::Traces), record);
    record.and_then(|record| object(&record)).unwrap_or_default()
}

/// The record with what the app has left.
#[wasm_bindgen]
pub fn rewrite_record(
    signal: Signal,
    record: &[u8],
    #[wasm_bindgen(unchecked_param_type = "LeftRecord")] left: JsValue,
) -> Option<Vec<u8>> {
    let left: LeftRecord = from_value(left).ok()?;
    crate::rewrite(matches!(signal, Signal::Traces), record, &left)
}
