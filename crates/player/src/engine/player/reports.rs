//! What the worklet reports, and what follows for the player.

use super::{Player, SILENT_REQUEST, StepContext};
use crate::engine::output::WorkletCommand;
use crate::engine::report::Report;
use crate::engine::timers::Timer;
use crate::playback::{Command, Event, Input, PlayFailure, State};
use crate::qoe::StallCause;
use tonearm_base::time::Instant;

/// Seconds of buffered audio from which a gap is the decoder's and not the network's.
const BUFFERED_ENOUGH: f64 = 0.5;

impl Player {
    pub(super) fn handle_report(&mut self, cx: &mut StepContext<'_>, report: Report) {
        match report {
            Report::Audible { epoch, at, frames, method } if epoch == self.media.epoch => {
                self.advance(cx, at, frames);
                self.start_audible(cx, at, method);
            }
            // One that was on its way when the listener paused the track must not move it: the next one after
            // it says how far the output is.
            Report::Position { epoch, at, frames } if epoch == self.media.epoch && !self.paused() => {
                self.advance(cx, at, frames);
                self.expect_report(cx);
                if self.end_device_stall(cx, at) && self.state() == State::Rebuffering {
                    self.step(cx, Input::Event(Event::Audible));
                }
                // A hidden page has timers that are late; reports are not.
                if self.state() == State::Playing && self.timeline.loop_due().is_some_and(|due| due <= cx.now)
                {
                    self.restart_loop(cx);
                }
                if self.timeline.position.update_is_due(cx.now) {
                    self.dispatch(cx, "timeupdate");
                }
            }
            // It renders, whatever epoch the Worker has given it by now.
            Report::Waiting if !self.paused() => self.expect_report(cx),
            Report::MediaSilent { epoch } if epoch == self.media.epoch => self.suspect_media(cx),
            Report::GapStarted { epoch, at, frames } if epoch == self.media.epoch => {
                self.advance(cx, at, frames);
                self.timeline.position.report(at, frames, false);
                self.start_gap(cx, at);
            }
            // The gap of an epoch before is over too, though nothing else of it counts any more.
            Report::GapEnded { epoch, at, missing, audible } => {
                self.end_stall(cx, at, missing);
                if audible && epoch == self.media.epoch {
                    self.timers.clear(Timer::Arrival);
                    self.expect_report(cx);
                    self.step(cx, Input::Event(Event::Audible));
                    self.settle_plays(cx, Ok(()));
                }
            }
            Report::Ended { epoch, at, frames } if epoch == self.media.epoch => {
                self.advance(cx, at, frames);
                self.timeline.position.report(at, frames, false);
                self.timers.clear(Timer::Report);
                // A seek from here must not be audible before it is played.
                self.command_worklet(cx, WorkletCommand::Hold);
                self.timeline.end_of_track.output_epoch = epoch;
                self.end_if_over(cx);
            }
            _ => {}
        }
    }

    /// The first sample of a start, of a resume or of a new position is audible.
    fn start_audible(&mut self, cx: &mut StepContext<'_>, at: Instant, method: &'static str) {
        self.output.audible_epoch = self.media.epoch;
        for timer in [Timer::Autoplay, Timer::RateChange, Timer::Arrival] {
            self.timers.clear(timer);
        }
        self.end_device_stall(cx, at);
        self.expect_report(cx);
        self.attempt.start_audible(&mut cx.recorder, at, method, self.output.sample_rate());
        self.step(cx, Input::Event(Event::Audible));
        self.settle_plays(cx, Ok(()));
    }

    /// The output has no samples left.
    fn start_gap(&mut self, cx: &mut StepContext<'_>, at: Instant) {
        let ahead = self.timeline.buffered - self.current_time(cx.now);
        let cause = if ahead > BUFFERED_ENOUGH { StallCause::Decode } else { StallCause::Network };
        if let Some(failure) = self.attempt.deferred_failure.filter(|_| self.attempt.given_up.is_none()) {
            self.fail(cx, failure);
        } else if self.media.recovery.is_exhausted() {
            self.fail(cx, PlayFailure::Network);
        } else {
            self.set_limit(cx, SILENT_REQUEST);
            self.expect_report(cx);
            self.stall(cx, at, cause);
            self.underrun(cx);
        }
    }

    /// The output has no samples to play. The connection may have been lost while some were left: now there
    /// are none.
    pub(super) fn underrun(&mut self, cx: &mut StepContext<'_>) {
        self.step(cx, Input::Event(Event::Underflow));
        if self.timers.is_set(Timer::Retry) {
            self.step(cx, Input::Event(Event::ConnectionLost));
        }
    }

    /// Ends the play once both the output and the media plane have reported the end of the track: their
    /// reports have ports of their own, and either may be first.
    pub(super) fn end_if_over(&mut self, cx: &mut StepContext<'_>) {
        let (epoch, end) = (self.media.epoch, &self.timeline.end_of_track);
        let failure = self.attempt.deferred_failure;
        if end.output_epoch != epoch || (end.media_epoch != epoch && failure.is_none()) {
            return;
        }
        if let Some(failure) = failure {
            self.fail(cx, failure);
        } else if self.timeline.active_loop().is_some() {
            self.restart_loop(cx);
        } else {
            self.timeline.start_position = 0.0;
            self.end_play(cx, None);
            self.settle_plays(cx, Ok(()));
            self.step(cx, Input::Event(Event::Ended));
        }
    }

    /// Goes back to where the loop begins: the same play, and no seek of the listener's.
    pub(super) fn restart_loop(&mut self, cx: &mut StepContext<'_>) {
        if let Some(range) = self.timeline.active_loop() {
            self.timeline.start_position = range.start;
            self.step(cx, Input::Command(Command::Seek));
        }
    }
}
