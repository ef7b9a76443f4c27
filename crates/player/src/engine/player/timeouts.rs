//! What follows when a timer of the player expires.

use super::{Player, StepContext};
use crate::engine::timers::{Timer, Timers};
use crate::engine::watchdog::Silence;
use crate::playback::{Event, PlayFailure, State};
use tonearm_base::time::{Duration, Instant};

/// Time between two heartbeats of a session.
const HEARTBEAT: Duration = Duration::from_secs(30);

impl Player {
    pub(in crate::engine) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    pub(in crate::engine) fn handle_timeout(&mut self, cx: &mut StepContext<'_>) {
        let mut round = Timers::round();
        while let Some((timer, due)) = self.timers.expired(&mut round, cx.now) {
            self.handle_timer(cx, timer, due);
            self.hold_timers();
        }
        self.watch_media(cx);
        self.hold_timers();
    }

    fn handle_timer(&mut self, cx: &mut StepContext<'_>, timer: Timer, due: Instant) {
        match timer {
            Timer::Autoplay => self.stop(cx, PlayFailure::NotAllowed),
            Timer::Arrival => self.nothing_arrived(cx),
            Timer::RateChange => self.stall_at_new_rate(cx),
            Timer::Retry => {
                let offset = self.media.recovery.offset();
                self.fetch(cx, offset);
            }
            Timer::Session => self.record_heartbeat(cx),
            Timer::LoopEnd => self.restart_loop(cx),
            Timer::Report => match self.output.watchdog.expire(&mut self.timers, due, cx.now) {
                Silence::Stalled if self.state() == State::Playing => {
                    // No sample since the last report is known to have been rendered.
                    let frames = self.timeline.position.frames();
                    self.timeline.position.report(cx.now, frames, false);
                    self.device_stall(cx, Event::WorkletSilent);
                }
                Silence::Lost => self.output_is_silent(cx),
                _ => {}
            },
            Timer::Worker => self.check_media(cx, due),
        }
    }

    /// Sets and holds the timers that depend on the player's state and position.
    pub(super) fn hold_timers(&mut self) {
        let (state, playing) = (self.state(), self.state() == State::Playing);
        // A paused player that has tried as often as one that plays nothing waits for the next play: nobody
        // needs the bytes before.
        let waits = state == State::Paused && self.media.recovery.is_exhausted();
        self.timers.hold(Timer::Retry, waits);
        self.timers.hold(Timer::Session, !self.is_active());
        self.timers.assign(Timer::LoopEnd, self.timeline.loop_due().filter(|_| playing));
    }

    /// The first heartbeat is recorded with the first play, and each further one 30 s of clock time later,
    /// while something is to be heard.
    pub(super) fn record_heartbeat(&mut self, cx: &mut StepContext<'_>) {
        if self.is_active() && self.timers.due(Timer::Session).is_none_or(|due| due <= cx.now) {
            self.timers.set(Timer::Session, cx.now + HEARTBEAT);
            self.attempt.trace.heartbeat(&mut cx.recorder);
        }
    }
}
