//! What JavaScript sees: the core's exports.
//!
//! The classes that apps use (`Player`, `Telemetry`) are hand-written JavaScript beside this file, since they
//! must work before the wasm is there; they hold the functions of `door` and queue their calls until they do.

mod core;
mod door;

pub use core::Core;
