//! The deadlines of one player, as data: one table with a row for each [`Timer`].
//!
//! Owns when each is due, and whether it is held. Does not know what happens then, and reads no clock.

use tonearm_base::time::Instant;

/// What a player waits for. Those that have passed together are handled in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The audio context does not run: the play fails with `NotAllowedError`.
    Autoplay,
    /// Nothing arrives: the request, the resolver, the output or a file of the package has failed.
    Arrival,
    /// No sample at a new playback rate has arrived: the player stalls.
    RateChange,
    /// The media request that follows one that failed is sent.
    Retry,
    /// Another 30 s of the session are over: its heartbeat is recorded.
    Session,
    /// The end of the loop is reached: the player goes back to its start.
    LoopEnd,
    /// A report of the worklet is overdue: the player stalls, then the output is lost.
    Report,
    /// The Worker sends nothing: it is pinged, then it is lost.
    Worker,
}

impl Timer {
    /// Every timer, in the order of the table.
    pub(super) const ALL: [Self; 8] = [
        Self::Autoplay,
        Self::Arrival,
        Self::RateChange,
        Self::Retry,
        Self::Session,
        Self::LoopEnd,
        Self::Report,
        Self::Worker,
    ];
}

/// One pass over the table.
pub(super) type Round = std::slice::Iter<'static, Timer>;

/// One row of the table.
#[derive(Debug, Default)]
struct Row {
    due: Option<Instant>,
    held: bool,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Timers([Row; Timer::ALL.len()]);

impl Timers {
    /// Sets when a timer is due; a time that was set before is replaced.
    pub(super) fn set(&mut self, timer: Timer, due: Instant) {
        self.assign(timer, Some(due));
    }

    /// The timer is not due at all.
    pub(super) fn clear(&mut self, timer: Timer) {
        self.assign(timer, None);
    }

    /// Sets a timer, or clears it.
    pub(super) fn assign(&mut self, timer: Timer, due: Option<Instant>) {
        self.0[timer as usize].due = due;
    }

    /// When a timer is due, held or not.
    pub(super) fn due(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize].due
    }

    /// Whether a timer is set, held or not.
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.due(timer).is_some()
    }

    /// Holds a timer, or releases it. One that is held keeps its time and does not expire.
    pub(super) fn hold(&mut self, timer: Timer, held: bool) {
        self.0[timer as usize].held = held;
    }

    /// When the first of them expires.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().filter(|row| !row.held).filter_map(|row| row.due).min()
    }

    /// Begins a pass over the table, for [`Timers::expired`].
    pub(super) fn round() -> Round {
        Timer::ALL.iter()
    }

    /// Takes the next timer of the round that has expired at `now`, and when it was due. A round passes each
    /// timer once: what is set meanwhile in a row that it has passed waits for another round.
    pub(super) fn expired(&mut self, round: &mut Round, now: Instant) -> Option<(Timer, Instant)> {
        round.find_map(|&timer| {
            let row = &mut self.0[timer as usize];
            row.due.take_if(|due| !row.held && *due <= now).map(|due| (timer, due))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis as f64)
    }

    /// What expires at a time, in one round.
    fn expire(timers: &mut Timers, now: u64) -> Vec<(Timer, Instant)> {
        let mut round = Timers::round();
        std::iter::from_fn(|| timers.expired(&mut round, at(now))).collect()
    }

    #[test]
    fn each_timer_has_a_row_of_its_own() {
        let mut timers = Timers::default();
        for (row, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, row);
            timers.set(timer, at(row as u64));
        }
        assert!(Timer::ALL.into_iter().all(|timer| timers.due(timer) == Some(at(timer as u64))));
    }

    #[test]
    fn the_next_timeout_is_the_earliest_of_the_table() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        timers.set(Timer::Retry, at(300));
        timers.set(Timer::Worker, at(200));
        timers.set(Timer::Autoplay, at(400));
        assert_eq!(timers.next(), Some(at(200)));
        timers.clear(Timer::Worker);
        assert_eq!(timers.next(), Some(at(300)));
        timers.clear(Timer::Retry);
        timers.clear(Timer::Autoplay);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_timer_that_is_set_twice_expires_once_and_at_the_time_set_last() {
        for (first, second) in [(100, 200), (200, 100)] {
            let mut timers = Timers::default();
            timers.set(Timer::Arrival, at(first));
            timers.set(Timer::Arrival, at(second));
            assert_eq!(timers.next(), Some(at(second)));
            assert_eq!(expire(&mut timers, second - 1), []);
            assert_eq!(expire(&mut timers, second), [(Timer::Arrival, at(second))]);
            assert_eq!(expire(&mut timers, 1000), []);
        }
    }

    #[test]
    fn timers_that_pass_together_expire_in_the_order_of_the_table() {
        let mut timers = Timers::default();
        timers.set(Timer::Worker, at(100));
        timers.set(Timer::Retry, at(300));
        timers.set(Timer::Autoplay, at(200));
        timers.set(Timer::Session, at(301));
        let expired = [(Timer::Autoplay, at(200)), (Timer::Retry, at(300)), (Timer::Worker, at(100))];
        assert_eq!(expire(&mut timers, 300), expired);
        assert_eq!(timers.next(), Some(at(301)));
    }

    #[test]
    fn a_round_takes_what_is_set_ahead_of_it_and_leaves_what_is_set_before() {
        let mut timers = Timers::default();
        timers.set(Timer::Retry, at(100));
        let mut round = Timers::round();
        assert_eq!(timers.expired(&mut round, at(100)), Some((Timer::Retry, at(100))));
        for timer in [Timer::Arrival, Timer::Retry, Timer::Session] {
            timers.set(timer, at(50));
        }
        assert_eq!(timers.expired(&mut round, at(100)), Some((Timer::Session, at(50))));
        assert_eq!(timers.expired(&mut round, at(100)), None);
        assert_eq!(expire(&mut timers, 100), [(Timer::Arrival, at(50)), (Timer::Retry, at(50))]);
    }

    #[test]
    fn a_timer_that_is_held_keeps_its_time_and_does_not_expire() {
        let mut timers = Timers::default();
        timers.set(Timer::Session, at(100));
        timers.set(Timer::Report, at(500));
        timers.hold(Timer::Session, true);
        assert_eq!(timers.next(), Some(at(500)));
        assert_eq!(expire(&mut timers, 200), []);
        assert!(timers.is_set(Timer::Session));
        timers.hold(Timer::Session, false);
        assert_eq!(timers.next(), Some(at(100)));
        assert_eq!(expire(&mut timers, 200), [(Timer::Session, at(100))]);
    }
}
