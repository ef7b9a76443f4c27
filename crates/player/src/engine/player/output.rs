//! What the audio output says, and what follows for the player.

use super::{CONTEXT_WAIT, Edge, Player, SILENT_REQUEST};
use crate::engine::input::{ContextState, Report};
use crate::engine::output::WorkletCommand;
use crate::playback::{Command, Event, Input, PlayFailure, State};
use crate::qoe::{Phase, StallCause};
use tonearm_base::time::{Duration, Instant};

/// How long so many frames are.
fn duration_of(frames: u64, rate: u32) -> Duration {
    Duration::from_nanos(frames.saturating_mul(1_000_000_000) / u64::from(rate.max(1)))
}

impl Player {
    pub(super) fn output_ready(&mut self, edge: &mut Edge<'_>, rate: u32, state: ContextState) {
        self.output = Some((rate, state));
        self.output_lost = false;
        self.arm_refusal(edge);
        if let Some(url) = self.waiting_url.take() {
            self.open(edge, url);
        }
    }

    /// Where sound is wanted and the context does not run, it has so long to begin.
    pub(super) fn arm_refusal(&mut self, edge: &Edge<'_>) {
        let Some((_, state)) = self.output else { return };
        let wanted =
            matches!(self.state(), State::Starting | State::Recovering | State::Seeking) && !self.paused();
        let (active, passive) = CONTEXT_WAIT;
        let wait = if self.request.is_some_and(|request| request.activation) { active } else { passive };
        self.refusal =
            (wanted && state != ContextState::Running).then(|| self.refusal.unwrap_or(edge.now + wait));
    }

    pub(super) fn context_changed(&mut self, edge: &mut Edge<'_>, state: ContextState) {
        if state == ContextState::Closed {
            self.output_lost = true;
            self.fail_if_wanted(edge, PlayFailure::OutputLost);
            return;
        }
        let Some((_, known)) = self.output.as_mut() else { return };
        if std::mem::replace(known, state) == state {
            return;
        }
        if state == ContextState::Running {
            self.refusal = None;
            if !self.paused() {
                self.expect_report(edge);
            }
            self.step(edge, Input::Event(Event::ContextRunning));
        } else {
            self.watchdog.rest();
            self.device_stall(edge, Event::ContextLeft);
            self.arm_refusal(edge);
        }
    }

    /// The output stopped by itself, with samples in the ring.
    pub(super) fn device_stall(&mut self, edge: &mut Edge<'_>, event: Event) {
        self.position.hold(edge.now);
        let playing = self.state() == State::Playing;
        if playing {
            self.device_silent.get_or_insert(edge.now);
        }
        self.step(edge, Input::Event(event));
        if playing {
            self.stall(edge, edge.now, StallCause::Device);
        }
    }

    /// The output goes on, or is not wanted any more; says whether it had been silent by itself.
    pub(super) fn end_device_stall(&mut self, edge: &mut Edge<'_>, at: Instant) -> bool {
        let Some(since) = self.device_silent.take() else { return false };
        let (rate, _) = self.output.unwrap_or((0, ContextState::Closed));
        let frames = (at.since(since).as_secs_f64() * f64::from(rate)) as u64;
        self.stall_ended(edge, at, frames);
        true
    }

    pub(super) fn stall(&mut self, edge: &mut Edge<'_>, at: Instant, cause: StallCause) {
        self.totals.stalls += 1;
        self.trace.stall_started(&mut edge.to, at, cause);
    }

    fn stall_ended(&mut self, edge: &mut Edge<'_>, at: Instant, missing: u64) {
        let silence = self.output.map_or(Duration::ZERO, |(rate, _)| duration_of(missing, rate));
        self.totals.stalled += silence;
        self.trace.stall_ended(&mut edge.to, at, missing, silence.as_secs_f64());
    }

    pub(super) fn handle_report(&mut self, edge: &mut Edge<'_>, report: Report) {
        match report {
            Report::Audible { epoch, at, frames, method } if epoch == self.epoch => {
                self.advance(edge, at, frames);
                self.audible(edge, at, method);
            }
            // One that was under way when the listener held the track must not move it: the next one after it
            // says how far the output is.
            Report::Position { epoch, at, frames } if epoch == self.epoch && !self.paused() => {
                self.advance(edge, at, frames);
                self.expect_report(edge);
                if self.end_device_stall(edge, at) && self.state() == State::Rebuffering {
                    self.step(edge, Input::Event(Event::Audible));
                }
                // A page that nobody sees has timers that come late; reports do not.
                if self.loop_due().is_some_and(|due| due <= edge.now) {
                    self.repeat(edge);
                }
                if self.position.update_is_due(edge.now) {
                    self.emit(edge, "timeupdate");
                }
            }
            // It renders, whatever epoch the Worker has given it by now.
            Report::Waiting if !self.paused() => self.expect_report(edge),
            Report::MediaSilent { epoch } if epoch == self.epoch => self.suspect_media(edge),
            Report::GapStarted { epoch, at, frames } if epoch == self.epoch => {
                self.advance(edge, at, frames);
                self.position.report(at, frames, false);
                let ahead = self.buffered - self.current_time(edge.now);
                let cause = if ahead > 0.5 { StallCause::Decode } else { StallCause::Network };
                if let Some(failure) = self.failure_ahead.filter(|_| self.given_up.is_none()) {
                    self.fail(edge, failure);
                } else if self.recovery.is_exhausted() {
                    self.fail(edge, PlayFailure::Network);
                } else {
                    self.set_deadline(edge, SILENT_REQUEST);
                    self.expect_report(edge);
                    self.stall(edge, at, cause);
                    self.step(edge, Input::Event(Event::Underflow));
                    // The connection was lost while samples were left; now there are none.
                    if self.recovery.due().is_some() {
                        self.step(edge, Input::Event(Event::ConnectionLost));
                    }
                }
            }
            // The gap of an epoch before is over too, though nothing else of it counts any more.
            Report::GapEnded { epoch, at, missing, audible } => {
                self.stall_ended(edge, at, missing);
                if audible && epoch == self.epoch {
                    self.deadline = None;
                    self.expect_report(edge);
                    self.step(edge, Input::Event(Event::Audible));
                    self.settle_plays(edge, Ok(()));
                }
            }
            Report::Ended { epoch, at, frames } if epoch == self.epoch => {
                self.advance(edge, at, frames);
                self.position.report(at, frames, false);
                self.watchdog.rest();
                // A seek from here must not sound before it is played.
                self.tell_worklet(edge, WorkletCommand::Hold);
                self.ends.0 = epoch;
                self.end_if_over(edge);
            }
            _ => {}
        }
    }

    /// Ends the play once the output has come to its end and the media plane has said what that end is: the
    /// two come by ports of their own, and either may be first.
    pub(super) fn end_if_over(&mut self, edge: &mut Edge<'_>) {
        if self.ends.0 != self.epoch || (self.ends.1 != self.epoch && self.failure_ahead.is_none()) {
            return;
        }
        if let Some(failure) = self.failure_ahead {
            self.fail(edge, failure);
        } else if self.looping_here().is_some() {
            self.repeat(edge);
        } else {
            self.start_position = 0.0;
            self.end_play(edge, None);
            self.settle_plays(edge, Ok(()));
            self.step(edge, Input::Event(Event::Ended));
        }
    }

    /// What is played again and again of this track: behind its end there is nothing to play again.
    fn looping_here(&self) -> Option<(f64, f64)> {
        self.looping.filter(|(start, _)| *start < self.end().unwrap_or(f64::MAX))
    }

    /// When the loop's end is reached, where it is not the track's.
    pub(super) fn loop_due(&self) -> Option<Instant> {
        let (_, end) = self.looping_here().filter(|_| self.state() == State::Playing)?;
        self.position.reaches(end)
    }

    /// Back to where the loop begins: the same play, and no seek of the listener's.
    pub(super) fn repeat(&mut self, edge: &mut Edge<'_>) {
        if let Some((start, _)) = self.looping_here() {
            self.start_position = start;
            self.step(edge, Input::Command(Command::Seek));
        }
    }

    /// Counts what was heard since the last report: no other comes of this epoch.
    pub(super) fn count_heard(&mut self, edge: &mut Edge<'_>) {
        let frames = self.position.frames_at(edge.now);
        if frames > self.position.frames() {
            self.advance(edge, edge.now, frames);
        }
        self.position.report(edge.now, frames, false);
    }

    /// Notes how far the output is, and counts what was heard since.
    fn advance(&mut self, edge: &mut Edge<'_>, at: Instant, frames: u64) {
        let before = self.position.frames();
        self.position.report(at, frames, true);
        if let Some((rate, _)) = self.output {
            let played = duration_of(frames.saturating_sub(before), rate);
            self.totals.played += played;
            self.trace.heard(&mut edge.to, played.as_secs_f64());
        }
    }

    /// The watchdog waits for the next report; of a context that does not run there is none.
    pub(super) fn expect_report(&mut self, edge: &Edge<'_>) {
        if self.output.is_some_and(|(_, state)| state == ContextState::Running) {
            self.watchdog.feed(self.position.next_report(edge.now));
        } else {
            self.watchdog.rest();
        }
    }

    fn audible(&mut self, edge: &mut Edge<'_>, at: Instant, method: &'static str) {
        (self.heard, self.untold) = (true, true);
        self.first_failure = None;
        self.audible_epoch = self.epoch;
        (self.refusal, self.silent_change) = (None, None);
        self.end_device_stall(edge, at);
        self.deadline = None;
        self.expect_report(edge);
        let rate = self.output.map_or(0, |(rate, _)| rate);
        if let Some(start) = self.start.as_mut() {
            start.reach(Phase::Output, at);
            self.trace.started(&mut edge.to, start, method, rate);
        }
        self.trace.seek_ended(&mut edge.to, at);
        self.step(edge, Input::Event(Event::Audible));
        self.settle_plays(edge, Ok(()));
    }
}
