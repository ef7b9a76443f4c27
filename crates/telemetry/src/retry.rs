//! The one retry policy: exponential backoff with jitter, which the server may lengthen and not shorten.

use tonearm_base::random::Random;
use tonearm_base::time::Duration;

/// Attempts beside the first one: four minutes of them. Meanwhile nothing else goes to that endpoint, and of
/// one that was given up the next request waits as long from its first failure on: a dead endpoint is asked
/// every half a minute.
const MAX_RETRIES: u32 = 12;
/// So many failures lead to the longest wait.
pub(super) const STEADY: u32 = 5;
/// Wait before the first retry; each further one doubles it.
const INITIAL: Duration = Duration::from_secs(1);
/// The longest wait that we choose ourselves.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait that a server can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(86_400);

/// What a response says of time, as its host has read it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ResponseTimes {
    /// `Retry-After` as seconds.
    pub retry_after: Option<f64>,
    /// `Retry-After` as a date, in Unix milliseconds.
    pub retry_at: Option<f64>,
    /// `Date`, in Unix milliseconds.
    pub date: Option<f64>,
}

impl ResponseTimes {
    /// The wait that a server asks for (RFC 9110, section 10.2.3), none negative. A date is one of the
    /// server's clock, which is `skew` milliseconds ahead of the page's.
    pub(super) fn wait(self, wall_millis: f64, skew: f64) -> Option<Duration> {
        let seconds = self.retry_after.or_else(|| Some((self.retry_at? - wall_millis - skew) / 1000.0))?;
        Some(Duration::from_millis((seconds.clamp(0.0, LONGEST_ASKED.as_secs_f64()) * 1000.0) as u64))
    }
}

/// How long to wait before retry number `retry` (0 is the first); `None` where there is none left. Of an
/// endpoint that has failed `known` times before, it is no shorter than after so many.
pub(super) fn wait(retry: u32, known: u32, asked: Option<Duration>, random: &mut Random) -> Option<Duration> {
    if retry >= MAX_RETRIES {
        return None;
    }
    let longest = Duration::from_nanos(INITIAL.as_nanos() << retry.max(known).min(8)).min(LONGEST);
    // Half fixed, half drawn: listeners whose Collector came back must not return in step.
    let backoff =
        longest / 2 + Duration::from_nanos((longest.as_nanos() as f64 * random.unit() / 2.0) as u64);
    Some(asked.unwrap_or(Duration::ZERO).min(LONGEST_ASKED).max(backoff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_jitter_and_end() {
        let mut random = Random::seeded([1, 1]);
        for retry in 0..MAX_RETRIES {
            let longest = f64::from(1 << retry).min(30.0);
            let wait = wait(retry, 0, None, &mut random).unwrap().as_secs_f64();
            assert!((longest / 2.0..=longest).contains(&wait), "retry {retry}: {wait}");
        }
        assert_eq!(wait(MAX_RETRIES, 0, None, &mut random), None);
    }

    #[test]
    fn a_date_is_one_of_the_clock_that_wrote_it() {
        let now = 1e12;
        let wait = |retry_after: Option<f64>, retry_at: Option<f64>, skew: f64| {
            ResponseTimes { retry_after, retry_at, date: None }.wait(now, skew).map(Duration::as_millis)
        };
        for skew in [-3_600_000.0, 0.0, 300_000.0] {
            assert_eq!(wait(None, Some(now + skew + 10_000.0), skew), Some(10_000));
            assert_eq!(wait(None, Some(now + skew - 2000.0), skew), Some(0));
        }
        assert_eq!(wait(Some(2.0), None, 300_000.0), Some(2000));
        for longest in [f64::INFINITY, 1e300, 86_401.0] {
            assert_eq!(wait(Some(longest), None, 0.0), Some(86_400_000));
            assert_eq!(wait(None, Some(1000.0 * longest + now), 0.0), Some(86_400_000));
        }
        assert_eq!(wait(None, None, 0.0), None);
    }

    #[test]
    fn the_server_is_heeded_within_reason() {
        let mut random = Random::seeded([1, 1]);
        assert_eq!(wait(0, 0, Some(Duration::from_secs(7)), &mut random), Some(Duration::from_secs(7)));
        assert_eq!(wait(0, 0, Some(Duration::from_secs(90_000)), &mut random), Some(LONGEST_ASKED));
        // A wait of nothing, or of a date that has passed, leaves the backoff as it is.
        for retry in 0..MAX_RETRIES {
            let wait = wait(retry, 0, Some(Duration::ZERO), &mut random).unwrap().as_secs_f64();
            assert!(wait >= f64::from(1 << retry).min(30.0) / 2.0, "retry {retry}: {wait}");
        }
    }
}
