//! Spans and log records of scripts, and what is kept of records for the next visit.

use wasm_bindgen::prelude::*;

use super::{DropReasonName, ExportSignal, arm, driver, input, millis, record};
use tonearm_base::time::Duration;
use tonearm_player::engine::Input;
use tonearm_telemetry::{Recovered, StoredLoss};

/// Takes over spans and log records in rows (`core/flat.ts`).
#[wasm_bindgen]
pub fn record_rows(telemetry: u32, rows: &[u8]) {
    if let Some(driver) = driver() {
        // The page may have slept since, or its clock have been set.
        driver.observe_clock();
    }
    if record(telemetry, |telemetry, now| telemetry.record_rows(now, rows)) == Some(true) {
        arm();
    }
}

/// Counts records that a script has dropped.
#[wasm_bindgen]
pub fn record_dropped(telemetry: u32, signal: ExportSignal, reason: DropReasonName, records: f64) {
    record(telemetry, |telemetry, _| telemetry.count_lost(signal.into(), reason.into(), records as u64));
}

/// Returns what is pending of a signal: request by request its number (0 was never sent), its records, their
/// age in seconds and the length of its body in four bytes each, then the body.
#[wasm_bindgen]
pub fn snapshot(telemetry: u32, signal: ExportSignal) -> Vec<u8> {
    let mut out = Vec::new();
    record(telemetry, |telemetry, now| {
        telemetry.snapshot(now, signal.into(), |id, records, age, body| {
            let age = (age.as_millis() / 1000) as u32;
            for number in [id, records as u32, age, body.len() as u32] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.extend_from_slice(body);
        });
    });
    out
}

/// Sends a request of an earlier visit again: its records, their age in seconds, its body.
#[wasm_bindgen]
pub fn recover(telemetry: u32, signal: ExportSignal, records: f64, age: f64, body: Vec<u8>) {
    let fate = Recovered::Sent { age: Duration::from_secs(age as u64) };
    input(Input::Recover { telemetry, signal: signal.into(), records: records as u64, body, fate });
}

/// Returns why a stored request of an earlier visit is not sent again, if it is not; `age` is in
/// milliseconds.
#[wasm_bindgen]
pub fn loss_of_stored(signal: ExportSignal, age: f64, may_have_arrived: bool) -> Option<DropReasonName> {
    StoredLoss::of(signal.into(), millis(age), may_have_arrived).map(|loss| match loss {
        StoredLoss::Expired => DropReasonName::Expired,
        StoredLoss::Unconfirmed => DropReasonName::Unconfirmed,
    })
}

/// Counts records of an earlier visit that are not sent again.
#[wasm_bindgen]
pub fn drop_recovered(telemetry: u32, signal: ExportSignal, records: f64, reason: DropReasonName) {
    let fate = Recovered::Lost(reason.into());
    let (records, body) = (records as u64, Vec::new());
    input(Input::Recover { telemetry, signal: signal.into(), records, body, fate });
}
