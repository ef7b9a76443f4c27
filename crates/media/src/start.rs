//! When the output may begin: at the first 50 ms of samples if the bytes come much faster than they are
//! played, later if a stall would follow. The same rule serves a start, a seek and the end of a stall.

/// Audio that is enough where bytes come at twice the rate at which they are played, in seconds.
const ENOUGH_WHEN_FAST: f64 = 0.05;
/// Audio to wait for where they come faster than they are played, but not twice as fast, in seconds.
const ENOUGH_WHEN_EVEN: f64 = 0.35;
/// Audio to wait for where the link is slower than the track, in seconds: each stall costs its wait again, so
/// a longer one gives fewer stalls for the same silence.
const ENOUGH_WHEN_SLOW: f64 = 1.0;

/// How fast media has come in: seconds of audio by seconds of time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arrival {
    /// Seconds of audio in the bytes received since the first one of the request.
    pub media: f64,
    /// Seconds of time since then.
    pub elapsed: f64,
}

/// Whether the output may begin with `ready` seconds of decoded audio; `complete` says that no more will
/// come.
pub fn may_start(ready: f64, complete: bool, arrival: Arrival) -> bool {
    let speed = if arrival.elapsed > 0.0 { arrival.media / arrival.elapsed } else { f64::INFINITY };
    let enough = if speed >= 2.0 {
        ENOUGH_WHEN_FAST
    } else if speed >= 1.1 {
        ENOUGH_WHEN_EVEN
    } else {
        ENOUGH_WHEN_SLOW
    };
    ready >= enough || (complete && ready > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_link_starts_at_fifty_milliseconds() {
        let fast = Arrival { media: 0.5, elapsed: 0.2 };
        assert!(may_start(0.05, false, fast));
        assert!(!may_start(0.02, false, fast));
        assert!(may_start(0.02, true, fast));
        assert!(!may_start(0.0, true, fast));
    }

    #[test]
    fn a_slow_link_waits() {
        assert!(!may_start(0.3, false, Arrival { media: 0.5, elapsed: 0.4 }));
        assert!(may_start(0.4, false, Arrival { media: 0.5, elapsed: 0.4 }));
        assert!(!may_start(0.9, false, Arrival { media: 0.9, elapsed: 1.2 }));
        assert!(may_start(1.0, false, Arrival { media: 1.0, elapsed: 1.3 }));
    }
}
