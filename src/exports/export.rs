//! What became of exports.

use wasm_bindgen::prelude::*;

use super::{ExportFailure, input, record};
use tonearm_player::engine::Input;
use tonearm_telemetry::{Reply, ResponseTimes};

/// Sends what is queued.
#[wasm_bindgen]
pub fn flush(telemetry: u32) {
    input(Input::Flush { telemetry });
}

/// Reports the response to a request: its status, its `Retry-After` as seconds or as a date, its `Date` (both
/// in Unix milliseconds), its body. NaN is none.
#[wasm_bindgen]
pub fn export_responded(
    telemetry: u32,
    request: u32,
    status: u16,
    retry_after: f64,
    retry_at: f64,
    date: f64,
    body: Vec<u8>,
) {
    let known = |value: f64| (!value.is_nan()).then_some(value);
    let times =
        ResponseTimes { retry_after: known(retry_after), retry_at: known(retry_at), date: known(date) };
    let retry_after = record(telemetry, |telemetry, now| telemetry.observe_response(now, times)).flatten();
    let reply = Reply::Response { status, retry_after, body };
    input(Input::ExportReplied { telemetry, export: request, reply });
}

/// Reports that a request has no response that counts.
#[wasm_bindgen]
pub fn export_failed(telemetry: u32, request: u32, failure: ExportFailure) {
    input(Input::ExportReplied { telemetry, export: request, reply: failure.into() });
}
