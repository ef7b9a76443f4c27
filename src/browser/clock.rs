//! The page's two clocks (High Resolution Time; ECMAScript `Date`).

use web_sys::Performance;

use tonearm_base::time::Instant;

/// `performance.now()`.
pub(super) fn now(performance: &Performance) -> Instant {
    Instant::from_millis(performance.now())
}

/// `Date.now()`, in Unix milliseconds.
pub(super) fn wall_millis() -> f64 {
    js_sys::Date::now()
}
