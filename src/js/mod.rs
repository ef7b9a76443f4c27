//! What JavaScript sees: the core's exports.
//!
//! The classes that apps use (`Player`, `Telemetry`) are hand-written JavaScript beside this file, since they must work
//! before the wasm is there; they hold a [`core::Core`] and queue their calls until they do.

mod core;

pub use core::Core;
