//! Pipelines: their options, their session, what the app says of its context.

use tonearm_base::text::latin1;
use wasm_bindgen::prelude::*;

use super::{PipelineHost, driver, input, millis, record};
use tonearm_player::engine::Input;
use tonearm_telemetry::{Batch, Config, EarlierSession, Flat, Severity};

/// The field of attributes of a resource, and of attributes that stand alone.
const RESOURCE_ATTRIBUTES: u32 = 1;

/// Reads pairs of a text and a number, to the end.
fn levels(mut flat: Flat<'_>) -> Vec<(Vec<u8>, Severity)> {
    let mut levels = Vec::new();
    while !flat.is_empty() {
        levels.push((flat.bytes().to_vec(), flat.number() as Severity));
    }
    levels
}

/// Creates a pipeline. Times are in milliseconds, `max_batch_size` and `max_queue_size` in records; `gzip`,
/// `cumulative` and `spools` say whether bodies are compressed, sums go on from one collection to the next,
/// and what is pending is kept for the next visit. `about` are attributes of the resource, attributes of the
/// client, and pairs of an event name's beginning and the least `SeverityNumber` of its log records.
#[allow(clippy::too_many_arguments, reason = "the options of an app")]
#[wasm_bindgen]
pub fn create_telemetry(
    telemetry: u32,
    host: PipelineHost,
    scheduled_delay: f64,
    max_batch_size: u32,
    max_queue_size: u32,
    export_timeout: f64,
    metric_interval: f64,
    gzip: bool,
    cumulative: bool,
    spools: bool,
    about: &[u8],
) {
    let mut flat = Flat::new(about);
    if let Some(driver) = driver() {
        driver.add_pipeline(telemetry, host);
    }
    let batch = Batch {
        delay: millis(scheduled_delay),
        size: max_batch_size as usize,
        queue_size: max_queue_size as usize,
        timeout: millis(export_timeout),
        metric_interval: millis(metric_interval),
        ..Batch::default()
    };
    let config = Config {
        cumulative,
        spools,
        gzip,
        batch,
        resource: flat.encoded(RESOURCE_ATTRIBUTES),
        client: flat.encoded(RESOURCE_ATTRIBUTES),
        levels: levels(flat),
        ..Config::default()
    };
    input(Input::CreateTelemetry { id: telemetry, config });
}

/// Ends a pipeline, with what it holds; its host is called no more.
#[wasm_bindgen]
pub fn destroy_telemetry(telemetry: u32) {
    input(Input::DestroyTelemetry { id: telemetry });
    if let Some(driver) = driver() {
        driver.remove_pipeline(telemetry);
    }
}

/// Begins the pipeline's session, or goes on with that of another pipeline of the service, or with one of the
/// tab's last page that is not over: how long ago it began and was kept last, in milliseconds, and whether it
/// was counted. `names` are the service and the session's id, empty for none.
#[wasm_bindgen]
pub fn begin_session(telemetry: u32, names: &[u8], age: f64, idle: f64, counted: bool) {
    let mut flat = Flat::new(names);
    let (service, id) = (latin1(flat.bytes()), latin1(flat.bytes()));
    let earlier =
        (!id.is_empty()).then(|| EarlierSession { id, age: millis(age), idle: millis(idle), counted });
    input(Input::BeginSession { telemetry, service, earlier });
}

/// Sets attributes of the app: those of records of all signals, then those of spans and logs alone.
#[wasm_bindgen]
pub fn set_context(telemetry: u32, attributes: &[u8]) {
    let mut flat = Flat::new(attributes);
    let (shared, own) = (flat.encoded(RESOURCE_ATTRIBUTES), flat.encoded(RESOURCE_ATTRIBUTES));
    record(telemetry, |telemetry, _| {
        telemetry.set_context(&[shared.as_slice(), &own].concat(), shared.len());
    });
}
