//! The page's two clocks (High Resolution Time; ECMAScript `Date`).

use crate::time::Instant;

/// `performance.now()`.
pub(crate) fn now() -> Instant {
    let performance = web_sys::window().and_then(|window| window.performance());
    Instant::from_millis(performance.map_or(0.0, |performance| performance.now()))
}

/// `Date.now()`, in Unix milliseconds.
pub(crate) fn wall_millis() -> f64 {
    js_sys::Date::now()
}
