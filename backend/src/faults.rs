//! What can be made to go wrong: by switches that the demo page sets for everyone, or by a request's own
//! query, so that tests do not disturb each other.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// Faults of one response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Faults {
    /// Wait before the head, in milliseconds.
    pub(crate) latency: u64,
    /// Cap of the bandwidth, in kbit/s; 0 is none.
    pub(crate) rate: u64,
    /// Answer with this status instead.
    pub(crate) status: u16,
    /// Cut the connection after this percentage of the body, where the request began at the file's start.
    pub(crate) cut: u64,
    /// Serve only this percentage of the file, as if that were all of it.
    pub(crate) truncate: u64,
    /// Corrupt this many bytes in a thousand.
    pub(crate) corrupt: u64,
    /// Which bytes those are.
    pub(crate) seed: u64,
    /// Serve no ranges.
    pub(crate) no_ranges: bool,
}

/// Milliseconds that a head may be held back.
const MAX_LATENCY: u64 = 600_000;
/// kbit/s: beyond it a link is as fast as it goes.
pub(crate) const MAX_RATE: u64 = 100_000_000;

impl Faults {
    /// The same with every number within what it stands for: they come from a query.
    fn bounded(self) -> Self {
        Self {
            latency: self.latency.min(MAX_LATENCY),
            rate: self.rate.min(MAX_RATE),
            cut: self.cut.min(100),
            truncate: self.truncate.min(100),
            corrupt: self.corrupt.min(1000),
            ..self
        }
    }
}

/// A percentage of a length.
pub(crate) fn percent(length: usize, percentage: u64) -> usize {
    (length as u128 * u128::from(percentage.min(100)) / 100) as usize
}

/// The switches of the demo page.
#[derive(Default)]
pub(crate) struct Switches(Mutex<Faults>);

impl Switches {
    pub(crate) fn get(&self) -> Faults {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn set(&self, faults: Faults) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = faults;
    }

    /// The faults of one request: its own where it names any, the page's otherwise.
    pub(crate) fn of(&self, own: Faults) -> Faults {
        if own == Faults::default() { self.get() } else { own }.bounded()
    }
}

/// Changes bytes of `piece`, which begins at `offset` of the file: the same ones however the file is cut. The
/// first four kilobytes, with the tags and the information frame, is left alone.
pub(crate) fn corrupt(piece: &mut [u8], offset: usize, faults: Faults) {
    for (at, byte) in piece.iter_mut().enumerate().filter(|(at, _)| offset + at > 4096) {
        let mut z = (offset + at) as u64 ^ faults.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        if z % 1000 < faults.corrupt {
            *byte ^= (z >> 32) as u8 | 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_query_are_bounded() {
        let most = u64::MAX;
        let own = Faults {
            latency: most,
            rate: most,
            cut: most,
            truncate: most,
            corrupt: most,
            seed: most,
            ..Faults::default()
        };
        let bounded =
            Faults { latency: MAX_LATENCY, rate: MAX_RATE, cut: 100, truncate: 100, corrupt: 1000, ..own };
        assert_eq!(Switches::default().of(own), bounded);
        let switches = Switches::default();
        switches.set(own);
        assert_eq!(switches.of(Faults::default()), bounded);
    }

    #[test]
    fn a_percentage_is_of_the_whole_at_most() {
        assert_eq!(
            (percent(200, 50), percent(200, u64::MAX), percent(usize::MAX, 100)),
            (100, 200, usize::MAX)
        );
    }
}
