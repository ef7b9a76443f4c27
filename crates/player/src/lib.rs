//! The player without a browser: decides, measures and records.
//!
//! Each module is a floor (docs/architecture.md) and imports from lower floors alone: the state table
//! ([`playback`]), quality of experience ([`qoe`]), the records of a play ([`instrumentation`]), and the
//! engine that composes them ([`engine`]). Nothing here reads a clock, draws a random number or does I/O.

pub mod engine;
pub mod instrumentation;
pub mod playback;
pub mod qoe;
