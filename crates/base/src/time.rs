//! Instants as data, and the line from page time to Unix time.
//!
//! Owns no clock: every instant comes in from the host.

use std::ops::{Add, AddAssign, Div};

/// A length of time in nanoseconds. The standard library's keeps seconds apart: three times the code for each
/// sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Duration(u64);

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// So many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// So many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// So much less, at least nothing.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Div<u64> for Duration {
    type Output = Self;
    fn div(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

/// A point of page time: nanoseconds since the page's time origin (High Resolution Time, section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Instant(u64);

impl Instant {
    /// The time origin itself.
    pub const ORIGIN: Self = Self(0);

    /// The instant that `performance.now()` calls `millis`; the origin where that is negative or no number.
    pub fn from_millis(millis: f64) -> Self {
        Self((millis * 1e6) as u64)
    }

    /// Milliseconds since the time origin.
    pub fn as_millis(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Time since `earlier`; zero where that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }
}

/// Where page time lies on the Unix time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockAnchor {
    /// The time origin on the wall clock's line, as it is now.
    origin_unix_nanos: u64,
    /// The time origin as the page has it: it never moves, and other threads of the page count from the same
    /// line.
    page_origin_nanos: u64,
}

/// Distance between page clock and wall clock from which the anchor is set anew: `performance.now()` may stop
/// while a laptop sleeps.
const MAX_DRIFT_NANOS: u64 = 1_000_000_000;

impl ClockAnchor {
    /// The anchor for `performance.timeOrigin`, in Unix milliseconds. Whole and broken milliseconds are
    /// scaled apart: as one `f64` of nanoseconds they would lose their last digits.
    pub fn at_origin(millis: f64) -> Self {
        let whole = millis.trunc();
        let origin_unix_nanos =
            (whole as u64).saturating_mul(1_000_000).saturating_add(((millis - whole) * 1e6) as u64);
        Self { origin_unix_nanos, page_origin_nanos: origin_unix_nanos }
    }

    /// Compares both clocks, and anchors anew where they parted by more than a second.
    pub fn observe(&mut self, now: Instant, wall_millis: f64) {
        let wall = Self::at_origin(wall_millis).origin_unix_nanos;
        if self.unix_nanos(now).abs_diff(wall) > MAX_DRIFT_NANOS {
            self.origin_unix_nanos = wall.saturating_sub(now.0);
        }
    }

    /// The instant in nanoseconds since the Unix epoch.
    pub fn unix_nanos(self, at: Instant) -> u64 {
        self.origin_unix_nanos.saturating_add(at.0)
    }

    /// The instant of a time in Unix nanoseconds.
    pub fn instant_of_nanos(self, unix_nanos: u64) -> Instant {
        Instant(unix_nanos.saturating_sub(self.origin_unix_nanos))
    }

    /// The instant that another thread of the page calls `unix_millis`.
    pub fn instant(self, unix_millis: f64) -> Instant {
        Instant(Self::at_origin(unix_millis).origin_unix_nanos.saturating_sub(self.page_origin_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_time_keeps_its_nanoseconds() {
        let anchor = ClockAnchor::at_origin(1_795_000_000_000.25);
        let at = Instant::from_millis(12.5);
        assert_eq!(anchor.unix_nanos(at), 1_795_000_000_012_750_000);
        assert_eq!(anchor.instant(1_795_000_000_012.75), at);
    }

    #[test]
    fn anchors_anew_after_sleep_alone() {
        let mut anchor = ClockAnchor::at_origin(1000.0);
        let now = Instant::from_millis(500.0);
        anchor.observe(now, 2400.0);
        assert_eq!(anchor.unix_nanos(now), 1_500_000_000);
        anchor.observe(now, 10_000.0);
        assert_eq!(anchor.unix_nanos(now), 10_000_000_000);
        // The Worker's clock did not jump with the wall's.
        assert_eq!(anchor.instant(1500.0), now);
    }

    #[test]
    fn nonsense_is_clamped() {
        assert_eq!(Instant::from_millis(-3.0), Instant::ORIGIN);
        assert_eq!(Instant::from_millis(f64::NAN), Instant::ORIGIN);
        assert_eq!(Instant::ORIGIN.since(Instant::from_millis(1.0)), Duration::ZERO);
    }
}
