//! What a pipeline is at this moment: where its records are, and its session. Numbers of records are whole; 0
//! where there is no pipeline.

use wasm_bindgen::prelude::*;

use super::{DropReasonName, EndpointState, ExportSignal, RecordState, driver};
use tonearm_telemetry::{Account, DropReason, Endpoint};

/// All that is read of a pipeline but its account: one function that makes it weighs less than one for each.
struct Figures {
    endpoint: Endpoint,
    open_spans: u64,
    session_id: String,
    session_counted: bool,
    clock_skew: Option<f64>,
}

#[inline(never)]
fn figures(telemetry: u32) -> Option<Figures> {
    driver()?.read(|engine, _| {
        let pipeline = engine.pipeline(telemetry)?;
        Some(Figures {
            endpoint: pipeline.endpoint(),
            open_spans: pipeline.open_spans(),
            session_id: pipeline.session_id(),
            session_counted: pipeline.session_counted(),
            clock_skew: pipeline.clock_skew(),
        })
    })
}

#[inline(never)]
fn account(telemetry: u32, signal: ExportSignal) -> Account {
    driver()
        .map(|driver| driver.read(|engine, _| engine.account(telemetry, signal.into())))
        .unwrap_or_default()
}

/// Returns how many records of a signal are in a state.
#[wasm_bindgen]
pub fn count_records(telemetry: u32, signal: ExportSignal, state: RecordState) -> f64 {
    let account = account(telemetry, signal);
    let count = match state {
        RecordState::Started => account.started,
        RecordState::Recovered => account.recovered,
        RecordState::Exported => account.exported,
        _ => account.pending,
    };
    count as f64
}

/// Returns how many records of a signal were dropped for a reason.
#[wasm_bindgen]
pub fn count_dropped(telemetry: u32, signal: ExportSignal, reason: DropReasonName) -> f64 {
    account(telemetry, signal).dropped(reason.into()) as f64
}

/// Returns whether records that are dropped for a reason failed to arrive, which no option asks for.
#[wasm_bindgen]
pub fn is_failure(reason: DropReasonName) -> bool {
    DropReason::from(reason).is_failure()
}

/// Returns how many spans are open, which no flush exports.
#[wasm_bindgen]
pub fn open_spans(telemetry: u32) -> f64 {
    figures(telemetry).map_or(0, |figures| figures.open_spans) as f64
}

/// Returns how the endpoints took the last requests: the worst of them.
#[wasm_bindgen]
pub fn endpoint_state(telemetry: u32) -> EndpointState {
    figures(telemetry).map_or(Endpoint::Well, |figures| figures.endpoint).into()
}

/// Returns how far the endpoint's clock is ahead of the page's, in milliseconds; NaN where no response has
/// stated it.
#[wasm_bindgen]
pub fn clock_skew(telemetry: u32) -> f64 {
    figures(telemetry).and_then(|figures| figures.clock_skew).unwrap_or(f64::NAN)
}

/// Returns the id of the session; empty where there is none.
#[wasm_bindgen]
pub fn session_id(telemetry: u32) -> String {
    figures(telemetry).map(|figures| figures.session_id).unwrap_or_default()
}

/// Returns whether the session was counted.
#[wasm_bindgen]
pub fn session_counted(telemetry: u32) -> bool {
    figures(telemetry).is_some_and(|figures| figures.session_counted)
}
