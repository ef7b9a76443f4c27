//! How a play ends before the track does.

use super::{Edge, Player};
use crate::engine::output::Output;
use crate::playback::{Command, Event, Input, PlayFailure, State};

impl Player {
    pub(super) fn stop(&mut self, edge: &mut Edge<'_>, why: PlayFailure) {
        self.end_play(edge, Some(why));
        self.settle_plays(edge, Err(why));
        self.start_position = 0.0;
        self.step(edge, Input::Command(Command::Stop));
    }

    /// Ends the play's trace; what is open ends with it.
    pub(super) fn end_play(&mut self, edge: &mut Edge<'_>, failure: Option<PlayFailure>) {
        self.count_heard(edge);
        let state = self.state().as_str();
        // Its totals are told once, and only of a play that was heard.
        let totals = std::mem::take(&mut self.untold).then_some(&self.totals);
        self.trace.finish(&mut edge.to, failure, state, totals);
        self.previous = self.trace.context().or(self.previous);
    }

    pub(super) fn fail(&mut self, edge: &mut Edge<'_>, failure: PlayFailure) {
        // No promise waits for it: a play tries anew, and fails by name if it can't.
        if std::mem::take(&mut self.prepared) {
            self.trace.end_load(&mut edge.to, Some(failure));
            self.close(edge);
            return;
        }
        if let Some(fallback) = self.fallback_for(failure) {
            self.fall_back(edge, failure, fallback);
            return;
        }
        let failure = self.conclude_fallback(failure);
        self.set_failure(edge, Some(failure));
        self.failure_ahead = None;
        // The listener stays where the sound ended, and a retry begins there.
        self.start_position = self.current_time(edge.now);
        let totals = self.totals;
        self.trace.failed_later(&mut edge.to, failure, &totals);
        self.end_play(edge, Some(failure));
        self.settle_plays(edge, Err(failure));
        self.step(edge, Input::Event(Event::Failed));
    }

    pub(super) fn set_failure(&mut self, edge: &mut Edge<'_>, failure: Option<PlayFailure>) {
        self.failure = failure;
        edge.outputs.push_back(Output::Failure { player: self.id, failure });
    }

    pub(super) fn fail_if_wanted(&mut self, edge: &mut Edge<'_>, failure: PlayFailure) {
        if matches!(
            self.state(),
            State::Starting | State::Recovering | State::Playing | State::Rebuffering | State::Seeking
        ) {
            self.fail(edge, failure);
        }
    }
}
