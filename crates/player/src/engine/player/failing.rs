//! How a play ends before the track does.

use super::{Player, StepContext};
use crate::engine::output::Output;
use crate::playback::{Command, Event, Input, PlayFailure, State};

impl Player {
    pub(super) fn stop(&mut self, cx: &mut StepContext<'_>, why: PlayFailure) {
        self.end_play(cx, Some(why));
        self.settle_plays(cx, Err(why));
        self.timeline.start_position = 0.0;
        self.step(cx, Input::Command(Command::Stop));
    }

    /// Ends the play's trace; what is open ends with it.
    pub(super) fn end_play(&mut self, cx: &mut StepContext<'_>, failure: Option<PlayFailure>) {
        self.count_played(cx);
        let state = self.state().as_str();
        self.attempt.end_trace(&mut cx.recorder, failure, state);
    }

    pub(super) fn fail(&mut self, cx: &mut StepContext<'_>, failure: PlayFailure) {
        // No promise waits for it: a play tries anew, and fails by name if it can't.
        if std::mem::take(&mut self.attempt.preloaded) {
            self.attempt.trace.end_load(&mut cx.recorder, Some(failure));
            self.close(cx);
            return;
        }
        if let Some(fallback) = self.fallback_for(failure) {
            self.fall_back(cx, failure, fallback);
            return;
        }
        let failure = self.conclude_fallback(failure);
        self.set_failure(cx, Some(failure));
        self.attempt.deferred_failure = None;
        // The listener stays where the last sample was audible, and a retry begins there.
        self.timeline.start_position = self.current_time(cx.now);
        self.attempt.trace.fail_after_start(&mut cx.recorder, failure, &self.attempt.totals);
        self.end_play(cx, Some(failure));
        self.settle_plays(cx, Err(failure));
        self.step(cx, Input::Event(Event::Failed));
    }

    pub(super) fn set_failure(&mut self, cx: &mut StepContext<'_>, failure: Option<PlayFailure>) {
        self.attempt.failure = failure;
        cx.outputs.push_back(Output::Failure { player: self.id, failure });
    }

    /// Fails a play that is under way.
    pub(super) fn fail_if_wanted(&mut self, cx: &mut StepContext<'_>, failure: PlayFailure) {
        if matches!(
            self.state(),
            State::Starting | State::Recovering | State::Playing | State::Rebuffering | State::Seeking
        ) {
            self.fail(cx, failure);
        }
    }
}
