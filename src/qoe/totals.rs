//! One play's totals: time heard, time waited, stalls.

use std::time::Duration;

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

impl Totals {
    /// Stalled time by all time that should have been music; 0 where there was none.
    pub fn stall_ratio(&self) -> f64 {
        let all = self.played + self.stalled;
        if all.is_zero() { 0.0 } else { self.stalled.as_secs_f64() / all.as_secs_f64() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_of_sums() {
        let seconds = Duration::from_secs;
        let totals = Totals { played: seconds(9), stalled: seconds(1), ..Totals::default() };
        assert!((totals.stall_ratio() - 0.1).abs() < 1e-12);
        assert!(Totals::default().stall_ratio().abs() < 1e-12);
    }
}
