//! What became of exports.

use wasm_bindgen::prelude::*;

use super::{ExportFailure, input, millis};
use tonearm_player::engine::Input;
use tonearm_telemetry::Reply;

/// Sends what is queued.
#[wasm_bindgen]
pub fn flush(telemetry: u32) {
    input(Input::Flush { telemetry });
}

/// Reports the response to a request: its status, its `Retry-After` in milliseconds (negative: none), its body.
#[wasm_bindgen]
pub fn export_responded(telemetry: u32, request: u32, status: u16, retry_after: f64, body: Vec<u8>) {
    let retry_after = (retry_after >= 0.0).then(|| millis(retry_after));
    let reply = Reply::Response { status, retry_after, body };
    input(Input::ExportReplied { telemetry, export: request, reply });
}

/// Reports that a request has no response that counts.
#[wasm_bindgen]
pub fn export_failed(telemetry: u32, request: u32, failure: ExportFailure) {
    input(Input::ExportReplied { telemetry, export: request, reply: failure.into() });
}
