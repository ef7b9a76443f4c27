//! What the listener lived through, in figures: from transitions and worklet reports alone.
//!
//! Knows no telemetry and no browser.

mod startup;
mod totals;

pub use startup::{Phase, StartUp};
pub use totals::{StallCause, Totals};
