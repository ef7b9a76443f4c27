//! One play's totals: time heard, time waited, stalls.

use tonearm_base::time::Duration;

/// Why the music stopped by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallCause {
    /// The bytes did not come in time.
    Network,
    /// The bytes were there, the samples were not.
    Decode,
    /// The audio device or its context did not run.
    Device,
}

impl StallCause {
    /// The name that telemetry uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Decode => "decode",
            Self::Device => "device",
        }
    }
}

/// The totals of one play.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Audio that was heard: no silence, no stall, no skipped part.
    pub played: Duration,
    /// Silence between an underflow and the sample that ended it.
    pub stalled: Duration,
    /// Unintended stops after the start.
    pub stalls: u32,
    /// Packets that became silence.
    pub decode_failures: u32,
}
