//! What every part of Tonearm counts with: time as data, seeded random numbers, small maps, text.
//!
//! Knows nothing of audio, of telemetry or of a browser, and reads no clock.

pub mod decimal;
pub mod random;
pub mod small_map;
pub mod text;
pub mod time;
