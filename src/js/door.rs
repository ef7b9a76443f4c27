//! What the module exports. An instance has one core, which ends with it: functions, and no class that
//! somebody would have to free.
#![allow(unreachable_pub, reason = "wasm-bindgen exports nothing else")]

use std::cell::Cell;

use wasm_bindgen::prelude::*;
use web_sys::Performance;

use super::Core;
use crate::browser::Host;

thread_local! {
    static CORE: Cell<Option<&'static Core>> = const { Cell::new(None) };
}

/// The instance's core begins ([`Core::new`]).
#[wasm_bindgen]
pub fn begin(performance: Performance, seed_high: u64, seed_low: u64, host: Host) {
    CORE.set(Some(Box::leak(Box::new(Core::new(performance, seed_high, seed_low, host)))));
}

/// See [`Core::tell`]; 0 before the core began.
#[allow(clippy::too_many_arguments, reason = "a door for many")]
#[wasm_bindgen]
pub fn tell(what: u32, id: u32, a: f64, b: f64, c: f64, flag: bool, bytes: &[u8]) -> u32 {
    CORE.get().map_or(0, |core| core.tell(what, id, a, b, c, flag, bytes))
}

/// See [`Core::ask`]; nothing before the core began.
#[wasm_bindgen]
pub fn ask(what: u32, telemetry: u32, bytes: &[u8]) -> Vec<u8> {
    CORE.get().map_or_else(Vec::new, |core| core.ask(what, telemetry, bytes))
}

/// See [`Core::read`]; nothing before the core began.
#[wasm_bindgen(unchecked_return_type = "number[]")]
pub fn read(what: u32, id: u32) -> Vec<f64> {
    CORE.get().map_or_else(Vec::new, |core| core.read(what, id))
}
