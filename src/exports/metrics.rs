//! Instruments of scripts, and what they record.

use wasm_bindgen::prelude::*;

use super::{InstrumentKind, arm, input, record};
use tonearm_player::engine::Input;
use tonearm_telemetry::{Flat, Instrument, SpanContext};

/// The key of no series: what is recorded under it is dropped.
const NO_SERIES: u32 = u32::MAX;

/// Defines an instrument, and returns its number. `observed`: its values are read at each collection; `bytes`
/// are its name, its unit, its description and its bounds.
#[wasm_bindgen]
pub fn create_instrument(telemetry: u32, kind: InstrumentKind, observed: bool, bytes: &[u8]) -> u32 {
    let mut flat = Flat::new(bytes);
    let (name, unit, description) = (flat.bytes(), flat.bytes(), flat.bytes());
    let mut bounds = Vec::new();
    while !flat.is_empty() {
        bounds.push(flat.number());
    }
    let instrument = Instrument {
        name,
        unit,
        description,
        observed,
        bounds: &bounds,
        ..Instrument::new("", "", kind.into(), &[])
    };
    let number = record(telemetry, |telemetry, now| telemetry.instrument(now, &instrument));
    // What is observed is collected at an interval.
    arm();
    number.unwrap_or(NO_SERIES)
}

/// Returns the series of an instrument that has these attributes.
#[wasm_bindgen]
pub fn create_series(telemetry: u32, instrument: u32, attributes: &[u8]) -> u32 {
    let series = record(telemetry, |telemetry, _| {
        let attributes = Flat::new(attributes).encoded(telemetry.points_field(instrument));
        telemetry.series(instrument, attributes)
    });
    series.map_or(NO_SERIES, Into::into)
}

/// Records a measurement outside of spans.
#[wasm_bindgen]
pub fn record_measurement(telemetry: u32, series: u32, value: f64) {
    measure(telemetry, series, value, None);
}

/// Records a measurement within a span; `context` is the span's.
#[wasm_bindgen]
pub fn record_measurement_in_span(telemetry: u32, series: u32, value: f64, context: &[u8]) {
    let context = Flat::new(context).context();
    measure(telemetry, series, value, context.map(|(context, _)| context));
}

fn measure(telemetry: u32, series: u32, value: f64, context: Option<SpanContext>) {
    let is_earlier = record(telemetry, |telemetry, now| telemetry.record(now, series.into(), value, context));
    if is_earlier == Some(true) {
        arm();
    }
}

/// Makes points of all that was recorded: what is observed has been.
#[wasm_bindgen]
pub fn collect(telemetry: u32) {
    input(Input::Collect { telemetry });
}
