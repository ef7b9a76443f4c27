//! What only the extended core knows: sampling, propagation besides W3C Trace Context, consent, inspection,
//! the pipeline's own metrics.

use tonearm_base::text::latin1;
use wasm_bindgen::prelude::*;

use super::{ConsentState, ExportSignal, arm, input, millis, record};
use tonearm_player::engine::Input;
use tonearm_telemetry::{Flat, Propagators, Sampler};

/// Sets which traces are exported: a part from 0 to 1, whether another process's decision stands, the
/// milliseconds from which on a start is slow (0: what was not chosen is not held), and pairs of a span's
/// name and its part.
#[wasm_bindgen]
pub fn set_sampler(telemetry: u32, ratio: f64, parent_based: bool, slower_than: f64, by_name: &[u8]) {
    let tail = (slower_than > 0.0).then(|| millis(slower_than));
    let mut flat = Flat::new(by_name);
    let mut by_name = Vec::new();
    while !flat.is_empty() {
        by_name.push((flat.bytes().to_vec(), flat.number()));
    }
    record(telemetry, |one, _| one.set_sampler(Sampler { ratio, by_name, parent_based, tail }));
}

/// Sets the formats by which contexts are handed on.
#[allow(clippy::fn_params_excessive_bools, reason = "a set, by the names of its members")]
#[wasm_bindgen]
pub fn set_propagators(telemetry: u32, trace_context: bool, baggage: bool, b3: bool, b3_multi: bool) {
    let formats = [
        (trace_context, Propagators::TRACE_CONTEXT),
        (baggage, Propagators::BAGGAGE),
        (b3, Propagators::B3),
        (b3_multi, Propagators::B3_MULTI),
    ];
    let chosen = formats.into_iter().filter(|(wanted, _)| *wanted);
    let set = Propagators(chosen.fold(0, |set, (_, format)| set | format.0));
    record(telemetry, |telemetry, _| telemetry.set_propagators(set));
}

/// Has media requests that may carry no header carry their trace in their query (CTA-5004).
#[wasm_bindgen]
pub fn enable_cmcd(telemetry: u32) {
    record(telemetry, |telemetry, _| telemetry.enable_cmcd());
}

/// Has the host look at each span and log record before it is queued.
#[wasm_bindgen]
pub fn enable_inspection(telemetry: u32) {
    record(telemetry, |telemetry, _| telemetry.enable_inspection());
}

/// Has the pipeline record metrics of itself: `otel.sdk.*`.
#[wasm_bindgen]
pub fn enable_sdk_metrics(telemetry: u32) {
    record(telemetry, |telemetry, _| telemetry.enable_sdk_metrics());
}

/// Sets what the user has decided.
#[wasm_bindgen]
pub fn set_consent(telemetry: u32, consent: ConsentState) {
    record(telemetry, |telemetry, now| telemetry.set_consent(now, consent.into()));
    arm();
}

/// Sets the value of the `baggage` header that goes along with requests.
#[wasm_bindgen]
pub fn set_baggage(telemetry: u32, header: &[u8]) {
    record(telemetry, |telemetry, _| telemetry.set_baggage(latin1(header)));
}

/// Returns the header lines that hand a context and the baggage that came with it on; `bytes` are both.
#[wasm_bindgen]
pub fn inject(telemetry: u32, bytes: &[u8]) -> String {
    let mut flat = Flat::new(bytes);
    let (context, state) = flat.context().unzip();
    let (state, baggage) = (latin1(state.unwrap_or_default()), latin1(flat.bytes()));
    record(telemetry, |telemetry, _| telemetry.headers_of(context.as_ref(), &state, &baggage))
        .unwrap_or_default()
}

/// Returns `traceparent`, `tracestate` and `baggage` of header lines, in a line each.
#[wasm_bindgen]
pub fn extract(telemetry: u32, lines: &[u8]) -> String {
    let lines = str::from_utf8(lines).unwrap_or_default();
    record(telemetry, |telemetry, _| telemetry.extract(lines)).unwrap_or_default()
}

/// Returns attributes in protobuf, as fields of that number.
#[wasm_bindgen]
pub fn encode_attributes(field: u32, bytes: &[u8]) -> Vec<u8> {
    Flat::new(bytes).encoded(field)
}

/// Queues a record that the host has looked at, as it is now.
#[wasm_bindgen]
pub fn keep_inspected(telemetry: u32, signal: ExportSignal, record: Vec<u8>) {
    input(Input::Inspected { telemetry, signal: signal.into(), record: Some(record) });
}

/// Drops a record that the host has looked at.
#[wasm_bindgen]
pub fn drop_inspected(telemetry: u32, signal: ExportSignal) {
    input(Input::Inspected { telemetry, signal: signal.into(), record: None });
}
