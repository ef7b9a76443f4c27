//! The audio output: that it is there and runs, that it is silent by itself, what it has played.

use super::output_link::AudioContext;
use super::{Player, StepContext};
use crate::engine::input::ContextState;
use crate::engine::timers::Timer;
use crate::playback::{Event, Input, PlayFailure, State};
use crate::qoe::StallCause;
use tonearm_base::time::{Duration, Instant};

/// Time that a context may take to run where the page had user activation at the play.
const ACTIVATED_WAIT: Duration = Duration::from_secs(1);
/// The same where it had none: the browser will hardly let it run.
const UNACTIVATED_WAIT: Duration = Duration::from_millis(100);

impl Player {
    pub(super) fn output_ready(&mut self, cx: &mut StepContext<'_>, sample_rate: u32, state: ContextState) {
        self.output.audio_context = Some(AudioContext { sample_rate, state });
        self.output.lost = false;
        self.arm_autoplay(cx);
        if let Some(url) = self.media.waiting_url.take() {
            self.open(cx, url);
        }
    }

    /// Arms the autoplay timer: if the `AudioContext` does not run in time, the play fails with
    /// `NotAllowedError`.
    pub(super) fn arm_autoplay(&mut self, cx: &StepContext<'_>) {
        let Some(audio_context) = self.output.audio_context else { return };
        let wanted =
            matches!(self.state(), State::Starting | State::Recovering | State::Seeking) && !self.paused();
        if !wanted || audio_context.state == ContextState::Running {
            self.timers.clear(Timer::Autoplay);
        } else if !self.timers.is_set(Timer::Autoplay) {
            let activated = self.attempt.request.is_some_and(|request| request.activation);
            let wait = if activated { ACTIVATED_WAIT } else { UNACTIVATED_WAIT };
            self.timers.set(Timer::Autoplay, cx.now + wait);
        }
    }

    pub(super) fn context_changed(&mut self, cx: &mut StepContext<'_>, state: ContextState) {
        if state == ContextState::Closed {
            self.output.lost = true;
            self.fail_if_wanted(cx, PlayFailure::OutputLost);
            return;
        }
        if !self.output.change_state(state) {
            return;
        }
        if state == ContextState::Running {
            self.timers.clear(Timer::Autoplay);
            if !self.paused() {
                self.expect_report(cx);
            }
            self.step(cx, Input::Event(Event::ContextRunning));
        } else {
            self.timers.clear(Timer::Report);
            self.device_stall(cx, Event::ContextLeft);
            self.arm_autoplay(cx);
        }
    }

    /// The output stopped by itself, with samples in the ring.
    pub(super) fn device_stall(&mut self, cx: &mut StepContext<'_>, event: Event) {
        self.timeline.position.hold(cx.now);
        let playing = self.state() == State::Playing;
        if playing {
            self.output.start_silence(cx.now);
        }
        self.step(cx, Input::Event(event));
        if playing {
            self.stall(cx, cx.now, StallCause::Device);
        }
    }

    /// The output goes on, or is not wanted any more. Returns whether it had been silent by itself.
    pub(super) fn end_device_stall(&mut self, cx: &mut StepContext<'_>, at: Instant) -> bool {
        let Some(missing) = self.output.end_silence(at) else { return false };
        self.end_stall(cx, at, missing);
        true
    }

    pub(super) fn stall(&mut self, cx: &mut StepContext<'_>, at: Instant, cause: StallCause) {
        self.attempt.totals.stalls += 1;
        self.attempt.trace.stall_started(&mut cx.recorder, at, cause);
    }

    /// Ends a stall of `missing` frames.
    pub(super) fn end_stall(&mut self, cx: &mut StepContext<'_>, at: Instant, missing: u64) {
        let silence = self.output.duration_of(missing).unwrap_or_default();
        self.attempt.totals.stalled += silence;
        self.attempt.trace.stall_ended(&mut cx.recorder, at, missing, silence.as_secs_f64());
    }

    /// Counts what was played since the last report: no other arrives of this epoch.
    pub(super) fn count_played(&mut self, cx: &mut StepContext<'_>) {
        let frames = self.timeline.position.frames_at(cx.now);
        if frames > self.timeline.position.frames() {
            self.advance(cx, cx.now, frames);
        }
        self.timeline.position.report(cx.now, frames, false);
    }

    /// Takes how far the output is, and counts what was played since.
    pub(super) fn advance(&mut self, cx: &mut StepContext<'_>, at: Instant, frames: u64) {
        let before = self.timeline.position.frames();
        self.timeline.position.report(at, frames, true);
        if let Some(played) = self.output.duration_of(frames.saturating_sub(before)) {
            self.attempt.totals.played += played;
            self.attempt.trace.played(&mut cx.recorder, played.as_secs_f64());
        }
    }

    /// The watchdog waits for the next report.
    pub(super) fn expect_report(&mut self, cx: &StepContext<'_>) {
        self.output.expect_report(&mut self.timers, self.timeline.position.next_report(cx.now));
    }
}
