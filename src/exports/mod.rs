//! What the module exports, by theme. An instance has one core, which ends with it: functions, and no class
//! that JavaScript would have to free. Before [`lifecycle::begin`] they do nothing, and read what a player or
//! a pipeline is that does not exist.
//!
//! A function here borrows nothing for longer than it works; a call from within a callback works.
//!
//! The classes that apps use (`Player`, `Telemetry`) are TypeScript (`pkg/src`), since they must work
//! before the wasm is there; `core/client.ts` is what they call these functions by.
#![allow(unreachable_pub, reason = "wasm-bindgen exports nothing else")]

pub mod account;
pub mod export;
pub mod lifecycle;
pub mod metrics;
pub mod output;
pub mod player;
#[cfg(feature = "full")]
pub mod policy;
pub mod reads;
pub mod records;
pub mod telemetry;

pub use crate::browser::names::{
    AudibleMethod, AudioState, ConsentState, DropReasonName, EndpointState, ExportFailure, ExportSignal,
    InstrumentKind, PlayStatistic, PlayerEngine, PlayerState, Preload, ProblemName, RecordState, Trigger,
};
pub use crate::browser::{PageHost, PipelineHost, PlayerHost};

use std::cell::Cell;

use crate::browser::Driver;
use tonearm_base::time::{Duration, Instant};
use tonearm_player::engine::{Input, PlayerId, PlayerInput, TelemetryId};
use tonearm_telemetry::Telemetry;

thread_local! {
    static DRIVER: Cell<Option<&'static Driver>> = const { Cell::new(None) };
}

/// The instance's driver, once it has begun.
fn driver() -> Option<&'static Driver> {
    DRIVER.get()
}

#[inline(never)]
fn input(input: Input) {
    if let Some(driver) = driver() {
        driver.input(input);
    }
}

#[inline(never)]
fn player_input(id: PlayerId, input: PlayerInput) {
    self::input(Input::Player { id, input });
}

/// Records in a pipeline, if there is one of that id. Nothing follows at once.
fn record<T>(telemetry: TelemetryId, record: impl FnOnce(&mut Telemetry, Instant) -> T) -> Option<T> {
    driver()?.record(telemetry, record)
}

/// Sets the timer anew, where what was recorded made something due earlier.
fn arm() {
    if let Some(driver) = driver() {
        driver.arm();
    }
}

/// A span of time, of milliseconds that are not negative.
fn millis(millis: f64) -> Duration {
    Duration::from_millis(millis as u64)
}
